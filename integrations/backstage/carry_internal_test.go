package backstage

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
)

// TestColumns_Carried changes a catalog many times at random. Columns carried over must be those that are
// built anew, whether they were asked for in between or not.
func TestColumns_Carried(t *testing.T) {
	dice := rand.New(rand.NewPCG(7, 7))
	world := map[string]*catalog.Document{}
	for range 400 {
		d := anyDocument(dice)
		world[d.Ref.String()] = d
	}
	s := catalog.NewSnapshot(catalog.Contents{Documents: sortedValues(world), Revision: 1})
	x := newIndex(s, nil)
	keys := []string{
		"kind", "metadata.name", "metadata.title", "metadata.tags", "metadata.tags.java", "spec.owner", "spec.nothing",
		"metadata.annotations.backstage.io/managed-by-location", "relations.ownedby", "relations.ownerof", "relations.dependson", "relations.own",
	}
	derived := 0
	for revision := range 100 {
		for _, key := range keys {
			if dice.IntN(3) == 0 {
				continue
			}
			if slot := x.columns[key]; slot != nil && slot.carried != nil {
				derived++
			}
			got, want := x.column(s, key), buildColumn(s.As(catalog.Everything{}), x.entities, key)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(column{}, sparse[string]{}, sparse[uint32]{}), cmp.Transformer("none", noneForEmpty)); diff != "" {
				t.Fatalf("revision %d, %s differs from what is built anew (-want +got):\n%s", revision, key, diff)
			}
		}
		var change catalog.Change
		refs := slices.Sorted(maps.Keys(world))
		for range dice.IntN(4) {
			if gone := world[refs[dice.IntN(len(refs))]]; gone != nil {
				change.Refs = append(change.Refs, gone.Ref)
				delete(world, gone.Ref.String())
			}
		}
		for range dice.IntN(4) {
			d := anyDocument(dice)
			change.Documents = append(change.Documents, d)
			world[d.Ref.String()] = d
		}
		change.Revision = int64(revision + 2)
		s = s.With(catalog.Change{Refs: change.Refs, Contents: catalog.Contents{Documents: lastOfEach(change.Documents), Revision: change.Revision}})
		x = newIndex(s, x)
	}
	if derived < 300 {
		t.Errorf("only %d columns were carried over", derived)
	}
}

func noneForEmpty(list []uint32) []uint32 { return append([]uint32{}, list...) }

func sortedValues(world map[string]*catalog.Document) (docs []*catalog.Document) {
	for _, ref := range slices.Sorted(maps.Keys(world)) {
		docs = append(docs, world[ref])
	}
	return docs
}

// lastOfEach leaves one document of each ref.
func lastOfEach(docs []*catalog.Document) []*catalog.Document {
	last := map[string]*catalog.Document{}
	for _, d := range docs {
		last[d.Ref.String()] = d
	}
	return sortedValues(last)
}

// anyDocument is one of few entities, with texts that differ in case and relations that may dangle.
func anyDocument(dice *rand.Rand) *catalog.Document {
	pick := func(of ...string) string { return of[dice.IntN(len(of))] }
	kind := pick("Component", "Component", "Group", "API")
	name := fmt.Sprintf("e%d", dice.IntN(600))
	e := &catalog.Entity{Kind: kind, Ref: catalog.NewRef(kind, "", name)}
	e.Metadata.Name, e.Metadata.Namespace = name, "default"
	e.Metadata.Title = pick("", "Cart", "cart", "CART", "Cart "+name, "Érable", "ÉRABLE", "zz "+name)
	e.Metadata.Tags = []string{pick("java", "Java", "go"), pick("java", "JAVA", "rust")}
	e.Spec = []byte(`{"owner":"` + pick("team-a", "Team-A", "team-b", name) + `"}`)
	for range dice.IntN(4) {
		target := catalog.NewRef(pick("component", "group", "api"), "", fmt.Sprintf("e%d", dice.IntN(700)))
		e.Declares = append(e.Declares, catalog.Relation{Type: pick(catalog.OwnedBy, catalog.DependsOn, catalog.OwnerOf, "own"), Target: target})
	}
	return &catalog.Document{Ref: e.Ref, Entity: e}
}
