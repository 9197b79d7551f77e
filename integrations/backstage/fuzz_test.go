package backstage_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"callboard/catalog"
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
		"term=empty%20cart&filters[name]=checkout&filters[kind][0]=component&pageCursor=eyJsaW1pdCI6MSwib2Zmc2V0IjoyfQ",
		"fields=metadata.annotations.github.com/project-slug&after=eyJsaW1pdCI6MSwib2Zmc2V0IjoyfQ",
	} {
		f.Add(uint8(min(i, 3)), query, `"cart* OR (`)
	}
	api := documented(f, catalog.Everything{})
	f.Fuzz(func(t *testing.T, which uint8, query, word string) {
		path := paths[int(which)%len(paths)]
		body := fuzzAsk(t, api, path+"?"+query)
		fuzzAsk(t, api, path+"?"+url.Values{
			"filter": {word}, "fields": {word}, "facet": {word}, "term": {word}, "fullTextFilterTerm": {word}, "orderField": {word + ",desc"},
			"filters[name]": {word}, "filters[" + word + "]": {word}, "types[0]": {word, "techdocs"},
		}.Encode())
		fuzzAsk(t, api, "/api/search/query?"+url.Values{"pageCursor": {word}}.Encode())
		fuzzAsk(t, api, "/api/catalog/entities?"+url.Values{"after": {word}}.Encode())
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

// FuzzRefs: whatever the body of by-refs holds, each ref has an answer in its place, or the asker is blamed.
func FuzzRefs(f *testing.F) {
	for _, body := range []string{
		`{"entityRefs":["component:default/web","WEB","group:team-pay",""],"fields":["kind","metadata.name"]}`,
		`{"entityRefs":[],"fields":null}`, `{"entityRefs":"web"}`, `[`, "{\"entityRefs\":[\"\\u0000:\xff/\"]}", `{"entityRefs":["a"],"fields":["a[0]"]}`,
	} {
		f.Add(body)
	}
	api := open(documents())
	f.Fuzz(func(t *testing.T, body string) {
		response, text := ask(t, api, http.MethodPost, "/api/catalog/entities/by-refs", body)
		if response.Code == http.StatusBadRequest && strings.Contains(text, `"InputError"`) {
			return
		}
		var asked struct{ EntityRefs []string }
		var answered struct{ Items []json.RawMessage }
		if err := errors.Join(json.Unmarshal([]byte(body), &asked), json.Unmarshal([]byte(text), &answered)); err != nil || len(answered.Items) != len(asked.EntityRefs) {
			t.Errorf("%q: %d %s %v", body, response.Code, text, err)
		}
	})
}
