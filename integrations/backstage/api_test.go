package backstage_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/policy"
	"callboard/integrations/backstage"
)

// describe makes a document of a ref, a spec in JSON, and what set adds to the metadata.
func describe(kind, ref, spec string, relations []string, set func(m *catalog.Metadata)) *catalog.Document {
	parsed, err := catalog.ParseRef(ref, kind, catalog.DefaultNamespace)
	if err != nil {
		panic(err)
	}
	_, name, _ := strings.Cut("/"+ref, "/")
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	origin := catalog.Origin{Source: "acme", Path: parsed.Name + "/catalog-info.yaml", Doc: 1, Line: 1}
	e := &catalog.Entity{
		Ref: parsed, APIVersion: "backstage.io/v1alpha1", Kind: kind, Spec: json.RawMessage(spec), Origin: origin,
		Metadata: catalog.Metadata{Name: name, Namespace: parsed.Namespace},
	}
	e.Type, e.Lifecycle = e.SpecString("type"), e.SpecString("lifecycle")
	for i := 0; i+1 < len(relations); i += 2 {
		target, err := catalog.ParseRef(relations[i+1], "", catalog.DefaultNamespace)
		if err != nil {
			panic(err)
		}
		e.Declares = append(e.Declares, catalog.Relation{Type: relations[i], Target: target})
	}
	if set != nil {
		set(&e.Metadata)
	}
	return &catalog.Document{Origin: origin, Ref: parsed, Entity: e, Holds: true}
}

// documents is the catalog of most tests.
func documents() []*catalog.Document {
	return []*catalog.Document{
		describe("Component", "checkout", `{"type":"service","lifecycle":"production","owner":"team-pay","system":"shop","dependsOn":["resource:orders"],"tier":1.0,"flags":{"Paged":true,"note":null}}`,
			[]string{"ownedBy", "group:team-pay", "partOf", "system:shop", "dependsOn", "resource:orders"}, func(m *catalog.Metadata) {
				m.Title, m.Description = "Check-out", "Turns a cart into an order."
				m.Tags = []string{"java", "pci"}
				m.Labels = catalog.Pairs{{Key: "acme.example/tier", Value: "Gold"}}
				m.Annotations = catalog.Pairs{{Key: "github.com/project-slug", Value: "acme/checkout"}, {Key: "note", Value: strings.Repeat("long ", 50)}}
				m.Links = []catalog.Link{{URL: "https://checkout.example.com/", Title: "Live"}}
			}),
		describe("Component", "Cart", `{"type":"service","lifecycle":"experimental","owner":"team-web"}`,
			[]string{"ownedBy", "group:team-web"}, func(m *catalog.Metadata) { m.Title = "Basket"; m.Tags = []string{"go"} }),
		describe("Component", "web", `{"type":"website","lifecycle":"production","owner":"team-web"}`,
			[]string{"ownedBy", "group:team-web", "dependsOn", "component:checkout", "dependsOn", "component:missing"},
			func(m *catalog.Metadata) { m.Tags = []string{"java", "typescript"} }),
		describe("Component", "staging/checkout", `{"type":"Service","lifecycle":"production","owner":"default/team-pay"}`,
			[]string{"ownedBy", "group:team-pay"}, nil),
		describe("API", "orders", `{"type":"openapi","lifecycle":"production","owner":"team-pay","definition":"openapi: 3.1.0"}`,
			[]string{"ownedBy", "group:team-pay", "apiProvidedBy", "component:checkout"}, nil),
		describe("Resource", "orders", `{"type":"database","owner":"team-pay"}`, []string{"ownedBy", "group:team-pay"},
			func(m *catalog.Metadata) { m.Description = "All orders." }),
		describe("System", "shop", `{"owner":"team-pay"}`, []string{"ownedBy", "group:team-pay"}, nil),
		describe("Group", "team-pay", `{"type":"team","children":[],"profile":{"displayName":"Payments"}}`, nil, nil),
		describe("Group", "team-web", `{"type":"team","children":[]}`, nil, nil),
		describe("User", "mira", `{"profile":{"displayName":"Mira Ruiz","email":"mira@acme.example"},"memberOf":["team-pay"]}`,
			[]string{"memberOf", "group:team-pay"}, nil),
	}
}

func snapshot(docs []*catalog.Document) *catalog.Snapshot {
	return catalog.NewSnapshot(catalog.Contents{
		Documents: docs, Revision: 7,
		Sources: []catalog.SourceStatus{{Name: "acme", Web: "https://git.example.com/acme/catalog/blob/main/"}},
	})
}

func everything(policy.Actor) catalog.Viewer { return catalog.Everything{} }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// open gives an API over documents, of which everybody on this machine sees everything.
func open(docs []*catalog.Document) *backstage.API {
	s := snapshot(docs)
	return backstage.New(backstage.Options{
		Catalog: func() *catalog.Snapshot { return s }, Viewer: everything, Anonymous: true, Log: quiet(),
	})
}

// ask sends a request and gives the answer with its body.
func ask(t testing.TB, api http.Handler, method, target, body string, headers ...string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w, w.Body.String()
}

// get asks for an answer that must be fine, and decodes it.
func get(t testing.TB, api http.Handler, target string, into any) {
	t.Helper()
	response, body := ask(t, api, http.MethodGet, target, "")
	if response.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", target, response.Code, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%s: %v in %s", target, err, body)
	}
}

type entity struct {
	Kind     string
	Metadata struct{ Name, Namespace, UID, Etag string }
}

func refs(entities []entity) []string {
	list := []string{}
	for _, e := range entities {
		list = append(list, catalog.NewRef(e.Kind, e.Metadata.Namespace, e.Metadata.Name).String())
	}
	return list
}

type page struct {
	Items      []entity
	TotalItems int
	PageInfo   struct{ NextCursor, PrevCursor string }
}

// TestFilters asks both lists with the same filters, as they share their meaning.
func TestFilters(t *testing.T) {
	api := open(documents())
	checkout, cart, web, staging := "component:default/checkout", "component:default/cart", "component:default/web", "component:staging/checkout"
	for _, test := range []struct {
		query string
		want  []string
	}{
		{"filter=kind=component", []string{cart, checkout, web, staging}},
		{"filter=KIND=Component", []string{cart, checkout, web, staging}},
		{"filter=kind=component,spec.type=service", []string{cart, checkout, staging}},
		{"filter=kind=component,kind=api", []string{"api:default/orders", cart, checkout, web, staging}},
		{"filter=kind=api&filter=kind=component,spec.type=website", []string{"api:default/orders", web}},
		{"filter=kind%3Dapi&filter=kind%3Dapi", []string{"api:default/orders"}},
		{"filter=metadata.name=cart", []string{cart}},
		{"filter=metadata.namespace=staging", []string{staging}},
		{"filter=metadata.tags=java", []string{checkout, web}},
		{"filter=metadata.tags=java,metadata.tags=go", []string{cart, checkout, web}},
		{"filter=metadata.tags.java=true,metadata.tags.pci=true", []string{checkout}},
		{"filter=metadata.tags.java", []string{checkout, web}},
		{"filter=metadata.tags", []string{cart, checkout, web}},
		{"filter=metadata.labels.acme.example/tier=gold", []string{checkout}},
		{"filter=metadata.annotations.github.com/project-slug", []string{checkout}},
		{"filter=metadata.annotations.note", []string{checkout}},
		{"filter=metadata.annotations.note=long", []string{}},
		{"filter=metadata.annotations.backstage.io/view-url=https://git.example.com/acme/catalog/blob/main/web/catalog-info.yaml", []string{web}},
		{"filter=metadata.links.title=live", []string{checkout}},
		{"filter=metadata.uid=" + catalog.UID(catalog.NewRef("component", "", "web")), []string{web}},
		{"filter=metadata.etag", []string{}},
		{"filter=spec.tier=1", []string{checkout}},
		{"filter=spec.flags.paged=TRUE", []string{checkout}},
		{"filter=spec.flags.note", []string{checkout}},
		{"filter=spec.flags.note=", []string{}},
		{"filter=spec.flags", []string{}},
		{"filter=spec.dependson=resource:orders", []string{checkout}},
		{"filter=spec.dependsOn.resource:orders=true", []string{checkout}},
		{"filter=spec.profile.displayName=payments", []string{"group:default/team-pay"}},
		{"filter=spec.children", []string{}},
		{"filter=relations.dependsOn=component:default/missing", []string{web}},
		{"filter=relations.ownedby=group:default/team-web", []string{cart, web}},
		{"filter=relations.dependsOn", []string{checkout, web}},
		{"filter=relations.hasMember=user:default/mira", []string{"group:default/team-pay"}},
		{"filter=relations", []string{}},
		{"filter=nonsense=x", []string{}},
		{"filter=" + strings.Repeat("k", 300) + "=x", []string{}},
		{"filter=%20kind%20=%20api%20,%20", []string{"api:default/orders"}},
		{"filter=kind,kind=api", []string{"api:default/orders"}},
		{"filter=spec.definition=openapi: 3.1.0", []string{"api:default/orders"}},
	} {
		target := strings.ReplaceAll(test.query, " ", "%20")
		var found page
		get(t, api, "/api/catalog/entities/by-query?"+target, &found)
		if diff := cmp.Diff(test.want, refs(found.Items)); diff != "" || found.TotalItems != len(test.want) {
			t.Errorf("by-query %s, total %d (-want +got):\n%s", test.query, found.TotalItems, diff)
		}
		var list []entity
		get(t, api, "/api/catalog/entities?"+target, &list)
		if diff := cmp.Diff(test.want, refs(list)); diff != "" {
			t.Errorf("entities %s (-want +got):\n%s", test.query, diff)
		}
	}
	var all, empty []entity
	get(t, api, "/api/catalog/entities", &all)
	get(t, api, "/api/catalog/entities?filter=&filter=,", &empty)
	if len(all) != 10 || len(empty) != 10 {
		t.Errorf("without a filter %d, with an empty one %d of 10", len(all), len(empty))
	}
}

func TestByQuery(t *testing.T) {
	api := open(documents())
	checkout, cart, web, staging := "component:default/checkout", "component:default/cart", "component:default/web", "component:staging/checkout"
	for _, test := range []struct {
		query string
		want  []string
		total int
	}{
		{"filter=kind=component&limit=2", []string{cart, checkout}, 4},
		{"filter=kind=component&limit=2&offset=1", []string{checkout, web}, 4},
		{"filter=kind=component&offset=9", []string{}, 4},
		{"filter=kind=component&limit=0", []string{}, 4},
		{"filter=kind=component&orderField=metadata.name,desc", []string{web, checkout, staging, cart}, 4},
		{"filter=kind=component&orderField=metadata.name", []string{cart, checkout, staging, web}, 4},
		{"filter=kind=component&orderField=metadata.title,asc", []string{cart, checkout, web, staging}, 4},
		{"filter=kind=component&orderField=metadata.title,desc", []string{checkout, cart, web, staging}, 4},
		{"filter=kind=component&orderField=spec.type,desc&orderField=metadata.name,asc", []string{web, cart, checkout, staging}, 4},
		{"filter=kind=component&orderField=metadata.tags,asc", []string{cart, checkout, web, staging}, 4},
		{"filter=kind=component&orderField=nonsense", []string{cart, checkout, web, staging}, 4},
		{"fullTextFilterTerm=HECK&fullTextFilterFields=metadata.name", []string{checkout, staging}, 2},
		{"fullTextFilterTerm=%20basket%20&fullTextFilterFields=metadata.name,metadata.title", []string{cart}, 1},
		{"fullTextFilterTerm=ruiz&fullTextFilterFields=spec.profile.displayName", []string{"user:default/mira"}, 1},
		{"fullTextFilterTerm=ar&orderField=metadata.name,asc", []string{cart}, 1},
		{"fullTextFilterTerm=checkout", []string{}, 0},
		{"fullTextFilterTerm=" + catalog.UID(catalog.NewRef("component", "", "web"))[:13], []string{web}, 1},
		{"fullTextFilterTerm=team-pay&fullTextFilterFields=relations.ownedBy&filter=kind=component", []string{checkout, staging}, 2},
		{"fullTextFilterTerm=&fullTextFilterFields=metadata.name&filter=kind=api", []string{"api:default/orders"}, 1},
		{"fullTextFilterTerm=o&fullTextFilterFields=metadata.name&limit=1", []string{"api:default/orders"}, 5},
		{"fullTextFilterTerm=%ff%00&fullTextFilterFields=metadata.name", []string{}, 0},
	} {
		var found page
		get(t, api, "/api/catalog/entities/by-query?"+test.query, &found)
		if diff := cmp.Diff(test.want, refs(found.Items)); diff != "" || found.TotalItems != test.total {
			t.Errorf("%s: total %d, want %d (-want +got):\n%s", test.query, found.TotalItems, test.total, diff)
		}
	}
}

// TestCursors walks forth and back through every order with every size of page.
func TestCursors(t *testing.T) {
	api := open(documents())
	for _, order := range []string{"", "metadata.name,asc", "metadata.name,desc", "metadata.title,asc", "metadata.title,desc", "spec.type,desc", "metadata.tags,asc", "kind,asc"} {
		base := "/api/catalog/entities/by-query?" + url.Values{"orderField": {order}}.Encode()
		if order == "" {
			base = "/api/catalog/entities/by-query?"
		}
		var whole page
		get(t, api, base, &whole)
		for limit := 1; limit < 11; limit++ {
			size := "&limit=" + string(rune('0'+limit%10))
			if limit == 10 {
				size = "&limit=10"
			}
			var pages []page
			for next := base; next != ""; {
				var p page
				get(t, api, next+size, &p)
				pages = append(pages, p)
				next = ""
				if p.PageInfo.NextCursor != "" {
					next = "/api/catalog/entities/by-query?cursor=" + url.QueryEscape(p.PageInfo.NextCursor)
				}
			}
			var forth []string
			for i, p := range pages {
				forth = append(forth, refs(p.Items)...)
				if p.TotalItems != 10 || (p.PageInfo.PrevCursor != "") != (i > 0) {
					t.Errorf("%s by %d, page %d: total %d, back %q", order, limit, i, p.TotalItems, p.PageInfo.PrevCursor)
				}
			}
			if diff := cmp.Diff(refs(whole.Items), forth); diff != "" {
				t.Errorf("%s by %d (-whole +pages):\n%s", order, limit, diff)
			}
			for i := len(pages) - 1; i > 0; i-- {
				var p page
				get(t, api, "/api/catalog/entities/by-query?cursor="+pages[i].PageInfo.PrevCursor+size, &p)
				if diff := cmp.Diff(refs(pages[i-1].Items), refs(p.Items)); diff != "" || p.PageInfo.NextCursor == "" {
					t.Errorf("%s by %d, back from page %d (-want +got):\n%s", order, limit, i, diff)
				}
			}
		}
	}
}

// A cursor goes on where it was, although the entity at which it stood, or its value, is gone.
func TestCursor_OfAnOlderCatalog(t *testing.T) {
	for _, order := range []string{"metadata.title,asc", "metadata.title,desc", "metadata.name,asc", "metadata.name,desc"} {
		current := snapshot(documents())
		api := backstage.New(backstage.Options{Catalog: func() *catalog.Snapshot { return current }, Viewer: everything, Anonymous: true, Log: quiet()})
		var first, second page
		base := "/api/catalog/entities/by-query?filter=kind=component&limit=1&orderField=" + order
		get(t, api, base, &first)
		next := "/api/catalog/entities/by-query?cursor=" + first.PageInfo.NextCursor + "&limit=1"
		get(t, api, next, &second)
		gone := refs(first.Items)[0]
		docs := documents()
		for i, d := range docs {
			if d.Ref.String() == gone {
				docs = append(docs[:i:i], docs[i+1:]...)
				break
			}
		}
		current = catalog.NewSnapshot(catalog.Contents{Documents: docs, Revision: 8})
		var after page
		get(t, api, next, &after)
		if diff := cmp.Diff(refs(second.Items), refs(after.Items)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", order, diff)
		}
	}
}

func TestEntities(t *testing.T) {
	api := open(documents())
	var list []entity
	get(t, api, "/api/catalog/entities?order=desc:kind&order=asc:metadata.name&filter=kind=user,kind=group,kind=api", &list)
	if diff := cmp.Diff([]string{"user:default/mira", "group:default/team-pay", "group:default/team-web", "api:default/orders"}, refs(list)); diff != "" {
		t.Error(diff)
	}
	var walked []string
	target := "/api/catalog/entities?offset=1&limit=4"
	for target != "" {
		response, body := ask(t, api, http.MethodGet, target, "")
		if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) > 4 {
			t.Fatal(err, body)
		}
		walked = append(walked, refs(list)...)
		link := response.Header().Get("Link")
		target, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
		if link != "" && !strings.HasSuffix(link, `>; rel="next"`) {
			t.Errorf("Link: %s", link)
		}
		list = nil
	}
	get(t, api, "/api/catalog/entities", &list)
	if diff := cmp.Diff(refs(list)[1:], walked); diff != "" {
		t.Error(diff)
	}
}

func TestByName(t *testing.T) {
	api := open(documents())
	response, body := ask(t, api, http.MethodGet, "/api/catalog/entities/by-name/Component/Default/CHECKOUT", "")
	s := snapshot(documents())
	view := s.As(catalog.Everything{})
	e, _ := view.Get(catalog.NewRef("component", "", "checkout"))
	want, err := view.Describe(e)
	if err != nil || response.Code != http.StatusOK || body != string(want) {
		t.Errorf("%v %d\n%s\nwant\n%s", err, response.Code, body, want)
	}
	if got := response.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Error(got)
	}
	var decoded entity
	if err := json.Unmarshal([]byte(body), &decoded); err != nil || decoded.Metadata.UID != catalog.UID(e.Ref) || len(decoded.Metadata.Etag) != 40 {
		t.Errorf("%v %+v", err, decoded)
	}
	response, body = ask(t, api, http.MethodHead, "/api/catalog/entities/by-name/component/default/checkout", "")
	if response.Code != http.StatusOK {
		t.Error(response.Code, body)
	}
}

func TestFields(t *testing.T) {
	api := open(documents())
	for fields, want := range map[string]string{
		"kind":                      `{"kind":"Component"}`,
		"kind,metadata.name":        `{"kind":"Component","metadata":{"name":"checkout"}}`,
		"metadata.name&fields=kind": `{"metadata":{"name":"checkout"},"kind":"Component"}`,
		"metadata.annotations.github.com/project-slug,spec.owner": `{"metadata":{"annotations":{"github.com/project-slug":"acme/checkout"}},"spec":{"owner":"team-pay"}}`,
		"metadata.labels.acme.example/tier":                       `{"metadata":{"labels":{"acme.example/tier":"Gold"}}}`,
		"metadata.tags,spec.flags,spec.flags.note,spec.flags":     `{"metadata":{"tags":["java","pci"]},"spec":{"flags":{"Paged":true,"note":null}}}`,
		"spec.flags.note":                          `{"spec":{"flags":{"note":null}}}`,
		"spec.flags.Paged,spec.flags":              `{"spec":{"flags":{"Paged":true,"note":null}}}`,
		"relations":                                `{"relations":[{"type":"dependencyOf","targetRef":"component:default/web"},{"type":"dependsOn","targetRef":"resource:default/orders"},{"type":"ownedBy","targetRef":"group:default/team-pay"},{"type":"partOf","targetRef":"system:default/shop"},{"type":"providesApi","targetRef":"api:default/orders"}]}`,
		"nothing,metadata.nothing,kind.x,.,..kind": `{}`,
	} {
		target := "filter=kind=component,metadata.name=checkout,metadata.namespace=default&fields=" + fields
		if _, body := ask(t, api, http.MethodGet, "/api/catalog/entities?"+target, ""); body != "["+want+"]" {
			t.Errorf("%s\n%s\nwant\n[%s]", fields, body, want)
		}
		if _, body := ask(t, api, http.MethodGet, "/api/catalog/entities/by-query?"+target, ""); body != `{"items":[`+want+`],"totalItems":1,"pageInfo":{}}` {
			t.Errorf("by-query %s\n%s", fields, body)
		}
	}
	_, whole := ask(t, api, http.MethodGet, "/api/catalog/entities", "")
	if _, body := ask(t, api, http.MethodGet, "/api/catalog/entities?fields=&fields=,", ""); body != whole {
		t.Error("empty fields are not all fields:", body)
	}
}

func TestByRefs(t *testing.T) {
	api := open(documents())
	for _, test := range []struct{ query, body, want string }{
		{
			"", `{"entityRefs":["user:default/mira","component:default/none","Component:CART","mira","",":","user:default/mira"],"fields":["kind"]}`,
			`{"items":[{"kind":"User"},null,{"kind":"Component"},null,null,null,{"kind":"User"}]}`,
		},
		{"?filter=kind=user&fields=metadata.name", `{"entityRefs":["component:default/web","user:default/mira"]}`, `{"items":[null,{"metadata":{"name":"mira"}}]}`},
		{"", `{"entityRefs":[]}`, `{"items":[]}`},
	} {
		response, body := ask(t, api, http.MethodPost, "/api/catalog/entities/by-refs"+test.query, test.body)
		if response.Code != http.StatusOK || body != test.want {
			t.Errorf("%s: %d %s\nwant %s", test.body, response.Code, body, test.want)
		}
	}
	response, body := ask(t, api, http.MethodPost, "/api/catalog/entities/by-refs", `{"entityRefs":["`+strings.Repeat("x", 3<<20)+`"]}`)
	if response.Code != http.StatusRequestEntityTooLarge || !strings.Contains(body, `"name":"PayloadTooLargeError"`) {
		t.Error(response.Code, body)
	}
}

func TestFacets(t *testing.T) {
	api := open(documents())
	for query, want := range map[string]string{
		"facet=kind":                                          `{"kind":[{"value":"API","count":1},{"value":"Component","count":4},{"value":"Group","count":2},{"value":"Resource","count":1},{"value":"System","count":1},{"value":"User","count":1}]}`,
		"facet=spec.type&filter=kind=component":               `{"spec.type":[{"value":"Service","count":1},{"value":"service","count":2},{"value":"website","count":1}]}`,
		"facet=metadata.tags&facet=nothing&facet=":            `{"metadata.tags":[{"value":"go","count":1},{"value":"java","count":2},{"value":"pci","count":1},{"value":"typescript","count":1}],"nothing":[]}`,
		"facet=Spec.Lifecycle&facet=Spec.Lifecycle":           `{"Spec.Lifecycle":[{"value":"experimental","count":1},{"value":"production","count":4}]}`,
		"facet=metadata.annotations.note":                     `{"metadata.annotations.note":[]}`,
		"facet=relations.ownedBy&filter=metadata.tags":        `{"relations.ownedBy":[{"value":"group:default/team-pay","count":1},{"value":"group:default/team-web","count":2}]}`,
		"facet=spec.flags.Paged&facet=metadata.tags.pci":      `{"spec.flags.Paged":[{"value":"true","count":1}],"metadata.tags.pci":[{"value":"true","count":1}]}`,
		"facet=kind&filter=kind=nothing":                      `{"kind":[]}`,
		"facet=metadata.namespace&filter=metadata.name=check": `{"metadata.namespace":[]}`,
	} {
		response, body := ask(t, api, http.MethodGet, "/api/catalog/entity-facets?"+query, "")
		if response.Code != http.StatusOK || body != `{"facets":`+want+"}" {
			t.Errorf("%s: %d\n%s\nwant\n%s", query, response.Code, body, want)
		}
	}
}

// TestETag: an answer holds until the catalog changes, and for its asker.
func TestETag(t *testing.T) {
	current := snapshot(documents())
	api := backstage.New(backstage.Options{
		Catalog: func() *catalog.Snapshot { return current }, Viewer: everything, Anonymous: true, Log: quiet(),
		Tokens: []backstage.Token{token("s3cret", "ci")},
	})
	targets := []string{
		"/api/catalog/entities", "/api/catalog/entities/by-query?limit=1", "/api/catalog/entities/by-name/component/default/web",
		"/api/catalog/entity-facets?facet=kind",
	}
	for _, target := range targets {
		response, _ := ask(t, api, http.MethodGet, target, "")
		etag := response.Header().Get("ETag")
		if !strings.HasPrefix(etag, `W/"`) || response.Header().Get("Vary") != "Authorization, Accept-Encoding" {
			t.Errorf("%s: %v", target, response.Header())
		}
		for _, sent := range []string{etag, `"x", ` + etag, strings.TrimPrefix(etag, "W/"), "*"} {
			response, body := ask(t, api, http.MethodGet, target, "", "If-None-Match", sent)
			if response.Code != http.StatusNotModified || body != "" || response.Header().Get("ETag") != etag {
				t.Errorf("%s with %s: %d %s", target, sent, response.Code, body)
			}
		}
		current = current.WithSources(nil) // a check that found nothing new
		if response, _ := ask(t, api, http.MethodGet, target, "", "If-None-Match", etag); response.Code != http.StatusNotModified {
			t.Errorf("%s after a check: %d", target, response.Code)
		}
		if response, _ := ask(t, api, http.MethodGet, target, "", "If-None-Match", etag, "Authorization", "Bearer s3cret"); response.Code != http.StatusOK {
			t.Errorf("%s by somebody else: %d", target, response.Code)
		}
		current = snapshot(documents())
		if response, _ := ask(t, api, http.MethodGet, target, "", "If-None-Match", etag); response.Code != http.StatusOK {
			t.Errorf("%s after a change: %d", target, response.Code)
		}
	}
	if response, _ := ask(t, api, http.MethodGet, "/api/catalog/entities?limit=x", "", "If-None-Match", "*"); response.Code != http.StatusBadRequest {
		t.Errorf("a wrong question: %d", response.Code)
	}
}

func token(text, user string) backstage.Token {
	return backstage.Token{
		Secret: func(context.Context) (string, error) {
			if text == "" {
				return "", errors.New("not set")
			}
			return text, nil
		},
		User: catalog.NewRef("user", "", user), Name: "env:" + strings.ToUpper(user),
	}
}
