package catalog_test

import (
	"fmt"
	"os"

	"callboard/catalog"
)

func ExampleParseRef() {
	owner, err := catalog.ParseRef("Team-Payments", "group", catalog.DefaultNamespace)
	fmt.Fprintln(os.Stdout, owner, err)
	fmt.Fprintln(os.Stdout, owner == catalog.NewRef("Group", "", "team-payments"))
	_, err = catalog.ParseRef("checkout", "", catalog.DefaultNamespace)
	fmt.Fprintln(os.Stdout, err)
	// Output:
	// group:default/team-payments <nil>
	// true
	// "checkout": this reference must say its kind, as in component:name
}

func ExampleView() {
	snapshot := catalog.NewSnapshot(catalog.Contents{Documents: []*catalog.Document{
		describe("component:checkout", annotated("callboard/aliases", "till"), related("ownedBy", "group:team-payments", "dependsOn", "resource:ledger")),
		describe("group:team-payments"),
		describe("resource:ledger"),
	}})
	outsider := catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Ref.Kind != "resource" })
	v := snapshot.As(outsider)

	match := v.Resolve("till")
	fmt.Fprintln(os.Stdout, match.Entity.Ref, match.How)
	for _, r := range v.Relations(match.Entity.Ref) { // what is hidden is not there
		fmt.Fprintln(os.Stdout, r.Type, r.Target)
	}
	// Output:
	// component:default/checkout by alias
	// ownedBy group:default/team-payments
}
