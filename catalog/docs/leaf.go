package docs

import (
	"path"
	"strings"
	shared "unique" // not the unique of split.go

	"callboard/catalog"
)

// leaf is what the library keeps of a shelf in the index: its stamp, and what cards say. In a large catalog ten thousands of entities have the same
// link and lack the same page, each by its own name. So a leaf holds forms, in which marks stand for the folder and the
// name; the leaves of all shelves share them.
type leaf struct {
	stamp    Stamp
	folder   string // that folderMark stands for; "" for none
	plain    bool   // no marks: a text holds what looks like one
	book     shared.Handle[book]
	links    []shared.Handle[Link]
	problems []shared.Handle[catalog.Problem]
}

// book is a Summary without its links.
type book struct {
	page        PageKey
	first       string
	more, pages int
}

const (
	folderMark = "\x01"
	nameMark   = "\x02"
)

// newLeaf keeps what the index says of the shelf of an entity, but for what is guarded.
func newLeaf(ref catalog.Ref, kept *Kept) *leaf {
	r := kept.Runbook
	l := &leaf{stamp: kept.Stamp, folder: path.Dir(r.Page.Path)}
	if len(kept.Problems) > 0 {
		l.folder = path.Dir(kept.Problems[0].Origin.Path)
	}
	if l.folder == "." {
		l.folder = ""
	}
	l.folder = strings.Clone(l.folder)
	shorten := func(text string) string {
		l.plain = l.plain || strings.ContainsAny(text, folderMark+nameMark)
		if l.folder != "" {
			text = strings.ReplaceAll(text, l.folder, folderMark)
		}
		if ref.Name != "" {
			text = strings.ReplaceAll(text, ref.Name, nameMark)
		}
		return text
	}
	l.fill(kept, shorten)
	if l.plain {
		l.fill(kept, func(text string) string { return text })
	}
	return l
}

func (l *leaf) fill(kept *Kept, shorten func(string) string) {
	r := kept.Runbook
	l.book = shared.Make(book{r.Page, r.First, r.More, r.Pages}.with(shorten))
	l.links, l.problems = nil, nil
	if len(r.Links) > 0 {
		l.links = make([]shared.Handle[Link], len(r.Links))
	}
	for i, link := range r.Links {
		l.links[i] = shared.Make(link.with(shorten))
	}
	if len(kept.Problems) > 0 {
		l.problems = make([]shared.Handle[catalog.Problem], len(kept.Problems))
	}
	for i, p := range kept.Problems {
		l.problems[i] = shared.Make(problemWith(p, shorten))
	}
}

// lengthen is the reverse of what newLeaf does to texts.
func (l *leaf) lengthen(ref catalog.Ref) func(string) string {
	if l.plain {
		return func(text string) string { return text }
	}
	return func(text string) string {
		text = strings.ReplaceAll(text, folderMark, l.folder)
		return strings.ReplaceAll(text, nameMark, ref.Name)
	}
}

func (l *leaf) summary(ref catalog.Ref) Summary {
	lengthen := l.lengthen(ref)
	b := l.book.Value().with(lengthen)
	s := Summary{Page: b.page, First: b.first, More: b.more, Pages: b.pages}
	for _, link := range l.links {
		s.Links = append(s.Links, link.Value().with(lengthen))
	}
	return s
}

func (l *leaf) appendProblems(list []catalog.Problem, ref catalog.Ref) []catalog.Problem {
	lengthen := l.lengthen(ref)
	for _, p := range l.problems {
		list = append(list, problemWith(p.Value(), lengthen))
	}
	return list
}

func (b book) with(change func(string) string) book {
	b.page.Path, b.first = change(b.page.Path), change(b.first)
	return b
}

func (l Link) with(change func(string) string) Link {
	l.Title, l.URL, l.Pointer = change(l.Title), change(l.URL), change(l.Pointer)
	return l
}

func problemWith(p catalog.Problem, change func(string) string) catalog.Problem {
	p.Origin.Path, p.Ref.Name = change(p.Origin.Path), change(p.Ref.Name)
	p.Pointer, p.Text, p.Value, p.Fix = change(p.Pointer), change(p.Text), change(p.Value), change(p.Fix)
	return p
}
