package catalog_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"callboard/catalog"
)

// describe makes an entity of a ref; the options fill in the rest.
func describe(ref string, options ...func(*catalog.Document)) *catalog.Document {
	parsed, err := catalog.ParseRef(ref, "component", catalog.DefaultNamespace)
	if err != nil {
		panic(err)
	}
	d := &catalog.Document{
		Ref:    parsed,
		Holds:  true,
		Origin: catalog.Origin{Source: "acme", Path: "catalog/" + parsed.Kind + "-" + parsed.Name + ".yaml", Doc: 1, Line: 1},
		Entity: &catalog.Entity{
			Ref: parsed, APIVersion: "backstage.io/v1alpha1", Kind: parsed.Kind,
			Metadata: catalog.Metadata{Name: parsed.Name, Namespace: parsed.Namespace},
		},
	}
	for _, option := range options {
		option(d)
	}
	d.Entity.Origin = d.Origin
	return d
}

func titled(title string) func(*catalog.Document) {
	return func(d *catalog.Document) { d.Entity.Metadata.Title = title }
}

func described(text string) func(*catalog.Document) {
	return func(d *catalog.Document) { d.Entity.Metadata.Description = text }
}

func tagged(tags ...string) func(*catalog.Document) {
	return func(d *catalog.Document) { d.Entity.Metadata.Tags = tags }
}

func typed(kind, lifecycle string) func(*catalog.Document) {
	return func(d *catalog.Document) { d.Entity.Type, d.Entity.Lifecycle = kind, lifecycle }
}

func annotated(pairs ...string) func(*catalog.Document) {
	return func(d *catalog.Document) { d.Entity.Metadata.Annotations = pairsOf(pairs) }
}

func labelled(pairs ...string) func(*catalog.Document) {
	return func(d *catalog.Document) { d.Entity.Metadata.Labels = pairsOf(pairs) }
}

func pairsOf(list []string) catalog.Pairs {
	var pairs catalog.Pairs
	for pair := range slices.Chunk(list, 2) {
		pairs = append(pairs, catalog.Pair{Key: pair[0], Value: pair[1]})
	}
	slices.SortFunc(pairs, func(a, b catalog.Pair) int { return strings.Compare(a.Key, b.Key) })
	return pairs
}

func linked(links ...catalog.Link) func(*catalog.Document) {
	return func(d *catalog.Document) { d.Entity.Metadata.Links = links }
}

func spec(text string) func(*catalog.Document) {
	return func(d *catalog.Document) { d.Entity.Spec = json.RawMessage(text) }
}

// related takes types and full refs in turn.
func related(list ...string) func(*catalog.Document) {
	return func(d *catalog.Document) {
		for pair := range slices.Chunk(list, 2) {
			target, err := catalog.ParseRef(pair[1], "", catalog.DefaultNamespace)
			if err != nil {
				panic(err)
			}
			d.Entity.Declares = append(d.Entity.Declares, catalog.Relation{Type: pair[0], Target: target})
		}
	}
}

func from(source, path string) func(*catalog.Document) {
	return func(d *catalog.Document) { d.Origin.Source, d.Origin.Path = source, path }
}

// sources are those that the tests' documents come from.
func sources() []catalog.SourceStatus {
	checked := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	return []catalog.SourceStatus{
		{Name: "acme", URL: "https://git.example.com/acme/catalog.git", Branch: "main", Web: "https://git.example.com/acme/catalog/blob/main/", CheckedAt: checked},
		{Name: "cart", URL: "git@git.example.com:shop/cart.git", Branch: "main", Web: "https://git.example.com/shop/cart/-/blob/main/", CheckedAt: checked.Add(-time.Minute)},
		{Name: "local", URL: "/srv/git/platform", Branch: "main", CheckedAt: checked.Add(time.Minute)},
	}
}

func view(documents ...*catalog.Document) catalog.View {
	return catalog.NewSnapshot(catalog.Contents{Documents: documents, Sources: sources()}).As(catalog.Everything{})
}

func ref(text string) catalog.Ref {
	r, err := catalog.ParseRef(text, "component", catalog.DefaultNamespace)
	if err != nil {
		panic(err)
	}
	return r
}

// names gives the entities' refs in short: "component:checkout".
func names(entities []*catalog.Entity) []string {
	list := make([]string, 0, len(entities))
	for _, e := range entities {
		list = append(list, e.Ref.Kind+":"+e.Ref.Short())
	}
	return list
}

// generate makes a catalog of n entities of a company, always the same for the same n.
func generate(n int) catalog.Contents {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	pick := func(words []string) string { return words[random.IntN(len(words))] }
	var (
		first  = strings.Fields("amber atlas billing cargo catalog checkout cobalt courier customer delivery fleet fraud harbor identity inventory ledger loyalty market media message mobile notify orders partner payment pricing product profile promo quota refund report returns risk search session shipping signal stock storage supplier tariff ticket tracking travel vendor voucher wallet warehouse weather")
		second = strings.Fields("account adapter archive audit backup batch bridge broker cache calendar client config console contract control dispatch document editor engine event export feature feed filter gateway geo graph history image import index insight job journal label limit loader locator manager mapper metric monitor notice object parser planner policy pool portal process profile proxy queue ranking reader record registry relay replica resolver router rules scanner schedule schema sender sensor service settings stream sync tagger token tracker trigger upload usage validator view watch worker writer")
		third  = strings.Fields("api app backend bot core cron daemon db edge frontend grpc hub lib lite main mesh model next node ops plus pro rest server site suite tool ui unit v2 web")
		used   = make(map[string]bool)
	)
	contents := catalog.Contents{Sources: sources()}
	for i := range n {
		name := pick(first) + "-" + pick(second)
		for used[name] {
			name = pick(first) + "-" + pick(second) + "-" + pick(third)
			if used[name] {
				name = pick(first) + "-" + name
			}
		}
		used[name] = true
		team := "group:team-" + first[i%len(first)]
		options := []func(*catalog.Document){
			titled(strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "-", " ")),
			described("The " + strings.ReplaceAll(name, "-", " ") + " keeps what " + pick(first) + " and " + pick(second) + " need and hands it on to those who ask."),
			typed("service", "production"), tagged(pick(first), pick(third)),
			annotated("github.com/project-slug", "acme/"+name, "pagerduty.com/service-id", fmt.Sprintf("P%07X", i*7919),
				"backstage.io/kubernetes-id", name, "argocd/app-name", name+"-prod", "backstage.io/techdocs-ref", "dir:."),
			linked(catalog.Link{URL: "https://grafana.example.com/d/" + name, Title: "Dashboard"}, catalog.Link{URL: "https://" + name + ".example.com/", Title: "Site"}),
			spec(`{"type":"service","lifecycle":"production","owner":"` + team + `"}`),
			related(catalog.OwnedBy, team, catalog.PartOf, "system:"+pick(first)),
			from("acme", "services/"+name+"/catalog-info.yaml"),
		}
		for range random.IntN(4) {
			if len(contents.Documents) > 0 {
				target := contents.Documents[random.IntN(len(contents.Documents))]
				options = append(options, related(catalog.DependsOn, target.Ref.String()))
			}
		}
		contents.Documents = append(contents.Documents, describe("component:"+name, options...))
	}
	random.Shuffle(n, func(i, j int) {
		contents.Documents[i], contents.Documents[j] = contents.Documents[j], contents.Documents[i]
	})
	return contents
}

func generatedView(tb testing.TB, n int) (catalog.View, []*catalog.Document) {
	tb.Helper()
	contents := generate(n)
	return catalog.NewSnapshot(contents).As(catalog.Everything{}), contents.Documents
}
