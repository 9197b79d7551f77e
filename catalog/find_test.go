package catalog_test

import (
	"strings"
	"testing"

	"callboard/catalog"
)

func TestView_Find(t *testing.T) {
	v := view(
		describe("wallet", typed("service", "production"), related("ownedBy", "group:pay", "partOf", "system:money")),
		describe("wallet-web", typed("website", "experimental"), tagged("react")),
		describe("e-wallet"),
		describe("purse", titled("The Wallet of old"), related("ownedBy", "user:gone")),
		describe("bank", tagged("wallet", "java"), typed("service", "production")),
		describe("ledger", described("Keeps books for the\nWallet\tservice."), typed("service", "deprecated")),
		describe("api:coins", annotated("callboard/aliases", "wallet-api")),
		describe("group:pay"), describe("system:money"), describe("east/stamps"),
	)
	tests := []struct{ text, want string }{
		{"wallet", "component:wallet component:wallet-web component:e-wallet api:coins component:purse component:bank component:ledger"},
		{"WALLET react", "component:wallet-web"},
		{"wallet service", "component:wallet component:bank component:ledger"},
		{"kind:api wallet", "api:coins"},
		{"kind:api,system", "api:coins system:money"},
		{"owner:pay", "component:wallet"},
		{"owner:group:pay", "component:wallet"},
		{"owner:@pay", "component:wallet"},
		{"owner:gone", "component:purse"}, // a dangling owner
		{"owner:user:pay", ""},
		{"system:money", "component:wallet"},
		{"pay", "group:pay component:wallet"},
		{"lifecycle:Production type:service", "component:bank component:wallet"},
		{"tag:java,react", "component:bank component:wallet-web"},
		{"namespace:east", "component:east/stamps"},
		{"source:acme kind:group", "group:pay"},
		{"source:none", ""},
		{"component:wallet", "component:wallet component:wallet-web component:e-wallet component:purse component:bank component:ledger"},
		{"unknown:wallet", ""},
		{"books for", "component:ledger"},
		{"nothing-like-it", ""},
	}
	for _, test := range tests {
		found := v.Find(catalog.Query{Text: test.text})
		if got := strings.Join(names(found.Entities), " "); got != test.want || found.Total != len(found.Entities) {
			t.Errorf("Find(%q) = %d: %s\nwant %s", test.text, found.Total, got, test.want)
		}
	}
}

func TestView_Find_Pages(t *testing.T) {
	v, _ := generatedView(t, 500)
	all := v.Find(catalog.Query{Text: "wallet", Limit: 500})
	if all.Total < 30 || len(all.Entities) != all.Total {
		t.Fatalf("%d of %d", len(all.Entities), all.Total)
	}
	var paged []*catalog.Entity
	for offset := 0; offset < all.Total; offset += 7 {
		page := v.Find(catalog.Query{Text: "wallet", Limit: 7, Offset: offset})
		if page.Total != all.Total || len(page.Entities) > 7 {
			t.Fatalf("page at %d: %d of %d", offset, len(page.Entities), page.Total)
		}
		paged = append(paged, page.Entities...)
	}
	if got, want := strings.Join(names(paged), " "), strings.Join(names(all.Entities), " "); got != want {
		t.Errorf("pages give\n%s\nwant\n%s", got, want)
	}
	if page := v.Find(catalog.Query{Text: "wallet", Offset: all.Total + 5}); len(page.Entities) != 0 || page.Total != all.Total {
		t.Errorf("beyond the end: %d of %d", len(page.Entities), page.Total)
	}
	if page := v.Find(catalog.Query{}); len(page.Entities) != 20 || page.Total != 500 {
		t.Errorf("without words: %d of %d", len(page.Entities), page.Total)
	}
}
