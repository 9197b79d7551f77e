package catalog

import (
	"reflect"
	"strings"
)

// blockBytes is the size of the blocks of slabs: large enough that a catalog is a few thousand of them, small enough
// that the last document in use of a block does not keep much that is not.
const blockBytes = 32 << 10

// Slab hands out short lists that lie side by side in larger blocks. Documents that are read together cost the
// heap few objects that way, without gaps of what was thrown away between them. A block lives as long as
// anything of it is in use, so what comes piece by piece, and goes piece by piece, does not belong into one: a
// nil Slab makes each list by itself. The zero Slab is ready for use, by one goroutine.
type Slab[T any] struct{ free []T }

// Take gives a list of n zero values, to which nothing can be appended in place.
func (s *Slab[T]) Take(n int) []T {
	if n == 0 {
		return []T{} // not nil, and without a block
	}
	if s == nil {
		return make([]T, n)
	}
	if n > len(s.free) {
		block := blockBytes / max(1, int(reflect.TypeFor[T]().Size()))
		if n > block/4 {
			return make([]T, n) // would waste the rest of a block
		}
		s.free = make([]T, block)
	}
	list := s.free[:n:n]
	s.free = s.free[n:]
	return list
}

// One gives a single zero value.
func (s *Slab[T]) One() *T { return &s.Take(1)[0] }

// Texts is a Slab for strings. A nil one keeps each by itself.
type Texts struct{ block strings.Builder }

// Keep gives text as a string that lies beside those kept before.
func (t *Texts) Keep(text []byte) string {
	if t == nil || !t.fits(len(text)) {
		return string(text)
	}
	start := t.block.Len()
	t.block.Write(text)
	return t.block.String()[start:]
}

// fits makes room for n bytes; false for a text that is as good as a block of its own.
func (t *Texts) fits(n int) bool {
	if n <= t.block.Cap()-t.block.Len() {
		return true
	}
	if n > blockBytes/4 {
		return false
	}
	t.block.Reset() // strings that were given keep the old block
	t.block.Grow(blockBytes)
	return true
}

// Slabs are what files with all that is in them are made from.
type Slabs struct {
	Files     Slab[File]
	Inputs    Slab[Input]
	Documents Slab[Document]
	Problems  Slab[Problem]
	Entities  Slab[Entity]
	Pairs     Slab[Pair]
	Tags      Slab[string]
	Links     Slab[Link]
	Relations Slab[Relation]
	JSON      Slab[byte]
	Texts     Texts
}
