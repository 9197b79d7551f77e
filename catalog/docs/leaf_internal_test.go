package docs // how a leaf shortens texts cannot be seen from outside

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
)

func TestLeaf_GivesBackWhatItKeeps(t *testing.T) {
	ref := catalog.Ref{Kind: "component", Namespace: "default", Name: "cart"}
	problem := func(dir, value string) catalog.Problem {
		return catalog.Problem{
			Origin: catalog.Origin{Source: "acme", Path: dir + "catalog-info.yaml", Doc: 1, Line: 12, Revision: "5fca"}, Column: 3, Ref: ref,
			Pointer: "/metadata/annotations/backstage.io~1techdocs-ref", Severity: catalog.Warning, Rule: catalog.RuleDocs,
			Text: "there are no pages in " + dir + "docs", Value: value, Fix: "write " + dir + "docs/index.md",
		}
	}
	link := Link{"Runbook of cart", "https://runbook.example/cart", "/metadata/links/2"}
	tests := map[string]Kept{
		"problem and link":       {Problems: []catalog.Problem{problem("shop/cart/", "dir:.")}, Runbook: Summary{Links: []Link{link}}},
		"root folder":            {Problems: []catalog.Problem{problem("", "dir:.")}},
		"book":                   {Runbook: Summary{Page: PageKey{"acme", "shop/cart/docs/runbook.md"}, First: "cart is down", More: 2, Pages: 1}},
		"what looks like a mark": {Problems: []catalog.Problem{problem("shop/cart/", "\x02 cart \x01")}, Runbook: Summary{Links: []Link{link}}},
		"mark in a later text":   {Problems: []catalog.Problem{problem("shop/cart/", "."), problem("shop/cart/", "\x01")}},
	}
	for name, kept := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLeaf(ref, &kept)
			got := Kept{Runbook: l.summary(ref), Problems: l.appendProblems(nil, ref)}
			if diff := cmp.Diff(kept, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLeaf_SharesForms(t *testing.T) {
	var leaves []*leaf
	for _, name := range []string{"cart", "payments"} {
		leaves = append(leaves, newLeaf(catalog.Ref{Kind: "component", Namespace: "default", Name: name}, &Kept{Problems: []catalog.Problem{{
			Origin: catalog.Origin{Source: "acme", Path: "shop/" + name + "/catalog-info.yaml"}, Ref: catalog.Ref{Name: name},
			Text: "there are no pages in shop/" + name + "/docs", Value: name,
		}}}))
	}
	if a, b := leaves[0].problems[0], leaves[1].problems[0]; a != b {
		t.Errorf("%+v and %+v are kept apart", a.Value(), b.Value())
	}
}
