package ingest

import (
	"strconv"
	"strings"
	"sync"

	"callboard/catalog"
)

// Bounds on what is kept of the places of one document. Fields beyond them are found at the place
// of the nearest field around them.
const (
	maxPointer  = 1 << 10
	maxPointers = 1 << 20
)

// Shapes lets documents share what many of them have in common: the string of pointers of documents
// of the same shape, the keys of annotations, tags, references. For a large catalog that saves a
// third of the memory. One Shapes serves any number of Readers; a nil one shares nothing.
type Shapes struct {
	mu    sync.Mutex
	known map[string]string
	texts catalog.Texts
}

// share gives the string with these bytes that was given before, or a new one.
func (s *Shapes) share(b []byte) string {
	if s == nil {
		return string(b)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, found := s.known[string(b)]; found {
		return known
	}
	return s.learn(b)
}

// word is share for a text that is part of a larger one.
func (s *Shapes) word(text string) string {
	if s == nil || len(text) > maxName {
		return strings.Clone(text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, found := s.known[text]; found {
		return known
	}
	return s.learn([]byte(text))
}

func (s *Shapes) learn(b []byte) string {
	const most = 1 << 17
	if s.known == nil || len(s.known) >= most {
		s.known = map[string]string{}
	}
	text := s.texts.Keep(b)
	s.known[text] = text
	return text
}

// positions lists the places of all fields of a document, parents before children.
func positions(root *value, shapes *Shapes) catalog.Positions {
	p := placer{pointers: make([]byte, 0, 2048), path: make([]byte, 0, 128), places: make([]byte, 0, 256)}
	p.walk(root)
	return catalog.JoinPositions(shapes.share(p.pointers), string(p.places))
}

type placer struct {
	pointers []byte // of the fields so far, one a line
	path     []byte // pointer of the value to come
	places   []byte // of these fields, packed
	last     catalog.Pos
}

func (p *placer) walk(v *value) {
	if v.at.Line == 0 || len(p.path) > maxPointer || len(p.pointers)+len(p.path) > maxPointers {
		return // a placeholder's content has the placeholder's place
	}
	if len(p.places) > 0 {
		p.pointers = append(p.pointers, '\n')
	}
	p.pointers = append(p.pointers, p.path...)
	p.places = v.at.AppendPacked(p.places, p.last)
	p.last = v.at
	size := len(p.path)
	for i := range v.items {
		p.path = append(p.path, '/')
		if v.kind == listKind {
			p.path = strconv.AppendInt(p.path, int64(i), 10)
		} else {
			p.path = appendEscaped(p.path, v.keys[i])
		}
		p.walk(&v.items[i])
		p.path = p.path[:size]
	}
}

// appendEscaped writes a key as catalog.Pointer does, without its cost: this runs for every field.
func appendEscaped(b []byte, key string) []byte {
	for i := range len(key) {
		switch key[i] {
		case '~':
			b = append(b, "~0"...)
		case '/':
			b = append(b, "~1"...)
		case '\n':
			b = append(b, "~n"...)
		default:
			b = append(b, key[i])
		}
	}
	return b
}
