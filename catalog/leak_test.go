package catalog_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
)

// canaries are entities that the viewer of TestNoLeak must not notice: one that much refers to, one
// that shares a name with others, the only one of a source, an owner.
func canaries() []*catalog.Document {
	var documents []*catalog.Document
	for i := range 100 { // enough to push the visible strongroom out of any list of the closest
		documents = append(documents, describe("strongbox-"+strconv.Itoa(i)))
	}
	return append(documents,
		describe("canary-vault", titled("Canary Vault"), tagged("gold"), described("wallet of gold"), typed("service", "production"),
			annotated("callboard/aliases", "wallet,yellow-bird", "github.com/project-slug", "acme/canary-vault", "pagerduty.com/service-id", "PCANARY", "callboard/channel", "#canary-room"),
			linked(catalog.Link{URL: "https://canary.example.com/"}, catalog.Link{URL: "https://shared.example.com/x"}),
			related("ownedBy", "group:canary-team", "dependsOn", "component:wallet", "partOf", "system:money")),
		describe("secret/wallet", related("partOf", "system:money")),
		describe("api:canary-api", from("cart", "catalog-info.yaml"), related("apiProvidedBy", "component:wallet")),
		describe("group:canary-team", annotated("callboard/channel", "#pay-eng")),
		describe("user:canary", spec(`{"profile":{"displayName":"Canary Bird","email":"bird@example.com"}}`), annotated("slack.com/user-id", "U0BIRD")),
		describe("canary-vaultt"),
	)
}

func leakContents(hidden []*catalog.Document) catalog.Contents {
	wallet := describe("wallet", related("partOf", "system:money", "ownedBy", "group:pay", "dependsOn", "component:missing"),
		linked(catalog.Link{URL: "https://shared.example.com/x"}), typed("service", "production"))
	canteen := describe("canteen")
	for _, d := range hidden { // visible ends of relations to hidden entities
		if d.Ref.Kind == "group" {
			canteen.Entity.Declares = append(canteen.Entity.Declares, catalog.Relation{Type: "ownedBy", Target: d.Ref})
		}
		wallet.Entity.Declares = append(wallet.Entity.Declares, catalog.Relation{Type: "dependsOn", Target: d.Ref})
	}
	contents := catalog.Contents{
		Documents: append([]*catalog.Document{
			wallet, canteen, describe("strongroom"), describe("system:money"), describe("vault"),
			describe("group:pay", annotated("callboard/channel", "#pay-eng")), describe("user:jonas"),
		}, hidden...),
		Orphans: map[catalog.Ref]bool{ref("vault"): true},
		Losers:  map[catalog.Ref][]catalog.Loss{ref("vault"): {{Why: "came later"}}},
		Problems: []catalog.Problem{
			{Origin: catalog.Origin{Source: "acme", Path: "broken.yaml"}, Text: "not YAML"},
			{Ref: ref("wallet"), Origin: catalog.Origin{Source: "acme", Path: "wallet.yaml"}, Value: "component:missing"},
		},
		Sources: sources(),
	}
	for _, d := range hidden {
		contents.Orphans[d.Ref] = true
		contents.Losers[d.Ref] = []catalog.Loss{{Why: "came later"}}
		contents.Problems = append(contents.Problems,
			catalog.Problem{Ref: d.Ref, Origin: d.Origin, Text: "canary"},
			catalog.Problem{Ref: ref("wallet"), Origin: d.Origin, Value: d.Ref.String(), Text: "names a hidden entity"})
	}
	if len(hidden) > 0 { // only the API comes from this source, so its troubles are hidden with it
		contents.Problems = append(contents.Problems, catalog.Problem{Origin: catalog.Origin{Source: "cart", Path: "secret.yaml"}, Text: "not YAML"})
	}
	return contents
}

// TestNoLeak asks everything of a catalog with hidden entities and of one that never had them. No
// answer may differ: threats.md row 27.
func TestNoLeak(t *testing.T) {
	hidden := canaries()
	viewer := catalog.ViewerFunc(func(e *catalog.Entity) bool {
		return !slices.ContainsFunc(hidden, func(d *catalog.Document) bool { return d.Ref == e.Ref })
	})
	with := catalog.NewSnapshot(leakContents(hidden)).As(viewer)
	without := catalog.NewSnapshot(leakContents(nil)).As(viewer)
	if all := catalog.NewSnapshot(leakContents(hidden)).As(catalog.Everything{}); all.Resolve("yellow-bird").Entity == nil || all.Len() != without.Len()+len(hidden) {
		t.Fatal("the canaries cannot be found even by those who may see them")
	}

	same := func(question string, ask func(v catalog.View) any) {
		t.Helper()
		// Declares is what the descriptor says; it is the View that judges it.
		declared := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Declares" }, cmp.Ignore())
		unexported := cmp.AllowUnexported(catalog.Positions{})
		if diff := cmp.Diff(ask(without), ask(with), declared, unexported); diff != "" {
			t.Errorf("%s tells of hidden entities: %s", question, diff)
		}
	}
	same("Len", func(v catalog.View) any { return v.Len() })
	same("All", func(v catalog.View) any { return names(slices.Collect(v.All())) })
	same("Stats", func(v catalog.View) any { return v.Stats() })
	same("Sources", func(v catalog.View) any { return v.Sources() })
	same("Problems", func(v catalog.View) any { return v.Problems() })

	refs := []string{"wallet", "canteen", "system:money", "vault", "group:pay", "missing", "nothing"}
	for _, d := range hidden {
		refs = append(refs, d.Ref.String())
	}
	for _, text := range refs {
		r := ref(text)
		same("Get "+text, func(v catalog.View) any { e, _ := v.Get(r); return e })
		same("Document "+text, func(v catalog.View) any { return v.Document(r) == nil })
		same("Orphan "+text, func(v catalog.View) any { return v.Orphan(r) })
		same("Losers "+text, func(v catalog.View) any { return v.Losers(r) })
		same("Relations "+text, func(v catalog.View) any { return v.Relations(r) })
		same("Tree "+text, func(v catalog.View) any { nodes, more := v.Tree(r, nil, 3); return []any{nodes, more} })
	}
	texts := append(refs, "canary-vault", "canary-vaul", "canary-api", "can", "canar", "cantee", "walle", "wallet", "wallett", "yellow-bird", "yellowbird", "Canary Vault",
		"canary vaul", "PCANARY", "acme/canary-vault", "https://canary.example.com/x", "https://shared.example.com/x", "shared.example.com", "#canary-room", "#pay-eng",
		"@canary", "@bird@example.com", "@U0BIRD", "@Canary Bird", "canary-vault-7d9f8b6c5d-x2x4z", "shop/cart", "https://git.example.com/shop/cart",
		"catalog/component-canary-vault.yaml", "secret/wallet", "secret/walle", "gold", "strongbox-", "strongbox", "trongbox", "canary-team", "owner:canary-team", "owner:group:canary-team wallet",
		"system:money", "kind:api", "tag:gold", "source:cart", "namespace:secret", "component:can", "secret/", "")
	for _, text := range texts {
		same("Resolve "+text, func(v catalog.View) any { return v.Resolve(text) })
		same("Find "+text, func(v catalog.View) any { return v.Find(catalog.Query{Text: text}) })
		same("Complete "+text, func(v catalog.View) any { return v.Complete(text, 3) })
	}
	same("WithAnnotation", func(v catalog.View) any { return v.WithAnnotation("slack.com/user-id", "U0BIRD") })
}
