package catalog_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"callboard/catalog"
)

func TestView_Find(t *testing.T) {
	v := view(
		describe("wallet", typed("service", "production"), related("ownedBy", "group:pay", "partOf", "system:money")),
		describe("wallet-web", typed("website", "experimental"), tagged("react")),
		describe("e-wallet"),
		describe("purse", titled("The Wallet of old"), related("ownedBy", "user:gone")),
		describe("bank", tagged("wallet", "java"), typed("service", "production")),
		describe("ledger", described("Keeps books for the\nWallet\tservice."), typed("service", "deprecated")),
		describe("api:coins", annotated("callboard/aliases", "wallet-api")),
		describe("group:pay"), describe("system:money"), describe("east/stamps"),
	)
	tests := []struct{ text, want string }{
		{"wallet", "component:wallet component:wallet-web component:e-wallet api:coins component:purse component:bank component:ledger"},
		{"WALLET react", "component:wallet-web"},
		{"wallet service", "component:wallet component:bank component:ledger"},
		{"kind:api wallet", "api:coins"},
		{"kind:api,system", "api:coins system:money"},
		{"owner:pay", "component:wallet"},
		{"owner:group:pay", "component:wallet"},
		{"owner:@pay", "component:wallet"},
		{"owner:gone", "component:purse"}, // a dangling owner
		{"owner:user:pay", ""},
		{"system:money", "component:wallet"},
		{"pay", "group:pay component:wallet"},
		{"lifecycle:Production type:service", "component:bank component:wallet"},
		{"tag:java,react", "component:bank component:wallet-web"},
		{"namespace:east", "component:east/stamps"},
		{"source:acme kind:group", "group:pay"},
		{"source:none", ""},
		{"component:wallet", "component:wallet component:wallet-web component:e-wallet component:purse component:bank component:ledger"},
		{"unknown:wallet", ""},
		{"books for", "component:ledger"},
		{"nothing-like-it", ""},
	}
	for _, test := range tests {
		found := v.Find(catalog.Query{Text: test.text})
		if got := strings.Join(names(found.Entities), " "); got != test.want || found.Total != len(found.Entities) {
			t.Errorf("Find(%q) = %d: %s\nwant %s", test.text, found.Total, got, test.want)
		}
	}
}

func TestView_Find_Pages(t *testing.T) {
	v, _ := generatedView(t, 500)
	all := v.Find(catalog.Query{Text: "wallet", Limit: 500})
	if all.Total < 30 || len(all.Entities) != all.Total {
		t.Fatalf("%d of %d", len(all.Entities), all.Total)
	}
	var paged []*catalog.Entity
	for offset := 0; offset < all.Total; offset += 7 {
		page := v.Find(catalog.Query{Text: "wallet", Limit: 7, Offset: offset})
		if page.Total != all.Total || len(page.Entities) > 7 {
			t.Fatalf("page at %d: %d of %d", offset, len(page.Entities), page.Total)
		}
		paged = append(paged, page.Entities...)
	}
	if got, want := strings.Join(names(paged), " "), strings.Join(names(all.Entities), " "); got != want {
		t.Errorf("pages give\n%s\nwant\n%s", got, want)
	}
	if page := v.Find(catalog.Query{Text: "wallet", Offset: all.Total + 5}); len(page.Entities) != 0 || page.Total != all.Total {
		t.Errorf("beyond the end: %d of %d", len(page.Entities), page.Total)
	}
	if page := v.Find(catalog.Query{}); len(page.Entities) != 20 || page.Total != 500 {
		t.Errorf("without words: %d of %d", len(page.Entities), page.Total)
	}
}

// TestView_Find_Oracle holds Find against the plainest way: to look at every field of every entity for every word.
func TestView_Find_Oracle(t *testing.T) {
	v, documents := generatedView(t, 400)
	dice := rand.New(rand.NewPCG(3, 4))
	piece := func() string { // of some field of some entity
		fields := searched(documents[dice.IntN(len(documents))].Entity)
		words := strings.Fields(fields[dice.IntN(len(fields))])
		if len(words) == 0 {
			return "e"
		}
		word := words[dice.IntN(len(words))]
		from := dice.IntN(len(word))
		return word[from : from+1+dice.IntN(len(word)-from)]
	}
	for range 300 {
		words := []string{piece()}
		for range dice.IntN(3) {
			words = append(words, piece())
		}
		for i, word := range words {
			words[i] = strings.ReplaceAll(word, ":", "")
		}
		text := strings.Join(words, " ")
		want := plainly(documents, strings.Fields(text))
		found := v.Find(catalog.Query{Text: text, Limit: len(documents)})
		if got := names(found.Entities); !slices.Equal(got, want) || found.Total != len(want) {
			t.Fatalf("Find(%q) = %d: %v\nwant %d: %v", text, found.Total, got, len(want), want)
		}
	}
}

// searched gives what is searched of an entity in lower case, the most telling first.
func searched(e *catalog.Entity) []string {
	m := e.Metadata
	called := []string{m.Title, m.Annotations.Get("callboard/aliases")}
	fields := []string{
		e.Ref.Name, strings.Join(called, " "), strings.Join(m.Tags, " "),
		strings.Join([]string{e.Ref.Kind, e.Type, e.Lifecycle, e.Ref.Namespace}, " "), m.Description, "",
	}
	for _, r := range e.Declares {
		if r.Type == catalog.OwnedBy {
			fields[5] += r.Target.Name + " "
		}
	}
	return strings.Split(strings.ToLower(strings.Join(fields, "\n")), "\n")
}

func plainly(documents []*catalog.Document, words []string) []string {
	type fit struct {
		e     *catalog.Entity
		score int
	}
	var fits []fit
	for _, d := range documents {
		f := fit{e: d.Entity}
		for _, word := range words {
			field := slices.IndexFunc(searched(d.Entity), func(text string) bool { return strings.Contains(text, word) })
			switch {
			case field < 0:
				f.score = -1000
			case field > 0:
				f.score += field + 2
			case !strings.HasPrefix(d.Ref.Name, word):
				f.score += 2
			case d.Ref.Name != word:
				f.score++
			}
		}
		if f.score >= 0 {
			fits = append(fits, f)
		}
	}
	slices.SortFunc(fits, func(a, b fit) int { return cmp.Or(cmp.Compare(a.score, b.score), a.e.Ref.Compare(b.e.Ref)) })
	var list []*catalog.Entity
	for _, f := range fits {
		list = append(list, f.e)
	}
	return names(list)
}

// Whatever is asked, pages hold no more than there is, and nothing that the viewer does not see.
func FuzzFind(f *testing.F) {
	for _, text := range []string{"wallet service", "kind:api,component tag:java", "owner:group:default/pay system:x", "source:acme : ::", "a\u00a0b\xff\x00", "e e e e e e e e e e e e e e e e e e"} {
		f.Add(text, 3, 2)
	}
	contents := generate(60)
	s := catalog.NewSnapshot(contents)
	f.Fuzz(func(t *testing.T, text string, limit, offset int) {
		for _, viewer := range []catalog.Viewer{catalog.Everything{}, onlySource("cart"), nil} {
			v := s.As(viewer)
			found := v.Find(catalog.Query{Text: text, Limit: limit, Offset: offset})
			if len(found.Entities) > found.Total || found.Total > v.Len() {
				t.Errorf("%d of %d of %d", len(found.Entities), found.Total, v.Len())
			}
			for _, e := range found.Entities {
				if _, seen := v.Get(e.Ref); !seen {
					t.Errorf("%v is hidden", e.Ref)
				}
			}
		}
	})
}
