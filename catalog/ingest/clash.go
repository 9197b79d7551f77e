package ingest

import (
	"math/bits"
	"strconv"
	"strings"

	"callboard/catalog"
)

// caseClashes refuses fields that are the same but for the case of their names: search, which
// knows one case only, could not tell them apart. It takes all items of a list together, so the
// inputs of two steps of a template clash as well.
func (c *checker) caseClashes() {
	var few [256]slot // enough for most documents, and no work for the collector
	t := clashTable{slots: few[:]}
	if n := 2 * leaves(c.root); n > len(few) {
		t.slots = make([]slot, 1<<bits.Len(uint(n)))
	}
	if !t.walk(c.root, slot{hashSeed, hashSeed}) {
		return
	}
	// Once more, slowly, to say where.
	first, second := "", ""
	paths := map[string]string{} // pointers by path in lower case
	exact := map[string]bool{}
	c.root.eachLeaf("", "", func(path, pointer string) {
		lower := strings.ToLower(path)
		if other, found := paths[lower]; found && !exact[path] && second == "" {
			first, second = other, pointer
		}
		paths[lower], exact[path] = pointer, true
	})
	if second == "" {
		return // two hashes that happen to be equal
	}
	rule := catalog.RuleSpec
	if strings.HasPrefix(second, "/metadata") {
		rule = catalog.RuleField
	}
	name := second[strings.LastIndexByte(second, '/')+1:]
	c.fail(rule, second, &value{kind: textKind, text: name},
		dotted(second)+" and "+dotted(first)+" differ in upper and lower case only", "rename one of the two, or delete it")
}

// slot holds the hashes of a path as written and in lower case.
type slot struct{ exact, lower uint64 }

// clashTable is a hash table of the paths seen, by their lower-case hash.
type clashTable struct{ slots []slot }

// FNV-1a.
const (
	hashSeed  = 14695981039346656037
	hashPrime = 1099511628211
)

// with extends a path by a key. The byte 0xff, which is in no UTF-8, ends the key.
func (h slot) with(key string) slot {
	return slot{hashed(h.exact, key), hashed(h.lower, strings.ToLower(key))}
}

func hashed(hash uint64, key string) uint64 {
	for i := range len(key) {
		hash = (hash ^ uint64(key[i])) * hashPrime
	}
	return (hash ^ 0xff) * hashPrime
}

// walk reports whether two leaves below v have paths that differ in case only.
func (t clashTable) walk(v *value, path slot) bool {
	switch v.kind {
	case objectKind:
		for i, key := range v.keys {
			if t.walk(&v.items[i], path.with(key)) {
				return true
			}
		}
	case listKind:
		for i := range v.items {
			if t.walk(&v.items[i], path) {
				return true
			}
		}
	default:
		return t.put(path)
	}
	return false
}

func (t clashTable) put(path slot) bool {
	mask := uint64(len(t.slots) - 1)
	for i := path.lower & mask; ; i = (i + 1) & mask {
		switch {
		case t.slots[i] == slot{}:
			t.slots[i] = path
			return false
		case t.slots[i].lower == path.lower:
			return t.slots[i].exact != path.exact
		}
	}
}

func leaves(v *value) int {
	if v.kind < listKind {
		return 1
	}
	n := 0
	for i := range v.items {
		n += leaves(&v.items[i])
	}
	return n
}

func (v *value) eachLeaf(path, pointer string, yield func(path, pointer string)) {
	switch v.kind {
	case objectKind:
		for i, key := range v.keys {
			v.items[i].eachLeaf(path+"\n"+key, catalog.Pointer(pointer, key), yield)
		}
	case listKind:
		for i := range v.items {
			v.items[i].eachLeaf(path, pointer+"/"+strconv.Itoa(i), yield)
		}
	default:
		yield(path, pointer)
	}
}
