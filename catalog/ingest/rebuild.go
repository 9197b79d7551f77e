package ingest

import (
	"iter"
	"slices"

	"callboard/catalog"
)

// A change that concerns more than one file in rebuiltShare is decided by a whole build.
const rebuiltShare = 8

// rebuild decides anew what a sync changed, as far as it reaches: files that define the same ref are
// rivals, and a set of files that holds all rivals of each of its members can be built on its own. It reports
// false where the change reaches further, and a whole build must decide.
func (s *Syncer) rebuild(drafts map[*state]*draft) (built, bool) {
	r := rebuilder{syncer: s, drafts: drafts, view: s.everything(), scope: map[catalog.FileKey]bool{}, refs: map[catalog.Ref]bool{}}
	if !s.settled || !r.gather() {
		return built{}, false
	}
	out := build(r.placings())
	out.scope = r.scope
	for ref := range r.refs {
		out.refs = append(out.refs, ref)
	}
	return out, true
}

// rebuilder gathers the files to build.
type rebuilder struct {
	syncer *Syncer
	drafts map[*state]*draft
	view   catalog.View // of the catalog before

	scope map[catalog.FileKey]bool
	refs  map[catalog.Ref]bool // that these files define or defined
	queue []catalog.FileKey    // of scope, to be looked at
}

// gather follows rivals from the changed files. It reports false when there is too much, and where files that
// are no rivals decide: when a template changes, which has skeletons; when a Location names files of another
// source; and for people that are named by a Location.
func (r *rebuilder) gather() bool {
	most := 0
	for _, st := range r.syncer.states {
		most += len(st.files)
		if len(st.names) > 0 {
			return false
		}
		if d := r.drafts[st]; d != nil {
			if len(d.names) > 0 {
				return false
			}
			for name := range d.changed {
				r.add(catalog.FileKey{Source: st.config.Name, Path: name})
			}
		}
	}
	most /= rebuiltShare
	for len(r.queue) > 0 {
		if len(r.scope) > most {
			return false
		}
		key := r.queue[0]
		r.queue = r.queue[1:]
		before, now := r.file(key)
		for _, file := range []*catalog.File{before, now} {
			if file == nil {
				continue
			}
			if before != now && hasKind(file, "template") || file.Parent != "" && definesTrusted(file) {
				return false
			}
			r.follow(file)
		}
	}
	return true
}

// follow takes in the rivals of a file.
func (r *rebuilder) follow(file *catalog.File) {
	for i := range file.Documents {
		entity := file.Documents[i].Entity
		if entity == nil || r.refs[entity.Ref] {
			continue
		}
		r.refs[entity.Ref] = true
		if holder := r.view.Document(entity.Ref); holder != nil {
			r.add(catalog.FileKey{Source: holder.Origin.Source, Path: holder.Origin.Path})
		}
		for _, loss := range r.view.Losers(entity.Ref) {
			r.add(catalog.FileKey{Source: loss.Origin.Source, Path: loss.Origin.Path})
		}
	}
}

func (r *rebuilder) add(key catalog.FileKey) {
	if !r.scope[key] {
		r.scope[key] = true
		r.queue = append(r.queue, key)
	}
}

// file gives a file as it was and as it is; nil where there is none.
func (r *rebuilder) file(key catalog.FileKey) (before, now *catalog.File) {
	for _, st := range r.syncer.states {
		if st.config.Name != key.Source {
			continue
		}
		before = st.files[key.Path]
		if d := r.drafts[st]; d != nil {
			if changed, differs := d.changed[key.Path]; differs {
				return before, changed
			}
		}
	}
	return before, before
}

// placings lines up the gathered files as Syncer.placings does all.
func (r *rebuilder) placings() []placing {
	out := make([]placing, len(r.syncer.states))
	for i, st := range r.syncer.states {
		out[i] = placing{config: st.config, skeletons: st.skeletons}
		for key := range r.scope {
			if key.Source != st.config.Name {
				continue
			}
			if _, file := r.file(key); file != nil {
				out[i].files = append(out[i].files, file)
			}
		}
		sortFiles(out[i].files)
	}
	return out
}

func hasKind(file *catalog.File, kind string) bool {
	if file == nil {
		return false
	}
	for i := range file.Documents {
		if entity := file.Documents[i].Entity; entity != nil && entity.Ref.Kind == kind {
			return true
		}
	}
	return false
}

// definesTrusted reports whether a file has an entity that only trusted sources may define.
func definesTrusted(file *catalog.File) bool {
	return slices.ContainsFunc(file.Documents, func(d catalog.Document) bool { return d.Entity != nil && needsTrust(d.Entity.Ref.Kind) })
}

func (s *Syncer) everything() catalog.View { return s.Snapshot().As(catalog.Everything{}) }

// decidedAnew gives the documents that the present catalog shows, as far as a build may have decided otherwise.
func (s *Syncer) decidedAnew(b *built) iter.Seq[*catalog.Document] {
	if b.whole() {
		return s.everything().Documents()
	}
	return func(yield func(*catalog.Document) bool) {
		for _, ref := range b.refs {
			if doc := s.everything().Document(ref); doc != nil && !yield(doc) {
				return
			}
		}
	}
}
