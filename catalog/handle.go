package catalog

import (
	"cmp"
	"encoding/json"
	"hash/maphash"
	"path"
	"slices"
	"strings"
)

// A handle is a text, other than its name, by which an entity can be found: an alias, a URL, the
// value of an annotation. handleIndex keeps only the hashes of handles, because there are many
// and what they say stands in the entities already.
type handleIndex struct {
	seed    maphash.Seed
	sorted  []handle          // so by hash, then id
	sources map[string]string // repository of each source, as repositoryOf gives it
}

// handle is the beginning of a hash of what is found and by which rule, then the id in idBits.
type handle uint64

const (
	idBits = 26 // more entities than fit into any memory
	idMask = 1<<idBits - 1
)

func (h handle) id() id { return id(h & idMask) }

// with gives the same handle of another entity.
func (h handle) with(i id) handle { return h&^idMask | handle(i) }

// handle gives that of the entity with id 0.
func (x *handleIndex) handle(key string, how How) handle {
	const spread = 0x9e3779b97f4a7c15 // brings the rule into the first bits
	return handle(maphash.String(x.seed, key)^uint64(how)*spread) &^ idMask
}

// handleFunc is told one handle of an entity: the text in lower case, by which rule it counts, and
// where it stands, for people.
type handleFunc func(key string, how How, via string)

// usualHandles is about how many handles an entity has.
const usualHandles = 16

func buildHandles(documents []*Document, sources []SourceStatus) handleIndex {
	x := handleIndex{seed: maphash.MakeSeed(), sources: make(map[string]string, len(sources))}
	for _, source := range sources {
		x.sources[source.Name] = repositoryOf(source.URL)
	}
	x.sorted = make([]handle, 0, usualHandles*len(documents))
	for i, d := range documents {
		x.sorted = x.appendHandles(x.sorted, d, toID(i))
	}
	x.sorted = slices.Clone(slices.Compact(sortHandles(x.sorted))) // without the room to spare
	return x
}

func (x *handleIndex) appendHandles(list []handle, d *Document, i id) []handle {
	x.each(d, func(key string, how How, _ string) {
		list = append(list, x.handle(key, how).with(i))
	})
	return list
}

// derive moves the handles over to the documents of a change.
func (x *handleIndex) derive(m *move) handleIndex {
	next := handleIndex{seed: x.seed, sources: x.sources}
	kept := make([]handle, 0, len(x.sorted))
	for _, h := range x.sorted {
		if now, unchanged := m.kept(h.id()); unchanged {
			kept = append(kept, h.with(now))
		}
	}
	var fresh []handle
	for _, i := range m.fresh {
		fresh = x.appendHandles(fresh, m.documents[i], i)
	}
	slices.Sort(fresh)
	next.sorted = weave(kept, slices.Compact(fresh), cmp.Compare)
	return next
}

// sortHandles gives a sorted copy. Hashes spread evenly, so they are dealt out to many small heaps by their
// first bits.
func sortHandles(handles []handle) []handle {
	const shift = 64 - 16
	first := make([]int, 1<<16+1) // of each heap
	for _, h := range handles {
		first[h>>shift+1]++
	}
	for i := range 1 << 16 {
		first[i+1] += first[i]
	}
	sorted, next := make([]handle, len(handles)), slices.Clone(first)
	for _, h := range handles {
		heap := h >> shift
		sorted[next[heap]] = h
		next[heap]++
	}
	for i := range 1 << 16 {
		slices.Sort(sorted[first[i]:first[i+1]])
	}
	return sorted
}

// find gives the entities that key leads to by the rule how, in the order of their refs. As only parts of
// hashes are compared, a wrong one is among them now and then.
func (x *handleIndex) find(key string, how How) []id {
	wanted := x.handle(key, how)
	from, _ := slices.BinarySearch(x.sorted, wanted)
	var found []id
	for _, h := range x.sorted[from:] {
		if h.with(0) != wanted {
			break
		}
		found = append(found, h.id())
	}
	return found
}

// handled gives the entities that key leads to by the rule how, in the order of their refs. Where they are more than
// maxCommon, a wrong one may be among them.
func (s *Snapshot) handled(key string, how How) []id {
	found := s.handles.find(key, how)
	if len(found) > maxCommon {
		return found
	}
	return slices.DeleteFunc(found, func(i id) bool {
		_, has := s.handles.via(s.documents[i], key, how)
		return !has
	})
}

// checkout gives the innermost local source that holds the file of an absolute path, or "".
func (x *handleIndex) checkout(file string) string {
	longest := ""
	for _, repository := range x.sources {
		if strings.HasPrefix(repository, "/") && strings.HasPrefix(file, repository+"/") && len(repository) > len(longest) {
			longest = repository
		}
	}
	return longest
}

// via says where an entity has the handle; false when it does not have it.
func (x *handleIndex) via(d *Document, key string, how How) (string, bool) {
	var where string
	var found bool
	tell := func(k string, h How, via string) {
		if k == key && h == how && !found {
			where, found = via, true
		}
	}
	if how == ByAlias || how == ByTitle {
		eachName(d.Entity, tell) // suggestions ask for many of these
	} else {
		x.each(d, tell)
	}
	return where, found
}

// each tells the handles of an entity, some of them more than once.
func (x *handleIndex) each(d *Document, tell handleFunc) {
	eachName(d.Entity, tell)
	m := &d.Entity.Metadata
	for _, a := range m.Annotations {
		if a.Key == "backstage.io/source-location" {
			eachSourceLocation(a.Value, tell)
			continue
		}
		eachAnnotation(a.Key, a.Value, tell)
	}
	for _, l := range m.Labels {
		if namesApplication(l.Key) && telling(l.Value) {
			tell(strings.ToLower(l.Value), ByAnnotation, l.Key)
		}
	}
	for _, l := range m.Links {
		eachLink(l, tell)
	}
	x.eachDescriptor(d.Origin, tell)
}

// eachName tells what else the entity is called: title, aliases, a person's or group's own name.
func eachName(e *Entity, tell handleFunc) {
	if title := e.Metadata.Title; title != "" {
		tell(strings.ToLower(title), ByTitle, title)
	}
	if aliases := e.Metadata.Annotations.Get("callboard/aliases"); aliases != "" {
		for _, alias := range strings.SplitN(aliases, ",", maxListed) {
			if alias = strings.TrimSpace(alias); alias != "" {
				tell(strings.ToLower(alias), ByAlias, alias)
			}
		}
	}
	if e.Ref.Kind != "user" && e.Ref.Kind != "group" {
		return
	}
	var spec struct {
		Profile struct{ DisplayName, Email string }
	}
	if json.Unmarshal(e.Spec, &spec) != nil {
		return // a profile of another shape names nobody
	}
	if name := spec.Profile.DisplayName; name != "" {
		tell(strings.ToLower(name), ByTitle, name)
	}
	if mail := spec.Profile.Email; mail != "" {
		tell(strings.ToLower(mail), ByPerson, mail)
	}
}

// eachDescriptor tells the descriptor's own file and its directory, also where the entity says that
// its code is elsewhere: somebody who holds a path of the catalog's repository means what it describes.
func (x *handleIndex) eachDescriptor(o Origin, tell handleFunc) {
	repository, file := x.sources[o.Source], strings.ToLower(o.Path)
	eachPath(repository, file, tell)
	dir := path.Dir(file)
	if dir == "." {
		dir = ""
	}
	eachPath(repository, dir, tell)
}

// eachPath tells a file or directory, with its repository in front and without.
func eachPath(repository, file string, tell handleFunc) {
	if repository != "" {
		tell(repository+"//"+file, ByPath, file)
	}
	if file != "" {
		tell("//"+file, ByPath, file)
	}
}

func eachSourceLocation(value string, tell handleFunc) {
	place, ok := parsePlace(strings.TrimPrefix(value, "url:"))
	if ok {
		repository, file := place.repository()
		eachPath(repository, strings.Trim(file, "/"), tell)
	}
}

// eachLink tells a link's URL and host, and the channel that it leads to.
func eachLink(l Link, tell handleFunc) {
	place, ok := parsePlace(l.URL)
	if !ok {
		return
	}
	eachURL(place, l.Title, tell)
	if channel := place.channel(); channel != "" {
		tell("#"+channel, ByChannel, l.Title)
	}
	title := strings.ToLower(strings.TrimPrefix(l.Title, "#"))
	if title != "" && !strings.Contains(title, " ") && (strings.HasPrefix(l.Title, "#") || l.Type == "chat" || l.Icon == "chat") {
		tell("#"+title, ByChannel, l.URL)
	}
}

func eachURL(p place, via string, tell handleFunc) {
	tell(p.host+p.path, ByURL, via)
	if p.query != "" {
		tell(p.String(), ByURL, via)
	}
	tell(p.host, ByHost, via)
}
