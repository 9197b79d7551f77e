package backstage_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever a query string holds, there is an answer in JSON that blames the asker or answers, and a page's
// cursors can be followed.
func FuzzQuery(f *testing.F) {
	paths := []string{
		"/api/catalog/entities", "/api/catalog/entities/by-query", "/api/catalog/entity-facets", "/api/search/query",
		"/api/catalog/entities/by-name/component/default/web",
	}
	for i, query := range []string{
		"filter=kind=component,spec.type=service&filter=metadata.tags.java&limit=2&offset=1&order=asc:metadata.name&fields=kind,metadata.name",
		"filter=kind=component&orderField=metadata.name,desc&limit=1&fullTextFilterTerm=a&fullTextFilterFields=metadata.name,relations.ownedBy",
		"facet=kind&facet=spec.flags.Paged&filter=a=,=",
		"term=cart%20kind:component&types[0]=software-catalog&filters[kind]=Component&pageLimit=3",
		"fields=metadata.annotations.github.com/project-slug&after=eyJsaW1pdCI6MSwib2Zmc2V0IjoyfQ",
	} {
		f.Add(uint8(i), query, "x")
	}
	api := open(documents())
	f.Fuzz(func(t *testing.T, which uint8, query, word string) {
		path := paths[int(which)%len(paths)]
		body := fuzzAsk(t, api, path+"?"+query)
		fuzzAsk(t, api, path+"?"+url.Values{
			"filter": {word}, "fields": {word}, "facet": {word}, "term": {word}, "fullTextFilterTerm": {word}, "orderField": {word + ",desc"},
		}.Encode())
		fuzzAsk(t, api, "/api/catalog/entities/by-query?"+url.Values{"cursor": {word}}.Encode())
		for _, cursor := range cursorsIn(body) {
			next := fuzzAsk(t, api, "/api/catalog/entities/by-query?limit=1&cursor="+cursor)
			if !strings.HasPrefix(next, `{"items":[`) {
				t.Errorf("%s: its cursor is not understood: %s", query, next)
			}
		}
	})
}

func fuzzAsk(t *testing.T, api http.Handler, target string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", http.NoBody)
	u, err := url.ParseRequestURI("http://localhost" + target)
	if err != nil {
		return "" // the server of net/http would have refused it
	}
	r.URL = u
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	if w.Code != http.StatusOK && w.Code != http.StatusBadRequest || !json.Valid(w.Body.Bytes()) {
		t.Errorf("%s: %d %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}
