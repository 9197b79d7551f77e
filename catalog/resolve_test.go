package catalog_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
)

// shop is a small catalog in which each entity can be found in its own way.
func shop() []*catalog.Document {
	return []*catalog.Document{
		describe("checkout", titled("Checkout Service"),
			annotated("callboard/aliases", "kasse, Till", "github.com/project-slug", "shop/checkout", "pagerduty.com/service-id", "PABC123",
				"argocd/app-name", "checkout-eu,checkout-us", "backstage.io/source-location", "url:https://git.example.com/shop/checkout/",
				"grafana/overview-dashboard", "https://grafana.example.com/d/uid1/checkout?orgId=1", "sentry.io/project-slug", "shop/checkout-errors"),
			linked(catalog.Link{URL: "https://example.slack.com/archives/C0CHECK", Title: "Chat"},
				catalog.Link{URL: "https://checkout.example.com/", Title: "Site"})),
		describe("api:checkout-api", from("acme", "services/pay/catalog-info.yaml")),
		describe("payments", from("acme", "services/pay/catalog-info.yaml"), annotated("callboard/channel", "slack:C0PAY"),
			linked(catalog.Link{URL: "https://chat.example.com/x", Title: "#pay-eng"})),
		describe("payments-worker", from("acme", "services/pay/worker/catalog-info.yaml"), labelled("app.kubernetes.io/name", "pay-wrk")),
		describe("cart", from("cart", "catalog-info.yaml"), annotated("backstage.io/kubernetes-id", "basket")),
		describe("api:cart", from("cart", "catalog-info.yaml")),
		describe("location:cart-all", from("cart", "catalog-info.yaml")),
		describe("legacy/checkout-old", annotated("backstage.io/kubernetes-label-selector", "app=old-till,tier=web")),
		describe("search"), describe("system:search"),
		describe("other/search"),
		describe("mobile"), describe("location:mobile"),
		describe("tool", from("local", "tools/tool/catalog-info.yaml"), annotated("prometheus.io/alert", "MonoDown, mono")),
		describe("mono-a", annotated("backstage.io/source-location", "url:https://git.example.com/shop/mono/tree/main/apps/a/")),
		describe("mono-b", annotated("backstage.io/source-location", "url:https://gitlab.example.com/group/sub/mono/-/tree/main/apps/b/")),
		describe("group:pay", titled("Payments Team")),
		describe("user:jonas", spec(`{"profile":{"displayName":"Jonas Berg","email":"Jonas.Berg@example.com"}}`),
			annotated("slack.com/user-id", "T01:U0JONAS", "github.com/user-login", "jberg")),
		describe("user:mira", annotated("discord.com/user-id", "190001")),
		describe("mira"), // a component called like a person
	}
}

func TestView_Resolve(t *testing.T) {
	v := view(shop()...)
	tests := []struct {
		text string
		how  catalog.How
		want string // the entity, or the candidates joined by spaces
	}{
		// refs and names
		{"checkout", catalog.ByRef, "component:checkout"},
		{" Component:Default/CHECKOUT ", catalog.ByRef, "component:checkout"},
		{"api:checkout-api", catalog.ByRef, "api:checkout-api"},
		{"checkout-old", catalog.ByRef, "component:legacy/checkout-old"},
		{"legacy/checkout-old", catalog.ByRef, "component:legacy/checkout-old"},
		{"search", catalog.ByRef, "component:search system:search"},
		{"system:search", catalog.ByRef, "system:search"},
		{"component:search", catalog.ByRef, "component:search"},
		{"other/search", catalog.ByRef, "component:other/search"},
		{"mobile", catalog.ByRef, "component:mobile"},
		{"location:mobile", catalog.ByRef, "location:mobile"},
		// aliases, titles, prefixes
		{"till", catalog.ByAlias, "component:checkout"},
		{"KASSE", catalog.ByAlias, "component:checkout"},
		{"checkout service", catalog.ByTitle, "component:checkout"},
		{"jonas berg", catalog.ByTitle, "user:jonas"},
		{"too", catalog.ByPrefix, "component:tool"},
		{"payments-w", catalog.ByPrefix, "component:payments-worker"},
		{"mono-", catalog.ByPrefix, "component:mono-a component:mono-b"},
		{"mono", catalog.ByAnnotation, "component:tool"}, // says more than the start of two names
		{"monodown", catalog.ByAnnotation, "component:tool"},
		{"api:check", catalog.ByPrefix, "api:checkout-api"},
		// URLs
		{"https://git.example.com/shop/checkout", catalog.ByRepository, "component:checkout"},
		{"https://git.example.com/shop/checkout.git", catalog.ByRepository, "component:checkout"},
		{"git@git.example.com:shop/checkout.git", catalog.ByRepository, "component:checkout"},
		{"https://git.example.com/shop/checkout/pull/12/files", catalog.ByRepository, "component:checkout"},
		{"https://git.example.com/shop/checkout/blob/main/internal/cart.go#L12", catalog.ByRepository, "component:checkout"},
		{"https://git.example.com/acme/catalog/blob/main/services/pay/worker/main.go", catalog.ByPath, "component:payments-worker"},
		{"https://git.example.com/acme/catalog/tree/feature-x/services/pay/lib", catalog.ByPath, "component:payments"},
		{"https://git.example.com/shop/mono/blob/main/apps/a/x/y.go", catalog.ByPath, "component:mono-a"},
		{"https://gitlab.example.com/group/sub/mono/-/blob/v1/apps/b/z.go", catalog.ByPath, "component:mono-b"},
		{"https://git.example.com/shop/cart/-/merge_requests/3", catalog.ByRepository, "component:cart"},
		{"https://grafana.example.com/d/uid1/checkout?orgId=1", catalog.ByURL, "component:checkout"},
		{"https://grafana.example.com/d/uid1/checkout?from=now-1h", catalog.ByURL, "component:checkout"},
		{"http://checkout.example.com", catalog.ByURL, "component:checkout"},
		{"https://checkout.example.com/orders/1?x=y", catalog.ByURL, "component:checkout"},
		{"https://example.pagerduty.com/service-directory/PABC123", catalog.ByAnnotation, "component:checkout"},
		{"https://argo.example.com/applications/checkout-eu?view=tree", catalog.ByAnnotation, "component:checkout"},
		{"https://grafana.example.com/d/unknown", catalog.NoMatch, ""},
		{"https://nowhere.example.org/", catalog.NoMatch, ""},
		{"http://payments.prod.svc.cluster.local:8080/health", catalog.ByWorkload, "component:payments"},
		// repositories and paths
		{"shop/checkout", catalog.ByRepository, "component:checkout"},
		{"shop/cart", catalog.ByRepository, "component:cart"},
		{"git.example.com/shop/checkout", catalog.ByRepository, "component:checkout"},
		{"services/pay/worker/main.go", catalog.ByPath, "component:payments-worker"},
		{"services/pay/worker", catalog.ByPath, "component:payments-worker"},
		{"./services/pay/lib/x.go:14:3", catalog.ByPath, "component:payments"},
		{"services/pay/worker/catalog-info.yaml", catalog.ByPath, "component:payments-worker"},
		{"/srv/git/platform/tools/tool/main.go", catalog.ByPath, "component:tool"},
		{"services/unknown", catalog.NoMatch, ""},
		// annotations and labels
		{"PABC123", catalog.ByAnnotation, "component:checkout"},
		{"checkout-us", catalog.ByAnnotation, "component:checkout"},
		{"checkout-errors", catalog.ByAnnotation, "component:checkout"},
		{"basket", catalog.ByAnnotation, "component:cart"},
		{"pay-wrk", catalog.ByAnnotation, "component:payments-worker"},
		{"old-till", catalog.ByAnnotation, "component:legacy/checkout-old"},
		// workloads
		{"checkout-7d9f8b6c5d-x2x4z", catalog.ByWorkload, "component:checkout"},
		{"checkout-7d9f8b6c5d", catalog.ByWorkload, "component:checkout"},
		{"component:checkout-7d9f8b6c5d", catalog.NoMatch, ""}, // who says a kind means a ref
		{"payments-worker-0", catalog.ByWorkload, "component:payments-worker"},
		{"payments-worker-28374650-x2x4z", catalog.ByWorkload, "component:payments-worker"},
		{"basket-prod-7d9f8b6c5d-x2x4z", catalog.ByWorkload, "component:cart"},
		{"pod/checkout-7d9f8b6c5d-x2x4z", catalog.ByWorkload, "component:checkout"},
		{"deployment.apps/checkout", catalog.ByWorkload, "component:checkout"},
		{"prod/checkout-7d9f8b6c5d-x2x4z", catalog.ByWorkload, "component:checkout"},
		{"registry.example.com/acme/checkout:v412@sha256:91ab", catalog.ByWorkload, "component:checkout"},
		{"checkout:v412", catalog.ByWorkload, "component:checkout"},
		{"checkout.prod.svc.cluster.local", catalog.ByWorkload, "component:checkout"},
		{"payments.prod.svc:8080", catalog.ByWorkload, "component:payments"},
		{"checkout-canary", catalog.ByWorkload, "component:checkout"},
		{"checkout.example.com", catalog.ByURL, "component:checkout"},
		// people and channels
		{"@jonas", catalog.ByRef, "user:jonas"},
		{"@Jonas Berg", catalog.ByTitle, "user:jonas"},
		{"@jonas.berg@example.com", catalog.ByPerson, "user:jonas"},
		{"@U0JONAS", catalog.ByPerson, "user:jonas"},
		{"@T01:U0JONAS", catalog.ByPerson, "user:jonas"},
		{"@190001", catalog.ByPerson, "user:mira"},
		{"@mira", catalog.ByRef, "user:mira"},
		{"@pay", catalog.ByRef, "group:pay"},
		{"@jon", catalog.ByPrefix, "user:jonas"},
		{"#pay-eng", catalog.ByChannel, "component:payments"},
		{"#C0PAY", catalog.ByChannel, "component:payments"},
		{"#C0CHECK", catalog.ByChannel, "component:checkout"},
		{"#unknown", catalog.NoMatch, ""},
		// typing errors
		{"chekcout", catalog.BySimilarity, "component:checkout"},
		{"paymetns-worker", catalog.BySimilarity, "component:payments-worker"},
		{"checkout servic", catalog.BySimilarity, "component:checkout"},
		{"component:chekout", catalog.BySimilarity, "component:checkout"},
		{"legacy/chekout-old", catalog.BySimilarity, "component:legacy/checkout-old"},
		{"", catalog.NoMatch, ""},
		{"   ", catalog.NoMatch, ""},
		{"@", catalog.NoMatch, ""},
		{"#", catalog.NoMatch, ""},
		{":", catalog.NoMatch, ""},
		{"/", catalog.NoMatch, ""},
		{"://", catalog.NoMatch, ""},
		{strings.Repeat("checkout", 1000), catalog.NoMatch, ""},
		{"https://" + strings.Repeat("a/", 900), catalog.NoMatch, ""},
	}
	for _, test := range tests {
		m := v.Resolve(test.text)
		got := strings.Join(names(m.Candidates), " ")
		if m.Entity != nil {
			got = names([]*catalog.Entity{m.Entity})[0]
		}
		if test.how == catalog.NoMatch && m.How == catalog.NoMatch {
			continue // suggestions have their own test
		}
		if m.How != test.how || got != test.want {
			t.Errorf("Resolve(%.80q) = %s %q (via %q), want %s %q", test.text, m.How, got, m.Via, test.how, test.want)
		}
	}
}

func TestView_Resolve_Via(t *testing.T) {
	v := view(shop()...)
	tests := map[string]string{
		"PABC123":                   "pagerduty.com/service-id",
		"till":                      "Till",
		"checkout-7d9f8b6c5d-x2x4z": "checkout",
		"shop/checkout":             "github.com/project-slug",
		"pay-wrk":                   "app.kubernetes.io/name",
	}
	for text, want := range tests {
		if got := v.Resolve(text).Via; got != want {
			t.Errorf("Resolve(%q).Via = %q, want %q", text, got, want)
		}
	}
}

func TestView_Resolve_Suggests(t *testing.T) {
	v := view(shop()...)
	tests := map[string][]string{
		"chckot":            {"component:checkout"},
		"serach":            {"component:search", "component:other/search", "system:search"}, // several are one error away
		"compnent:checkout": {"component:checkout"},
		"zzzzzz":            nil,
		"x":                 nil,
	}
	for text, want := range tests {
		m := v.Resolve(text)
		got := names(m.Candidates)
		if m.How != catalog.NoMatch || m.Entity != nil || len(got) > 5 || len(got) < len(want) || !slices.Equal(got[:len(want)], want) || want == nil && len(got) > 0 {
			t.Errorf("Resolve(%q) = %s %v, want %v first", text, m.How, got, want)
		}
	}
}

func TestView_Resolve_ManyFit(t *testing.T) {
	var documents []*catalog.Document
	for i := range 30 {
		documents = append(documents, describe("svc-"+strconv.Itoa(100+i), titled("Twin"), annotated("example.com/stage", "everywhere")))
	}
	v := view(documents...)
	if m := v.Resolve("twin"); !m.Ambiguous() || m.Total != 30 || len(m.Candidates) != 10 || m.Candidates[0].Ref.Name != "svc-100" {
		t.Errorf("by title: %s, %d in all, %v", m.How, m.Total, names(m.Candidates))
	}
	if m := v.Resolve("svc-1"); m.How != catalog.ByPrefix || m.Total != 30 {
		t.Errorf("by prefix: %s, %d in all", m.How, m.Total)
	}
	if m := v.Resolve("everywhere"); m.How != catalog.NoMatch {
		t.Errorf("a value that all share tells nothing, but: %s %v", m.How, names(m.Candidates))
	}
}

func TestHow(t *testing.T) {
	var exact, guesses []string
	for how := catalog.NoMatch; how.String() != ""; how++ {
		if how.Exact() {
			exact = append(exact, how.String())
		}
		if how.Guess() {
			guesses = append(guesses, how.String())
		}
	}
	if diff := cmp.Diff([]string{"by name", "by alias"}, exact); diff != "" {
		t.Errorf("what a write may use: %s", diff)
	}
	if diff := cmp.Diff([]string{"by similar name"}, guesses); diff != "" {
		t.Error(diff)
	}
}

func TestView_WithAnnotation(t *testing.T) {
	v := view(shop()...)
	if got := names(v.WithAnnotation("slack.com/user-id", "T01:U0JONAS")); !slices.Equal(got, []string{"user:jonas"}) {
		t.Errorf("got %v", got)
	}
	for _, value := range []string{"t01:u0jonas", "U0JONAS", ""} {
		if got := v.WithAnnotation("slack.com/user-id", value); len(got) > 0 {
			t.Errorf("%q: got %v", value, names(got))
		}
	}
	if got := v.WithAnnotation("discord.com/user-id", "T01:U0JONAS"); len(got) > 0 {
		t.Errorf("another key: got %v", names(got))
	}
}

func TestView_Complete(t *testing.T) {
	v := view(append(shop(), describe("component:checkout-web", typed("website", "production")))...)
	texts := func(prefix string, limit int) string {
		var list []string
		for _, c := range v.Complete(prefix, limit) {
			list = append(list, c.Text+" ("+c.Hint+")")
		}
		return strings.Join(list, "; ")
	}
	tests := []struct {
		prefix string
		limit  int
		want   string
	}{
		{"check", 10, "checkout (component); checkout-api (api); checkout-old (component); checkout-web (component website)"},
		{"CHECK", 2, "checkout (component); checkout-api (api)"},
		{"sea", 10, "search (component, system)"},
		{"api:c", 10, "api:cart (api); api:checkout-api (api)"},
		{"legacy/", 10, "legacy/checkout-old (component)"},
		{"system:default/s", 10, "system:default/search (system)"},
		{"zzz", 10, ""},
		{"c", 0, ""},
	}
	for _, test := range tests {
		if got := texts(test.prefix, test.limit); got != test.want {
			t.Errorf("Complete(%q, %d) = %s\nwant %s", test.prefix, test.limit, got, test.want)
		}
	}
	if got := len(v.Complete("", 5)); got != 5 {
		t.Errorf("an empty prefix gives %d of 5", got)
	}
}

func FuzzResolve(f *testing.F) {
	for _, text := range []string{"checkout", "https://a/b/-/blob/x", "git@h:a/b", "#c", "@p", "a/b:c@d", "pod/x-1", "ä-ö", "\xff"} {
		f.Add(text)
	}
	v := view(shop()...)
	f.Fuzz(func(t *testing.T, text string) {
		m := v.Resolve(text)
		if m.Entity != nil && (m.How == catalog.NoMatch || len(m.Candidates) > 0 && !m.How.Guess()) || len(m.Candidates) > 10 || m.Ambiguous() && m.Total < 2 {
			t.Errorf("Resolve(%q) = %+v", text, m)
		}
		v.Find(catalog.Query{Text: text})
		v.Complete(text, 3)
	})
}
