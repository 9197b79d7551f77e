package catalog

import "strings"

// Pos is a 1-based place in a text file; the column counts runes.
type Pos struct{ Line, Column int32 }

// Positions maps the JSON pointers of a document's fields to where they stand in the file. The
// pointers are one newline-separated string, which documents of the same shape share.
type Positions struct {
	pointers string
	at       []Pos
}

// NewPositions takes pointers (RFC 6901, none holding a newline) and their places, index by index.
func NewPositions(pointers []string, at []Pos) Positions {
	return Positions{strings.Join(pointers, "\n"), at}
}

// At gives the place of the field at pointer, or of the nearest field around it; the zero Pos when
// nothing is known.
func (p Positions) At(pointer string) Pos {
	for {
		if pos, found := p.Exact(pointer); found {
			return pos
		}
		cut := strings.LastIndexByte(pointer, '/')
		if cut < 0 {
			return Pos{}
		}
		pointer = pointer[:cut]
	}
}

// Exact gives the place of the field at pointer, if the document has that field.
func (p Positions) Exact(pointer string) (Pos, bool) {
	rest := p.pointers
	for _, pos := range p.at {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if line == pointer {
			return pos, true
		}
	}
	return Pos{}, false
}

// Len is the number of fields with a place.
func (p Positions) Len() int { return len(p.at) }

// Split gives the two halves of p for a store's own encoding: the pointers as one newline-separated
// string, and their places. The places are shared with p and must not be changed.
func (p Positions) Split() (pointers string, at []Pos) { return p.pointers, p.at }

// JoinPositions is the reverse of Split. It keeps both halves as they are, so that documents of the
// same shape can share one string of pointers.
func JoinPositions(pointers string, at []Pos) Positions { return Positions{pointers, at} }

// Pointer joins the parts of a JSON pointer, escaping them as RFC 6901 says.
func Pointer(parent, key string) string {
	if strings.ContainsAny(key, "~/\n") {
		key = strings.NewReplacer("~", "~0", "/", "~1", "\n", "~n").Replace(key)
	}
	return parent + "/" + key
}
