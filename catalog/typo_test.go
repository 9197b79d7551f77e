package catalog_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"callboard/catalog"
)

type misspelling struct{ text, meant string }

// misspell makes one typing error in each of count names, always the same ones. Texts that are
// names themselves are left out.
func misspell(v catalog.View, documents []*catalog.Document, count int) []misspelling {
	const keys = "abcdefghijklmnopqrstuvwxyz-0123456789"
	random := rand.New(rand.NewPCG(2, 3))
	var list []misspelling
	for len(list) < count {
		name := documents[random.IntN(len(documents))].Ref.Name
		text := []byte(name)
		at, key := random.IntN(len(text)-1), keys[random.IntN(len(keys))]
		switch random.IntN(4) {
		case 0:
			text = slices.Insert(text, at, key)
		case 1:
			text = slices.Delete(text, at, at+1)
		case 2:
			text[at], text[at+1] = text[at+1], text[at]
		case 3:
			text[at] = key
		}
		if _, exists := v.Get(catalog.NewRef("component", "", string(text))); !exists {
			list = append(list, misspelling{string(text), name})
		}
	}
	return list
}

func TestResolve_Typos(t *testing.T) {
	v, documents := generatedView(t, 10_000)
	typos := misspell(v, documents, 300)
	right := 0
	var took []time.Duration
	for _, typo := range typos {
		start := time.Now()
		m := v.Resolve(typo.text)
		took = append(took, time.Since(start))
		best := m.Entity
		if best == nil && len(m.Candidates) > 0 {
			best = m.Candidates[0]
		}
		if best != nil && best.Ref.Name == typo.meant {
			right++
		} else {
			t.Logf("%q for %q: %v %v %v", typo.text, typo.meant, m.How, m.Entity, names(m.Candidates))
		}
	}
	if right < 297 {
		t.Errorf("%d of %d right, want at least 99 %%", right, len(typos))
	}
	slices.Sort(took)
	t.Logf("%d of %d right; p50 %v, p95 %v", right, len(typos), took[len(took)/2], took[len(took)*95/100])
}
