package catalog

import (
	"slices"
	"strings"
)

// textIndex is what Find searches: one line for each entity, in the order of ids. A line has fields
// divided by tabs, the most telling first, so where a word stands says how well it fits. One
// string for all makes the search for a word a single pass over memory.
type textIndex struct {
	text  string
	first []int // where the line of each id starts, and the end of text
}

// The fields of a line.
const (
	fieldName = iota
	fieldCalled
	fieldTags
	fieldKind
	fieldDescription
	fieldOwner // only words, and only for those who see the owner
)

// maxDescription bounds, in bytes, how much of a description is searched.
const maxDescription = 2000

// usualLine is about how long a line is, in bytes.
const usualLine = 256

func buildTexts(documents []*Document) textIndex {
	var b strings.Builder
	x := textIndex{first: make([]int, 0, len(documents)+1)}
	b.Grow(usualLine * len(documents))
	for _, d := range documents {
		x.first = append(x.first, b.Len())
		writeLine(&b, d.Entity)
	}
	x.first = append(x.first, b.Len())
	x.text = strings.Clone(b.String()) // without the room to spare
	return x
}

func writeLine(b *strings.Builder, e *Entity) {
	b.WriteString(e.Ref.Name)
	b.WriteByte('\t')
	eachName(e, func(key string, _ How, _ string) { writeField(b, key) })
	b.WriteByte('\t')
	for _, tag := range e.Metadata.Tags {
		writeField(b, tag)
	}
	b.WriteByte('\t')
	for _, word := range []string{e.Ref.Kind, e.Type, e.Lifecycle, e.Ref.Namespace} {
		writeField(b, word)
	}
	b.WriteByte('\t')
	description := e.Metadata.Description
	writeField(b, description[:min(len(description), maxDescription)])
	b.WriteByte('\t')
	for _, r := range e.Declares {
		if r.Type == OwnedBy {
			writeField(b, r.Target.Name)
		}
	}
	b.WriteByte('\n')
}

// derive moves the lines over to the documents of a change.
func (x *textIndex) derive(m *move) textIndex {
	var b strings.Builder
	next := textIndex{first: make([]int, 0, len(m.documents)+1)}
	b.Grow(len(x.text) + usualLine*len(m.fresh))
	fresh := m.fresh
	put := func(upTo int) { // fresh lines before the line of an id
		for ; len(fresh) > 0 && int(fresh[0]) < upTo; fresh = fresh[1:] {
			next.first = append(next.first, b.Len())
			writeLine(&b, m.documents[fresh[0]].Entity)
		}
	}
	for i := range m.to {
		if now, unchanged := m.kept(toID(i)); unchanged {
			put(int(now))
			next.first = append(next.first, b.Len())
			b.WriteString(x.line(toID(i)))
		}
	}
	put(len(m.documents))
	next.first = append(next.first, b.Len())
	next.text = b.String()
	return next
}

// writeField writes text in lower case, and a space.
func writeField(b *strings.Builder, text string) {
	text = strings.ToLower(text)
	if strings.ContainsAny(text, "\t\n") {
		text = strings.NewReplacer("\t", " ", "\n", " ").Replace(text)
	}
	b.WriteString(text)
	b.WriteByte(' ')
}

func (x *textIndex) line(i id) string { return x.text[x.first[i]:x.first[i+1]] }

// at gives the id in whose line the offset is.
func (x *textIndex) at(offset int) id {
	i, found := slices.BinarySearch(x.first, offset)
	if !found {
		i--
	}
	return toID(i)
}

// holding gives the entities whose line holds word, in order.
func (x *textIndex) holding(word string, yield func(id) bool) {
	for from := 0; from < len(x.text); {
		offset := strings.Index(x.text[from:], word)
		if offset < 0 {
			return
		}
		i := x.at(from + offset)
		if !yield(i) {
			return
		}
		from = x.first[i+1]
	}
}

// fits is the number of grades that fit gives.
const fits = fieldOwner + 3

// fit grades how well word fits a line, 0 best: the name itself, a name that starts so, a name
// that holds it, then the other fields in their order.
func fit(line, word string) (grade int, found bool) {
	offset := strings.Index(line, word)
	if offset < 0 {
		return 0, false
	}
	if field := strings.Count(line[:offset], "\t"); field > fieldName {
		return field + 2, true
	}
	switch {
	case offset > 0:
		return 2, true
	case line[len(word)] != '\t':
		return 1, true
	}
	return 0, true
}
