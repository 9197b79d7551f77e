package backstage_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/policy"
	"callboard/integrations/backstage"
)

func serve(api http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w.Code
}

// canaries are what the asker of TestNoLeak must not notice.
func canaries() []*catalog.Document {
	return []*catalog.Document{
		describe("Component", "canary-vault", `{"type":"canary-type","lifecycle":"production","owner":"canary-team","profile":{"displayName":"bird"}}`,
			[]string{"ownedBy", "group:canary-team", "dependsOn", "component:checkout", "partOf", "system:shop"},
			func(m *catalog.Metadata) {
				m.Title, m.Tags, m.Description = "Aardvark canary", []string{"aaa", "canary", "java"}, "a bird"
				m.Labels = catalog.Pairs{{Key: "canary", Value: "true"}}
			}),
		describe("Group", "canary-team", `{"type":"team","children":[]}`, nil, nil),
		describe("API", "canary-api", `{"type":"openapi","lifecycle":"production","owner":"team-pay"}`,
			[]string{"apiProvidedBy", "component:web", "ownedBy", "group:team-pay"}, nil),
		describe("User", "canary", `{"memberOf":["team-pay"]}`, []string{"memberOf", "group:team-pay"}, nil),
	}
}

// TestNoLeak asks everything of a catalog with hidden entities and of one that never had them. No answer
// may differ: threats.md row 27.
func TestNoLeak(t *testing.T) {
	hidden := canaries()
	viewer := catalog.ViewerFunc(func(e *catalog.Entity) bool {
		return !slices.ContainsFunc(hidden, func(d *catalog.Document) bool { return d.Ref == e.Ref })
	})
	apiOver := func(docs []*catalog.Document) http.Handler {
		s := snapshot(docs)
		return backstage.New(backstage.Options{
			Catalog: func() *catalog.Snapshot { return s }, Anonymous: true, Log: quiet(),
			Viewer: func(a policy.Actor) catalog.Viewer {
				if a.User.Name == "all" {
					return catalog.Everything{}
				}
				return viewer
			},
			Tokens: []backstage.Token{token("all", "all")},
		})
	}
	with, without := apiOver(append(documents(), hidden...)), apiOver(documents())

	// One who sees everything fills caches that the asker's answers must not come from.
	targets := leakTargets()
	telling := 0
	for _, target := range targets {
		_, body := ask(t, with, http.MethodGet, target, "", "Authorization", "Bearer all")
		_, other := ask(t, without, http.MethodGet, target, "", "Authorization", "Bearer all")
		if body != other {
			telling++
		}
	}
	if telling < len(targets)*3/4 {
		t.Errorf("only %d of %d questions are about anything that is hidden", telling, len(targets))
	}
	for _, target := range targets {
		want, body := ask(t, without, http.MethodGet, target, "")
		got, leaky := ask(t, with, http.MethodGet, target, "")
		if diff := cmp.Diff(body, leaky); diff != "" || got.Code != want.Code || got.Header().Get("Link") != want.Header().Get("Link") {
			t.Errorf("%s tells of hidden entities: %d, %d %s", target, want.Code, got.Code, diff)
		}
		for _, cursor := range cursorsIn(leaky) {
			next := "/api/catalog/entities/by-query?limit=2&cursor=" + cursor
			_, want := ask(t, without, http.MethodGet, next, "")
			if _, got := ask(t, with, http.MethodGet, next, ""); got != want {
				t.Errorf("%s, continued, tells of hidden entities (-want +got):\n%s", target, cmp.Diff(want, got))
			}
		}
	}
	refs := `{"entityRefs":["component:default/canary-vault","group:default/canary-team","component:default/web","group:default/team-pay","component:default/never"]}`
	for _, target := range []string{"/api/catalog/entities/by-refs", "/api/catalog/entities/by-refs?filter=kind=component&filter=relations.ownerOf"} {
		_, want := ask(t, without, http.MethodPost, target, refs)
		if _, got := ask(t, with, http.MethodPost, target, refs); got != want {
			t.Errorf("%s tells of hidden entities (-want +got):\n%s", target, cmp.Diff(want, got))
		}
	}
}

func leakTargets() []string {
	list := []string{
		"", "?filter=kind=component", "?filter=metadata.tags=java", "?filter=metadata.tags.canary", "?filter=spec.type=canary-type",
		"?filter=relations.ownedBy=group:default/canary-team", "?filter=relations.dependencyOf=component:default/canary-vault",
		"?filter=relations.hasPart", "?filter=relations.hasMember=user:default/canary", "?filter=relations.providesApi",
		"?filter=metadata.labels.canary",
	}
	targets := []string{
		"/api/catalog/entities/by-name/component/default/canary-vault", "/api/catalog/entities/by-name/group/default/team-pay",
		"/api/catalog/entities/by-name/component/default/checkout", "/api/catalog/entities/by-name/component/default/web",
		"/api/catalog/entities?limit=3&order=asc:metadata.name", "/api/catalog/entities?limit=3&order=asc:relations.ownerOf",
		"/api/catalog/entities/by-query?limit=3&orderField=metadata.title,asc", "/api/catalog/entities/by-query?limit=2&orderField=relations.ownerOf,desc",
		"/api/catalog/entities/by-query?limit=2&orderField=relations.dependencyOf,asc", "/api/catalog/entities/by-query?limit=1&offset=2",
		"/api/catalog/entities/by-query?fullTextFilterTerm=canary&fullTextFilterFields=metadata.name,metadata.title",
		"/api/catalog/entities/by-query?fullTextFilterTerm=canary&fullTextFilterFields=relations.ownerOf,relations.hasPart",
		"/api/search/query", "/api/search/query?term=canary", "/api/search/query?term=java&pageLimit=1", "/api/search/query?filters[kind]=API",
	}
	for _, query := range list {
		targets = append(targets, "/api/catalog/entities"+query)
		query = strings.Replace(query, "?", "&", 1)
		targets = append(targets, "/api/catalog/entities/by-query?limit=2"+query,
			"/api/catalog/entity-facets?facet=kind&facet=spec.type&facet=metadata.tags&facet=relations.ownerOf&facet=relations.hasMember&facet=relations.dependencyOf&facet=relations.providesApi"+query)
	}
	return targets
}

func cursorsIn(body string) []string {
	var p page
	if json.Unmarshal([]byte(body), &p) != nil {
		return nil
	}
	return slices.DeleteFunc([]string{p.PageInfo.NextCursor, p.PageInfo.PrevCursor}, func(c string) bool { return c == "" })
}
