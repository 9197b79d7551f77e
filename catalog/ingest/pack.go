package ingest

import (
	"encoding/json"

	"callboard/catalog"
)

// packed is how many files have to be read at once to be packed. Fewer would leave the slabs half empty.
const packed = 256

// packer copies files that were just read into slabs. Reading makes and throws away much around what it
// keeps; without the copy, a large catalog would hold a quarter more memory than it needs, as gaps. What
// documents share by Shapes stays shared. A packer belongs to one goroutine.
type packer struct {
	slabs  catalog.Slabs
	shapes *Shapes
	seen   map[string]string // the texts of the present file: a name or a path stands in many places
}

func newPacker(shapes *Shapes) *packer { return &packer{shapes: shapes, seen: map[string]string{}} }

func (p *packer) file(f *catalog.File) *catalog.File {
	clear(p.seen)
	p.seen[f.Path] = f.Path // the scan keeps it too
	out := p.slabs.Files.One()
	*out = *f
	out.Blob = p.text(f.Blob)
	out.Inputs = copied(f.Inputs, &p.slabs.Inputs)
	for i := range out.Inputs {
		in := &out.Inputs[i]
		in.Path, in.Blob = p.text(in.Path), p.text(in.Blob)
	}
	out.Documents = copied(f.Documents, &p.slabs.Documents)
	for i := range out.Documents {
		p.document(&out.Documents[i])
	}
	return out
}

func (p *packer) document(d *catalog.Document) {
	d.Origin.Path, d.Ref.Name = p.text(d.Origin.Path), p.text(d.Ref.Name)
	d.Positions = p.positions(d.Positions)
	d.Problems = copied(d.Problems, &p.slabs.Problems)
	for i := range d.Problems {
		problem := &d.Problems[i]
		problem.Origin.Path, problem.Ref.Name = p.text(problem.Origin.Path), p.text(problem.Ref.Name)
		problem.Text, problem.Value, problem.Fix = p.text(problem.Text), p.text(problem.Value), p.text(problem.Fix)
	}
	if d.Entity == nil || d.Stale {
		return // a stale one was packed when it was read
	}
	e := p.slabs.Entities.One()
	*e = *d.Entity
	d.Entity = e
	e.Ref.Name, e.Origin.Path = p.text(e.Ref.Name), p.text(e.Origin.Path)
	e.Positions = p.positions(e.Positions)
	e.Spec = p.json(e.Spec)
	e.Declares = copied(e.Declares, &p.slabs.Relations)
	p.metadata(&e.Metadata)
}

func (p *packer) metadata(m *catalog.Metadata) {
	m.Name, m.Title, m.Description = p.text(m.Name), p.text(m.Title), p.text(m.Description)
	m.Labels, m.Annotations = p.pairs(m.Labels), p.pairs(m.Annotations)
	m.Tags = copied(m.Tags, &p.slabs.Tags)
	m.Links = copied(m.Links, &p.slabs.Links)
	for i := range m.Links {
		m.Links[i].URL, m.Links[i].Title = p.text(m.Links[i].URL), p.text(m.Links[i].Title)
	}
	m.Extra = p.json(m.Extra)
}

func (p *packer) pairs(pairs catalog.Pairs) catalog.Pairs {
	pairs = copied(pairs, &p.slabs.Pairs)
	for i := range pairs {
		pairs[i].Value = p.text(pairs[i].Value)
	}
	return pairs
}

func (p *packer) positions(positions catalog.Positions) catalog.Positions {
	pointers, places := positions.Split()
	return catalog.JoinPositions(pointers, p.shapes.share([]byte(places)))
}

func (p *packer) text(text string) string {
	kept, known := p.seen[text]
	if !known {
		kept = p.slabs.Texts.Keep([]byte(text))
		p.seen[kept] = kept
	}
	return kept
}

func (p *packer) json(data json.RawMessage) json.RawMessage { return copied(data, &p.slabs.JSON) }

// copied keeps nil and empty lists apart.
func copied[L ~[]T, T any](list L, slab *catalog.Slab[T]) L {
	if list == nil {
		return nil
	}
	out := slab.Take(len(list))
	copy(out, list)
	return out
}
