package backstage

import "math/bits"

// set is a set of small numbers: positions of entities, or values of a column.
type set []uint64

// newSet gives an empty set of numbers below size.
func newSet(size int) set { return make(set, (size+63)/64) }

// newFullSet gives the set of all numbers below size.
func newFullSet(size int) set {
	s := newSet(size)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if rest := size % 64; rest > 0 {
		s[len(s)-1] = 1<<rest - 1
	}
	return s
}

func (s set) add(n uint32)      { s[n/64] |= 1 << (n % 64) }
func (s set) remove(n uint32)   { s[n/64] &^= 1 << (n % 64) }
func (s set) has(n uint32) bool { return s[n/64]&(1<<(n%64)) != 0 }

// keep removes what is not in other.
func (s set) keep(other set) {
	for i := range s {
		s[i] &= other[i]
	}
}

// join adds what is in other.
func (s set) join(other set) {
	for i := range s {
		s[i] |= other[i]
	}
}

// drop removes what is in other.
func (s set) drop(other set) {
	for i := range s {
		s[i] &^= other[i]
	}
}

func (s set) len() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// all gives the members in order.
func (s set) all() []uint32 {
	members := make([]uint32, 0, s.len())
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			members = append(members, uint32(i*64+bits.TrailingZeros64(word)))
		}
	}
	return members
}
