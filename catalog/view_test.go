package catalog_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
)

// lines writes relations one a line: "type target", with a question mark for a dangling target.
func lines(related []catalog.Related) []string {
	var list []string
	for _, r := range related {
		line := r.Type + " " + r.Target.String()
		if !r.Found() {
			line += " ?"
		}
		list = append(list, line)
	}
	return list
}

func TestView_Relations(t *testing.T) {
	v := view(
		describe("checkout", related("ownedBy", "group:pay", "dependsOn", "resource:db", "dependsOn", "component:gone", "dependsOn", "resource:db", "invented", "component:cart")),
		describe("cart", related("dependsOn", "component:checkout")),
		describe("resource:db", related("dependencyOf", "component:checkout")), // says at this end what checkout says at the other
		describe("group:pay"),
		describe("loop", related("dependsOn", "component:loop")),
	)
	tests := map[string]struct {
		ref   string
		types []string
		want  []string
	}{
		"both ends, once each, sorted": {"checkout", nil, []string{
			"dependencyOf component:default/cart", "dependsOn component:default/gone ?", "dependsOn resource:default/db",
			"invented component:default/cart", "ownedBy group:default/pay",
		}},
		"stated at both ends":       {"resource:db", nil, []string{"dependencyOf component:default/checkout"}},
		"one type":                  {"checkout", []string{"ownedBy"}, []string{"ownedBy group:default/pay"}},
		"inverse":                   {"group:pay", nil, []string{"ownerOf component:default/checkout"}},
		"a type without an inverse": {"cart", nil, []string{"dependsOn component:default/checkout"}},
		"who names what is absent":  {"gone", nil, []string{"dependencyOf component:default/checkout"}},
		"itself":                    {"loop", nil, []string{"dependencyOf component:default/loop", "dependsOn component:default/loop"}},
		"unheard of":                {"nobody", nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, lines(v.Relations(ref(test.ref), test.types...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInverse(t *testing.T) {
	for _, relation := range []string{
		"ownedBy", "ownerOf", "partOf", "hasPart", "providesApi", "apiProvidedBy", "consumesApi",
		"apiConsumedBy", "dependsOn", "dependencyOf", "memberOf", "hasMember", "parentOf", "childOf",
	} {
		if inverse := catalog.Inverse(relation); inverse == "" || inverse == relation || catalog.Inverse(inverse) != relation {
			t.Errorf("Inverse(%q) = %q, whose inverse is %q", relation, inverse, catalog.Inverse(inverse))
		}
	}
	if got := catalog.Inverse("invented"); got != "" {
		t.Errorf("Inverse(invented) = %q", got)
	}
}

func TestView_Tree(t *testing.T) {
	v := view(
		describe("a", related("dependsOn", "component:b", "dependsOn", "component:c")),
		describe("b", related("dependsOn", "component:d")),
		describe("c", related("dependsOn", "component:a", "dependsOn", "component:b", "dependsOn", "component:lost")),
		describe("d", related("dependsOn", "component:e")),
		describe("e"),
	)
	draw := func(nodes []catalog.Node) []string {
		var list []string
		for _, n := range nodes {
			list = append(list, fmt.Sprintf("%*s%s seen=%v found=%v", 2*n.Depth, "", n.Target.Name, n.Seen, n.Found()))
		}
		return list
	}
	nodes, more := v.Tree(ref("a"), []string{"dependsOn"}, 100)
	want := []string{
		"  b seen=false found=true",
		"    d seen=false found=true",
		"      e seen=false found=true",
		"  c seen=false found=true",
		"    a seen=true found=true",
		"    b seen=true found=true",
		"    lost seen=false found=false",
	}
	if diff := cmp.Diff(want, draw(nodes)); diff != "" || more {
		t.Errorf("more = %v\n%s", more, diff)
	}
	nodes, more = v.Tree(ref("a"), []string{"dependsOn"}, 3)
	if diff := cmp.Diff([]string{"  b seen=false found=true", "    d seen=false found=true", "  c seen=false found=true"}, draw(nodes)); diff != "" || !more {
		t.Errorf("limited: more = %v\n%s", more, diff)
	}
}

func TestView_StateOfOneEntity(t *testing.T) {
	stale := describe("checkout")
	stale.Stale = true
	s := catalog.NewSnapshot(catalog.Contents{
		Documents: []*catalog.Document{describe("cart"), stale, {Ref: ref("broken")}, describe("api:cart")},
		Orphans:   map[catalog.Ref]bool{ref("cart"): true},
		Losers:    map[catalog.Ref][]catalog.Loss{ref("checkout"): {{Origin: catalog.Origin{Source: "cart", Path: "x.yaml"}, Why: "came later"}}},
		Sources:   sources(),
		Revision:  7,
	})
	v := s.As(catalog.Everything{})
	if got := names(slices.Collect(v.All())); !slices.Equal(got, []string{"api:cart", "component:cart", "component:checkout"}) {
		t.Errorf("All: %v", got)
	}
	if d := v.Document(ref("checkout")); d == nil || !d.Stale {
		t.Errorf("Document: %+v", d)
	}
	if v.Document(ref("broken")) != nil {
		t.Error("a document that never was good is an entity")
	}
	if !v.Orphan(ref("cart")) || v.Orphan(ref("checkout")) {
		t.Error("Orphan is wrong")
	}
	if got := v.Losers(ref("checkout")); len(got) != 1 || got[0].Why != "came later" {
		t.Errorf("Losers: %v", got)
	}
	want := catalog.Stats{Entities: 3, Sources: 3, OldestCheck: time.Date(2026, 11, 23, 13, 59, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, v.Stats()); diff != "" {
		t.Error(diff)
	}
	if s.Revision() != 7 || s.Built().IsZero() {
		t.Error("Revision or Built is wrong")
	}
}

func TestView_OneRefTwice(t *testing.T) {
	second, first := describe("cart", titled("second"), from("acme", "b.yaml")), describe("cart", titled("first"), from("acme", "a.yaml"))
	for _, documents := range [][]*catalog.Document{{first, second}, {second, first}} {
		v := view(documents...)
		if e, _ := v.Get(ref("cart")); v.Len() != 1 || e.Metadata.Title != "first" {
			t.Errorf("%d entities, holder %q", v.Len(), e.Metadata.Title)
		}
	}
}

func TestView_NilViewer(t *testing.T) {
	v := catalog.NewSnapshot(catalog.Contents{
		Documents: []*catalog.Document{describe("cart")}, Sources: sources(),
		Problems: []catalog.Problem{{Origin: catalog.Origin{Source: "acme"}}},
	}).As(nil)
	if v.Len() != 0 || len(v.Problems()) != 0 || len(v.Sources()) != 0 || v.Resolve("cart").How != catalog.NoMatch {
		t.Error("a nil viewer sees something")
	}
}

func TestEmptySnapshot(t *testing.T) {
	v := view()
	if m := v.Resolve("checkout"); m.How != catalog.NoMatch || len(m.Candidates) != 0 {
		t.Errorf("Resolve: %+v", m)
	}
	if found := v.Find(catalog.Query{Text: "x"}); found.Total != 0 {
		t.Errorf("Find: %+v", found)
	}
	if got := v.Complete("c", 5); len(got) != 0 {
		t.Errorf("Complete: %v", got)
	}
}

func TestView_Annotations(t *testing.T) {
	s := catalog.NewSnapshot(catalog.Contents{
		Documents: []*catalog.Document{
			describe("forge", from("acme", "services/a b/catalog-info.yaml"), annotated("example.com/x", "1", "backstage.io/managed-by-location", "url:elsewhere")),
			describe("own", from("acme", "catalog-info.yaml"), annotated("backstage.io/source-location", "url:https://git.example.com/shop/own/")),
			describe("disk", from("local", "x/catalog-info.yaml")),
		},
		Orphans: map[catalog.Ref]bool{ref("disk"): true},
		Sources: sources(),
	})
	v := s.As(catalog.Everything{})
	const web = "https://git.example.com/acme/catalog/"
	tests := map[string][]string{
		"forge": {
			"backstage.io/edit-url", web + "edit/main/services/a%20b/catalog-info.yaml",
			"backstage.io/managed-by-location", "url:" + web + "blob/main/services/a%20b/catalog-info.yaml",
			"backstage.io/managed-by-origin-location", "url:" + web + "blob/main/services/a%20b/catalog-info.yaml",
			"backstage.io/source-location", "url:" + web + "tree/main/services/a%20b/",
			"backstage.io/view-url", web + "blob/main/services/a%20b/catalog-info.yaml",
			"example.com/x", "1",
		},
		"own": {
			"backstage.io/edit-url", web + "edit/main/catalog-info.yaml",
			"backstage.io/managed-by-location", "url:" + web + "blob/main/catalog-info.yaml",
			"backstage.io/managed-by-origin-location", "url:" + web + "blob/main/catalog-info.yaml",
			"backstage.io/source-location", "url:https://git.example.com/shop/own/",
			"backstage.io/view-url", web + "blob/main/catalog-info.yaml",
		},
		"disk": {
			"backstage.io/managed-by-location", "file:/srv/git/platform/x/catalog-info.yaml",
			"backstage.io/managed-by-origin-location", "file:/srv/git/platform/x/catalog-info.yaml",
			"backstage.io/orphan", "true",
		},
	}
	for name, want := range tests {
		e, _ := v.Get(ref(name))
		if diff := cmp.Diff(pairsOf(want), v.Annotations(e)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestView_EditURL(t *testing.T) {
	contents := catalog.Contents{Sources: append(sources(),
		catalog.SourceStatus{Name: "lab", Branch: "main", Web: "https://lab.example.com/x/y/-/blob/main/"},
		catalog.SourceStatus{Name: "tea", Branch: "feature/x", Web: "https://tea.example.com/x/y/src/branch/feature/x/"},
		catalog.SourceStatus{Name: "other", Branch: "main", Web: "https://example.com/show/main/"})}
	v := catalog.NewSnapshot(contents).As(catalog.Everything{})
	for source, want := range map[string]string{
		"acme":  "https://git.example.com/acme/catalog/edit/main/a/b%23c.md",
		"lab":   "https://lab.example.com/x/y/-/edit/main/a/b%23c.md",
		"tea":   "https://tea.example.com/x/y/_edit/feature/x/a/b%23c.md",
		"other": "", "local": "", "unknown": "",
	} {
		if got := v.EditURL(catalog.Origin{Source: source, Path: "a/b#c.md", Line: 3, Revision: "3f78685"}); got != want {
			t.Errorf("EditURL of %s = %q, want %q", source, got, want)
		}
	}
}

func TestView_BlobURL(t *testing.T) {
	contents := catalog.Contents{Sources: append(sources(), catalog.SourceStatus{Name: "evil", Web: "javascript:alert(1)//"},
		catalog.SourceStatus{Name: "tea", Branch: "feature/x", Web: "https://tea.example.com/x/y/src/branch/feature/x/"})}
	v := catalog.NewSnapshot(contents).As(catalog.Everything{})
	tests := []struct {
		origin catalog.Origin
		want   string
	}{
		{catalog.Origin{Source: "acme", Path: "a/b.yaml", Line: 14}, "https://git.example.com/acme/catalog/blob/main/a/b.yaml#L14"},
		{catalog.Origin{Source: "acme", Path: "a/b#c?.yaml"}, "https://git.example.com/acme/catalog/blob/main/a/b%23c%3F.yaml"},
		{catalog.Origin{Source: "acme", Path: "a/b.yaml", Line: 14, Revision: "3f78685"}, "https://git.example.com/acme/catalog/blob/3f78685/a/b.yaml#L14"},
		{catalog.Origin{Source: "tea", Path: "a b.yaml", Line: 2, Revision: "3f78685"}, "https://tea.example.com/x/y/src/commit/3f78685/a%20b.yaml#L2"},
		{catalog.Origin{Source: "local", Path: "a/b.yaml", Line: 14}, ""},
		{catalog.Origin{Source: "evil", Path: "a"}, ""},
		{catalog.Origin{Source: "unknown", Path: "a"}, ""},
	}
	for _, test := range tests {
		if got := v.BlobURL(test.origin); got != test.want {
			t.Errorf("BlobURL(%v) = %q, want %q", test.origin, got, test.want)
		}
	}
}
