package backstage

import (
	"slices"
	"sync"
)

// matches remembers which entities the conditions and terms fit that were asked for last: the next page of a
// query asks for the same ones, and so does everybody who types the same. When the newer half of the budget
// is full it becomes the older one, and what was the older one is forgotten.
type matches struct {
	mu           sync.Mutex
	newer, older map[matchKey]match
	bytes        int
}

// matchKey is a question to one column.
type matchKey struct {
	key  string
	how  how
	text string
}

type how uint8

const (
	isThere how = iota
	isEqual
	holds
)

// match is a set of entities: a list where that is shorter.
type match struct {
	few  []uint32
	many set
}

// matchesBudget bounds the memory of an index's matches, in bytes. A match of many of 100,000 entities takes
// 12.5 KB.
const (
	matchesBudget = 4 << 20
	ofMatch       = 160 // about what a map takes beside the texts
)

func (m match) bytes() int { return 4*len(m.few) + 8*len(m.many) }

// get gives a match as a set of numbers below size, which is the caller's.
func (m *matches) get(key matchKey, size int) (set, bool) {
	m.mu.Lock()
	found, known := m.newer[key]
	if !known {
		if found, known = m.older[key]; known {
			m.keep(key, found)
		}
	}
	m.mu.Unlock()
	if !known || found.many != nil {
		return slices.Clone(found.many), known
	}
	out := newSet(size)
	for _, i := range found.few {
		out.add(i)
	}
	return out, true
}

// put remembers a match. The set stays the caller's.
func (m *matches) put(key matchKey, found set) {
	kept := match{}
	if 4*found.len() < 8*len(found) {
		kept.few = found.all()
	} else {
		kept.many = slices.Clone(found)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(key, kept)
}

func (m *matches) keep(key matchKey, found match) {
	size := found.bytes() + len(key.key) + len(key.text) + ofMatch
	if m.newer == nil || m.bytes+size > matchesBudget/2 {
		m.newer, m.older, m.bytes = map[matchKey]match{}, m.newer, 0
	}
	m.newer[key] = found
	m.bytes += size
}
