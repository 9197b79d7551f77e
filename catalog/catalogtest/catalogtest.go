// Package catalogtest makes catalogs of any size for tests and benchmarks: a believable company with
// domains, systems, components, APIs, resources, groups and users. The same Options give the same bytes on every machine.
//
// It stands beside catalog and knows nothing of how descriptors are read: Files gives what a
// repository would hold, Documents gives what reading those files ought to give.
package catalogtest

import (
	"iter"

	"callboard/catalog"
)

// Options say which catalog to make.
type Options struct {
	Entities int    // how many, at least MinEntities
	Seed     uint64 // another seed gives other names and other relations
	Docs     bool   // add two Markdown documents beside each component
}

// MinEntities is the size of the smallest catalog, which has each kind; asking for fewer gives these.
const MinEntities = 10

// Files yields the path and content of each file: one descriptor for each entity, always called
// catalog-info.yaml, about 1.5 KB on average. Of 100 entities about 60 are components, 15 APIs, 10 resources, 6
// users, 5 systems, 3 groups and 1 is a domain. One component in 50 depends on something that does not exist. The files
// come in no special order, the docs right after their component.
func Files(o Options) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		w := newWorld(o)
		for d := range w.descriptors() {
			if !yield(d.path, d.yaml()) {
				return
			}
			if !o.Docs || d.kind != kindComponent {
				continue
			}
			for _, doc := range w.docs(d) {
				if !yield(doc.path, doc.text) {
					return
				}
			}
		}
	}
}

// Source is the name of the source that the origins of Documents name.
const Source = "acme"

// Documents returns the entities of Files as they are after reading, one document each, all
// without problems. Their positions are empty.
func Documents(o Options) []*catalog.Document {
	w := newWorld(o)
	docs := make([]*catalog.Document, 0, w.total())
	for d := range w.descriptors() {
		docs = append(docs, d.document())
	}
	return docs
}
