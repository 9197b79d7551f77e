package backstage_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/docs/docstest"
	"callboard/catalog/policy"
	"callboard/integrations/backstage"
)

// pagesOf are what documents say of themselves.
func pagesOf() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"checkout/docs/index.md":            file("# Checkout\n\nTurns *carts* into orders.\n\n## Limits\n\nFifty carts a second.\n"),
		"checkout/docs/guide/first-cart.md": file("---\ntitle: The first cart\n---\nFill it.\n\n## Empty carts\n\nAn <i>empty</i> [cart](cart.md) is **thrown** away.\n"),
		"web/README.md":                     file("# Web\n\nShows the cart.\n"),
		"web/runbooks/CartGone.md":          file("# CartGone\n\nWhere is my cart?\n" + strings.Repeat("Look again. ", 300)),
	}
}

// documented is an API over documents and their pages, of which everybody sees what viewer does.
func documented(t testing.TB, viewer catalog.Viewer) *backstage.API {
	t.Helper()
	s := snapshot(slices.DeleteFunc(documents(), func(d *catalog.Document) bool { return d.Ref.Namespace != "default" })) // it shares the folder
	tree, err := docstest.Tree(pagesOf(), "1")
	if err != nil {
		t.Fatal(err)
	}
	library := docs.NewLibrary(t.Context(), &docstest.Memory{}, quiet())
	if err := library.Update(t.Context(), docs.Present{Snapshot: s, Trees: map[string]docs.Tree{"acme": tree}}); err != nil {
		t.Fatal(err)
	}
	return backstage.New(backstage.Options{
		Catalog: func() *catalog.Snapshot { return s }, Anonymous: true, Log: quiet(),
		Viewer:  func(policy.Actor) catalog.Viewer { return viewer },
		Finders: []backstage.Finder{backstage.TechDocs(library)},
	})
}

func TestTechDocs(t *testing.T) {
	api := documented(t, catalog.Everything{})
	var found struct {
		Results []struct {
			Type      string
			Rank      int
			Document  map[string]string
			Highlight struct{ Fields map[string]string }
		}
	}
	get(t, api, "/api/search/query?types=techdocs&term=empty%20cart", &found)
	want := map[string]string{
		"kind": "component", "namespace": "default", "name": "checkout", "entityTitle": "Check-out", "title": "Empty carts",
		"text": "An empty cart is thrown away.", "location": "/docs/default/component/checkout/guide/first-cart/#empty-carts",
		"path": "guide/first-cart/#empty-carts", "componentType": "service", "lifecycle": "production", "owner": "team-pay",
	}
	if len(found.Results) == 0 || found.Results[0].Type != "techdocs" || found.Results[0].Rank != 1 {
		t.Fatalf("%+v", found)
	}
	if diff := cmp.Diff(want, found.Results[0].Document); diff != "" {
		t.Error(diff)
	}
	marks := map[string]string{
		"title": "<callboard-found>Empty</callboard-found> <callboard-found>carts</callboard-found>",
		"text":  "An <callboard-found>empty</callboard-found> <callboard-found>cart</callboard-found> is thrown away.",
	}
	if diff := cmp.Diff(marks, found.Results[0].Highlight.Fields); diff != "" {
		t.Error(diff)
	}
}

func TestTechDocs_Filters(t *testing.T) {
	const (
		index, limits  = "/docs/default/component/checkout/#checkout", "/docs/default/component/checkout/#limits"
		first, empty   = "/docs/default/component/checkout/guide/first-cart/", "/docs/default/component/checkout/guide/first-cart/#empty-carts"
		readme, alarms = "/docs/default/component/web/#web", "/docs/default/component/web/runbooks/CartGone/#cartgone"
	)
	api := documented(t, catalog.Everything{})
	for query, want := range map[string]string{
		"term=cart":                   strings.Join([]string{alarms, empty, first, index, limits, readme}, " "),
		"term=cart&filters[name]=web": alarms + " " + readme,
		"term=cart&filters[kind]=Component&filters[namespace]=default&filters[name]=WEB": alarms + " " + readme,
		"term=cart&filters[kind]=component&filters[namespace]=east&filters[name]=web":    "",
		"term=cart&filters[owner]=team-web":                                              alarms + " " + readme,
		"term=cart&filters[componentType]=service&filters[lifecycle]=production":         strings.Join([]string{empty, first, index, limits}, " "),
		"term=cart&filters[type]=service":                                                "",
		"term=cart&filters[colour]=red":                                                  "",
		"term=fifty":                                                                     limits,
		"term=nothing-like-it":                                                           "",
		"":                                                                               "",
		"term=%22%20AND%20%28%2A":                                                        "",
	} {
		var found searchAnswer
		get(t, api, "/api/search/query?types[]=techdocs&"+query, &found)
		var got []string
		for _, r := range found.Results {
			got = append(got, r.Document["location"])
		}
		if got := strings.Join(got, " "); got != want || found.NumberOfResults != len(found.Results) {
			t.Errorf("%s gives %d: %s\nwant %s", query, found.NumberOfResults, got, want)
		}
	}
	_, body := ask(t, api, http.MethodGet, "/api/search/query?term=cartgone&types=techdocs", "")
	if !strings.Contains(body, ` …"`) || len(body) > 4000 {
		t.Errorf("a long section is not cut: %d bytes", len(body))
	}
}

// TestTechDocs_Hidden: pages of what the asker does not see are in no result and in no count.
func TestTechDocs_Hidden(t *testing.T) {
	api := documented(t, catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Ref.Name != "checkout" }))
	for _, query := range []string{"term=cart", "term=carts%20orders", "term=cart&filters[name]=checkout", "term=cart&filters[kind]=component&filters[namespace]=default&filters[name]=checkout"} {
		_, body := ask(t, api, http.MethodGet, "/api/search/query?pageLimit=1&types=techdocs&"+query, "")
		if strings.Contains(body, "checkout") || strings.Contains(body, `"numberOfResults":3`) {
			t.Errorf("%s: %s", query, body)
		}
	}
}

// TestTechDocs_Slow: a search that takes too long leaves the rest of the answer.
func TestTechDocs_Slow(t *testing.T) {
	s := snapshot(documents())
	api := backstage.New(backstage.Options{
		Catalog: func() *catalog.Snapshot { return s }, Viewer: everything, Anonymous: true, Log: quiet(),
		Finders: []backstage.Finder{backstage.TechDocs(slow{})},
	})
	var found searchAnswer
	if get(t, api, "/api/search/query?term=cart", &found); found.NumberOfResults == 0 {
		t.Errorf("%+v", found)
	}
}

type slow struct{}

func (slow) Search(context.Context, catalog.View, docs.Query) (docs.Found, error) {
	return docs.Found{}, docs.ErrSlow
}
