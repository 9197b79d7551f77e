package policy_test

import (
	"fmt"
	"testing"

	"callboard/catalog"
	"callboard/catalog/policy"
)

// fiveRules is what a company may write: by label, annotation, kind, tag and owner.
func fiveRules(tb testing.TB) *policy.Rules {
	return rules(tb,
		rule("confidential", `entity.metadata.labels["confidential"] == "true"`, "group:g1"),
		rule("annotated", `entity.metadata.annotations["acme.com/secret"] == "yes" || entity.metadata.labels.tier == "0"`, "group:g2"),
		rule("resources", `entity.kind == "resource" && entity.spec.type == "database"`, "group:g3"),
		rule("pci", `"pci" in entity.metadata.tags`, "group:g4"),
		rule("owned", `entity.spec.owner == "group:default/g5" && entity.name.startsWith("c1")`, "group:g5"))
}

func large(n int) []*catalog.Document {
	documents := make([]*catalog.Document, 0, n+1)
	for i := range n {
		options := []func(*catalog.Entity){label("tier", "1"), label("zone", "eu"), related("ownedBy", fmt.Sprintf("group:g%d", i%200)), related("partOf", "system:s")}
		if i%50 == 0 {
			options = append(options, label("confidential", "true"))
		}
		documents = append(documents, entity(fmt.Sprintf("c%06d", i), options...))
	}
	return append(documents, entity("user:mira", related("memberOf", "group:g7")))
}

// BenchmarkVisibility at 100,000 entities and five rules: judging all of them, a change of ten, and what a
// question costs.
func BenchmarkVisibility(b *testing.B) {
	documents := large(100_000)
	first, compiled := snapshot(documents...), fiveRules(b)
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			new(policy.Visibility).Follow(first, compiled, nil, true)
		}
	})
	v := new(policy.Visibility)
	v.Follow(first, compiled, nil, true)
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v.Follow(first, compiled, nil, true)
		}
	})
	b.Run("ten", func(b *testing.B) {
		var refs []catalog.Ref
		for i := range 10 {
			refs = append(refs, documents[i*1000].Ref)
		}
		b.ReportAllocs()
		for b.Loop() {
			v.Follow(first, compiled, refs, false)
		}
	})
	mira := v.Viewer(person("mira"))
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			first.As(mira).Get(documents[77_777].Ref)
		}
	})
	b.Run("count", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			first.As(mira).Stats()
		}
	})
}
