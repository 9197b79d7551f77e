package catalog

import (
	"encoding/binary"
	"iter"
	"strings"
)

// Pos is a 1-based place in a text file; the column counts runes.
type Pos struct{ Line, Column int32 }

// Positions maps the JSON pointers of a document's fields to where they stand in the file. Both are packed, as
// a large catalog has millions of fields: the pointers are one newline-separated string, which documents of
// the same shape share, and the places two or three bytes each. Equal Positions compare with ==.
type Positions struct {
	pointers string
	places   string // for each pointer the lines since the one before, and the column, as varints
}

// NewPositions takes pointers (RFC 6901, none holding a newline) and their places, index by index.
func NewPositions(pointers []string, at []Pos) Positions {
	var packed []byte
	var before Pos
	for _, pos := range at {
		packed = pos.AppendPacked(packed, before)
		before = pos
	}
	return JoinPositions(strings.Join(pointers, "\n"), string(packed))
}

// AppendPacked adds p to places as Positions keep them; before is the place before it, or the zero Pos.
func (p Pos) AppendPacked(places []byte, before Pos) []byte {
	places = binary.AppendVarint(places, int64(p.Line)-int64(before.Line))
	return binary.AppendVarint(places, int64(p.Column))
}

// nextPlace is the reverse of Pos.AppendPacked. False where there are no more, or malformed ones.
func nextPlace(places string, before Pos) (at Pos, rest string, fine bool) {
	line, rest, ok := cutVarint(places)
	column, rest, fine := cutVarint(rest)
	return Pos{Line: before.Line + int32(line), Column: int32(column)}, rest, ok && fine
}

// cutVarint is binary.Varint for strings.
func cutVarint(s string) (n int64, rest string, fine bool) {
	var bits uint64
	for i := range min(len(s), binary.MaxVarintLen64) {
		bits |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return int64(bits>>1) ^ -int64(bits&1), s[i+1:], true
		}
	}
	return 0, "", false
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
	pointers := p.pointers
	for at := range p.All() {
		var line string
		line, pointers, _ = strings.Cut(pointers, "\n")
		if line == pointer {
			return at, true
		}
	}
	return Pos{}, false
}

// All gives the places of the fields, in the order of the pointers.
func (p Positions) All() iter.Seq[Pos] {
	return func(yield func(Pos) bool) {
		for at, rest, fine := nextPlace(p.places, Pos{}); fine && yield(at); {
			at, rest, fine = nextPlace(rest, at)
		}
	}
}

// Split gives the two halves of p as they are kept, for a store: the pointers as one newline-separated
// string, and the places as Pos.AppendPacked writes them.
func (p Positions) Split() (pointers, places string) { return p.pointers, p.places }

// JoinPositions is the reverse of Split. It keeps both halves as they are, so that documents can share
// them. Of malformed places those before the mistake count.
func JoinPositions(pointers, places string) Positions { return Positions{pointers, places} }

// Pointer joins the parts of a JSON pointer, escaping them as RFC 6901 says.
func Pointer(parent, key string) string {
	if strings.ContainsAny(key, "~/\n") {
		key = strings.NewReplacer("~", "~0", "/", "~1", "\n", "~n").Replace(key)
	}
	return parent + "/" + key
}
