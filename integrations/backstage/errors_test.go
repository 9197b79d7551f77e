package backstage_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/policy"
	"callboard/integrations/backstage"
)

var update = flag.Bool("update", false, "rewrite testdata/errors.golden")

// TestErrors asks what cannot be answered. Every answer has Backstage's shape; they stand in the golden file.
func TestErrors(t *testing.T) {
	api := open(documents())
	opaque := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	var out strings.Builder
	for _, test := range []struct{ method, target, body string }{
		{"GET", "/api/catalog/entities/by-name/component/default/chekout", ""},
		{"GET", "/api/catalog/entities/by-name/component/default", ""},
		{"GET", "/api/catalog/nothing?x=1", ""},
		{"GET", "/api/search/nothing", ""},
		{"DELETE", "/api/catalog/entities/by-name/component/default/web", ""},
		{"POST", "/api/catalog/refresh", `{"entityRef":"component:default/web"}`},
		{"GET", "/api/catalog/entities?filter=x=2,=a", ""},
		{"GET", "/api/catalog/entities?filter=" + strings.Repeat("a=1,", 501), ""},
		{"GET", "/api/catalog/entities?filter=" + keys(31), ""},
		{"GET", "/api/catalog/entities?filter=%zz", ""},
		{"GET", "/api/catalog/entities?limit=0", ""},
		{"GET", "/api/catalog/entities?offset=-1", ""},
		{"GET", "/api/catalog/entities?offset=1.5", ""},
		{"GET", "/api/catalog/entities?limit=99999999999999999999", ""},
		{"GET", "/api/catalog/entities?limit=1&limit=2", ""},
		{"GET", "/api/catalog/entities?after=", ""},
		{"GET", "/api/catalog/entities?after=%00", ""},
		{"GET", "/api/catalog/entities?after=" + opaque(`{"limit":0,"offset":0}`), ""},
		{"GET", "/api/catalog/entities?after=" + opaque(`{"limit":1,"offset":99999999999}`), ""},
		{"GET", "/api/catalog/entities?order=metadata.name", ""},
		{"GET", "/api/catalog/entities?order=asc:", ""},
		{"GET", "/api/catalog/entities?fields=metadata.tags[0]", ""},
		{"GET", "/api/catalog/entities?fields=" + strings.Repeat("a,", 51), ""},
		{"GET", "/api/catalog/entities?fields=" + strings.Repeat("a.", 21), ""},
		{"GET", "/api/catalog/entities/by-query?limit=-1", ""},
		{"GET", "/api/catalog/entities/by-query?limit=", ""},
		{"GET", "/api/catalog/entities/by-query?orderField=metadata.name,up", ""},
		{"GET", "/api/catalog/entities/by-query?orderField=", ""},
		{"GET", "/api/catalog/entities/by-query?orderField=a&orderField=a&orderField=a&orderField=a&orderField=a&orderField=a", ""},
		{"GET", "/api/catalog/entities/by-query?fullTextFilterTerm=a&fullTextFilterTerm=b", ""},
		{"GET", "/api/catalog/entities/by-query?fullTextFilterFields=" + strings.Repeat("a,", 31), ""},
		{"GET", "/api/catalog/entities/by-query?cursor=nonsense", ""},
		{"GET", "/api/catalog/entities/by-query?cursor=" + opaque(`{}`), ""},
		{"GET", "/api/catalog/entities/by-query?cursor=" + opaque(`{"p":{"r":"component:default/x"},"z":1}`), ""},
		{"GET", "/api/catalog/entities/by-query?cursor=" + opaque(`{"p":{"r":"component:default/x"},"o":[{"k":"kind"}]}`), ""},
		{"GET", "/api/catalog/entities/by-query?cursor=" + opaque(`{"p":{"r":"component:default/x","v":[null]},"o":[{"k":"KIND"}]}`), ""},
		{"GET", "/api/catalog/entities/by-query?cursor=" + opaque(`{"p":{"r":"component:default/x"},"f":["="]}`), ""},
		{"GET", "/api/catalog/entities/by-query?cursor=" + opaque(`{"p":{"r":"component:default/x"}} {}`), ""},
		{"GET", "/api/catalog/entity-facets", ""},
		{"GET", "/api/catalog/entity-facets?facet=", ""},
		{"GET", "/api/catalog/entity-facets?facet=kind&filter==", ""},
		{"POST", "/api/catalog/entities/by-refs", ""},
		{"POST", "/api/catalog/entities/by-refs", "{"},
		{"POST", "/api/catalog/entities/by-refs", "[]"},
		{"POST", "/api/catalog/entities/by-refs", `{"entityRefs":[1]}`},
		{"POST", "/api/catalog/entities/by-refs", `{"entityRefs":[],"fields":["a[0]"]}`},
		{"GET", "/api/search/query?pageLimit=0", ""},
		{"GET", "/api/search/query?pageLimit=101", ""},
		{"GET", "/api/search/query?pageCursor=nonsense", ""},
		{"GET", "/api/search/query?filters[]=red", ""},
		{"GET", "/api/search/query?filters[kind][a]=red", ""},
		{"GET", "/api/search/query?term=a&term=b", ""},
		{"GET", "/api/search/query?filters[kind=red", ""},
		{"GET", "/api/search/query?term=" + strings.Repeat("x", 1001), ""},
	} {
		response, body := ask(t, api, test.method, test.target, test.body)
		if got := response.Header().Get("Content-Type"); got != "application/json; charset=utf-8" || response.Code >= 500 || response.Code < 400 {
			t.Errorf("%s %s: %d %s", test.method, test.target, response.Code, got)
		}
		fmt.Fprintf(&out, "%s %s %s\n%s", test.method, test.target, test.body, body)
	}
	compareGolden(t, "testdata/errors.golden", out.String())
}

func keys(n int) string {
	var list strings.Builder
	for i := range n {
		fmt.Fprintf(&list, "k%d,", i)
	}
	return list.String()
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestAuth is who may ask, and as whom.
func TestAuth(t *testing.T) {
	s := snapshot(documents())
	var asked policy.Actor
	open := func(anonymous bool) *backstage.API {
		return backstage.New(backstage.Options{
			Catalog: func() *catalog.Snapshot { return s }, Anonymous: anonymous, Log: quiet(),
			Viewer: func(a policy.Actor) catalog.Viewer { asked = a; return catalog.Everything{} },
			Tokens: []backstage.Token{token("s3cret-canary", "ci"), token("", "unset"), token("other", "mira")},
		})
	}
	for _, test := range []struct {
		anonymous bool
		headers   []string
		want      string // the user; "-" when refused
	}{
		{true, nil, ""},
		{false, nil, "-"},
		{false, []string{"Authorization", "Bearer s3cret-canary"}, "user:default/ci"},
		{false, []string{"Authorization", "bearer  other"}, "user:default/mira"},
		{true, []string{"Authorization", "Bearer other"}, "user:default/mira"},
		{true, []string{"Authorization", "Bearer s3cret-canar"}, "-"},
		{true, []string{"Authorization", "Bearer s3cret-canaryy"}, "-"},
		{true, []string{"Authorization", "Bearer "}, "-"},
		{true, []string{"Authorization", ""}, "-"},
		{true, []string{"Authorization", "Basic s3cret-canary"}, "-"},
	} {
		asked = policy.Actor{User: catalog.NewRef("user", "", "nobody")}
		response, body := ask(t, open(test.anonymous), http.MethodGet, "/api/catalog/entities/by-name/user/default/mira", "", test.headers...)
		refused := response.Code == http.StatusUnauthorized && response.Header().Get("WWW-Authenticate") == "Bearer" && strings.Contains(body, `"name":"AuthenticationError"`)
		if want := test.want; want == "-" && !refused || want != "-" && (response.Code != http.StatusOK || asked.User.String() != want) {
			t.Errorf("anonymous %t, %v: %d %s as %v", test.anonymous, test.headers, response.Code, body, asked)
		}
		if strings.Contains(body, "canary") {
			t.Errorf("the answer holds the token: %s", body)
		}
	}
	for host, want := range map[string]int{
		"localhost:8080": 200, "LOCALHOST": 200, "127.0.0.1": 200, "127.8.9.1:80": 200, "[::1]:8080": 200, "::1": 200,
		"evil.example.com": 401, "localhost.evil.example.com:8080": 401, "10.0.0.1": 401, "": 401, "127.0.0.1.nip.example": 401,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/api/catalog/entity-facets?facet=kind", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		if got := serve(open(true), r); got != want {
			t.Errorf("without a token, as host %q: %d, want %d", host, got, want)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/api/catalog/entity-facets?facet=kind", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Authorization"] = []string{"Bearer other", "Bearer s3cret-canary"}
	if got := serve(open(true), r); got != http.StatusUnauthorized {
		t.Errorf("two headers: %d", got)
	}
}
