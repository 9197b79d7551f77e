package catalog_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callboard/catalog"
)

// TestSnapshot_With changes catalogs at random and holds each derived snapshot against one that was built from
// the whole contents: no question may tell them apart.
func TestSnapshot_With(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newChangingWorld(seed)
			derived := catalog.NewSnapshot(w.contents())
			for step := range 25 {
				derived = derived.With(w.change())
				whole := catalog.NewSnapshot(w.contents())
				for _, viewer := range []catalog.Viewer{catalog.Everything{}, onlySource("acme")} {
					want, got := w.answers(whole.As(viewer)), w.answers(derived.As(viewer))
					if reflect.DeepEqual(want, got) {
						continue // much quicker than the list of differences
					}
					if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
						t.Fatalf("after step %d a question tells the derived catalog apart (-whole +derived):\n%s", step, diff)
					}
				}
			}
		})
	}
}

// TestSnapshot_WithNothing: most commits touch no descriptor, so they must not cost what the catalog is large.
func TestSnapshot_WithNothing(t *testing.T) {
	contents := generate(1000)
	contents.Sources = sources()
	before := catalog.NewSnapshot(contents)
	nothing := catalog.Change{Contents: catalog.Contents{Sources: sources(), Revision: 7}}
	after := before.With(nothing)
	if after.Revision() != 7 || after.As(catalog.Everything{}).Len() != 1000 {
		t.Errorf("revision %d, %d entities", after.Revision(), after.As(catalog.Everything{}).Len())
	}
	if n := testing.AllocsPerRun(10, func() { before.With(nothing) }); n > 2 {
		t.Errorf("a change of nothing takes %v allocations", n)
	}
}

type onlySource string

func (s onlySource) CanSee(e *catalog.Entity) bool { return e.Origin.Source == string(s) }

// changingWorld is a catalog with what may still come into it.
type changingWorld struct {
	dice     *rand.Rand
	pool     []*catalog.Document // to take from
	shown    map[catalog.Ref]*catalog.Document
	orphans  map[catalog.Ref]bool
	losers   map[catalog.Ref][]catalog.Loss
	problems map[catalog.FileKey][]catalog.Problem
	revision int64
	foreign  bool // whether relations come that the format does not have
}

func newChangingWorld(seed uint64) *changingWorld {
	w := &changingWorld{
		dice: rand.New(rand.NewPCG(seed, 1)), pool: generate(300).Documents, foreign: seed == 0,
		shown: map[catalog.Ref]*catalog.Document{}, orphans: map[catalog.Ref]bool{},
		losers: map[catalog.Ref][]catalog.Loss{}, problems: map[catalog.FileKey][]catalog.Problem{},
	}
	for _, first := range []string{"amber", "atlas", "billing", "cargo"} { // of which others are part, and by which they are owned
		w.pool = append(w.pool, describe("system:"+first, titled("System "+first)),
			describe("group:team-"+first, from("cart", "groups/"+first+".yaml"), related(catalog.HasMember, "user:"+first)),
			describe("component:other/"+first, from("local", first+".yaml"), annotated("callboard/aliases", "x"+first+", everybody")))
	}
	for _, doc := range w.pool[:250] {
		w.shown[doc.Ref] = doc
	}
	return w
}

// contents is the whole of it.
func (w *changingWorld) contents() catalog.Contents {
	c := catalog.Contents{
		Documents: slices.Collect(maps.Values(w.shown)), Orphans: maps.Clone(w.orphans), Losers: maps.Clone(w.losers),
		Sources: sources(), Revision: w.revision,
	}
	for _, list := range w.problems {
		c.Problems = append(c.Problems, list...)
	}
	catalog.SortProblems(c.Problems)
	return c
}

// change changes a few entities, sometimes many.
func (w *changingWorld) change() catalog.Change {
	count := 1 + w.dice.IntN(4)
	if w.dice.IntN(15) == 0 {
		count = 60
	}
	w.revision++
	c := catalog.Change{Files: map[catalog.FileKey]bool{}}
	c.Orphans, c.Losers = map[catalog.Ref]bool{}, map[catalog.Ref][]catalog.Loss{}
	touched := map[catalog.Ref]bool{}
	for range count {
		doc := w.pool[w.dice.IntN(len(w.pool))]
		if touched[doc.Ref] {
			continue
		}
		touched[doc.Ref] = true
		if shown := w.shown[doc.Ref]; shown != nil {
			c.Files[file(shown)] = true
			delete(w.problems, file(shown))
		}
		c.Refs = append(c.Refs, doc.Ref)
		delete(w.shown, doc.Ref)
		delete(w.orphans, doc.Ref)
		delete(w.losers, doc.Ref)
		if w.dice.IntN(3) == 0 {
			continue
		}
		doc = w.alter(doc)
		key := file(doc)
		w.shown[doc.Ref], c.Files[key] = doc, true
		c.Documents = append(c.Documents, doc)
		if w.dice.IntN(4) == 0 {
			w.orphans[doc.Ref], c.Orphans[doc.Ref] = true, true
		}
		if w.dice.IntN(4) == 0 {
			lost := []catalog.Loss{{Origin: catalog.Origin{Source: "local", Path: doc.Ref.Name + "/second.yaml", Doc: 1}, Why: "it came later"}}
			w.losers[doc.Ref], c.Losers[doc.Ref] = lost, lost
		}
		for line := range w.dice.IntN(3) {
			p := catalog.Problem{Origin: doc.Origin, Ref: doc.Ref, Severity: catalog.Warning, Rule: catalog.RuleOrphan, Text: fmt.Sprint("no. ", w.dice.IntN(9))}
			p.Origin.Line = line
			w.problems[key] = append(w.problems[key], p)
		}
	}
	for key := range c.Files { // several documents may stand in one
		c.Problems = append(c.Problems, w.problems[key]...)
	}
	catalog.SortProblems(c.Problems)
	c.Sources, c.Revision = sources(), w.revision
	return c
}

func file(d *catalog.Document) catalog.FileKey {
	return catalog.FileKey{Source: d.Origin.Source, Path: d.Origin.Path}
}

// alter gives the document with another content.
func (w *changingWorld) alter(doc *catalog.Document) *catalog.Document {
	other := func() string { return w.pool[w.dice.IntN(len(w.pool))].Ref.String() }
	options := []func(*catalog.Document){
		from(doc.Origin.Source, doc.Origin.Path), described(fmt.Sprint("revision ", w.dice.IntN(100))),
		related(catalog.OwnedBy, "group:team-amber"),
	}
	for _, option := range []func(*catalog.Document){
		titled(fmt.Sprint("Title ", w.dice.IntN(20))), tagged("wallet"), typed("service", "production"),
		annotated("callboard/aliases", fmt.Sprint("alias-", w.dice.IntN(20), ",everybody"), "github.com/project-slug", "acme/"+doc.Ref.Name),
		related(catalog.DependsOn, other(), catalog.DependsOn, other()), related(catalog.PartOf, "system:amber"),
		related(catalog.DependencyOf, other()), related(catalog.DependsOn, "resource:nowhere"),
		linked(catalog.Link{URL: "https://grafana.example.com/d/" + doc.Ref.Name + strconv.Itoa(w.dice.IntN(3)), Title: "Dashboard"}),
		from("local", doc.Ref.Name+".yaml"),
	} {
		if w.dice.IntN(2) == 0 {
			options = append(options, option)
		}
	}
	if w.foreign && w.dice.IntN(20) == 0 {
		options = append(options, related("watchedBy", other())) // a type that the format does not have
	}
	return describe(doc.Ref.String(), options...)
}

// answers asks all there is to ask.
func (w *changingWorld) answers(v catalog.View) map[string]any {
	out := map[string]any{
		"len": v.Len(), "stats": v.Stats(), "sources": v.Sources(), "problems": v.Problems(),
		"all": names(slices.Collect(v.All())),
	}
	asked := slices.Clone(w.pool)
	for _, text := range []string{"resource:nowhere", "user:amber", "system:wallet", "group:team-wallet"} {
		asked = append(asked, describe(text))
	}
	for n, doc := range asked {
		r := doc.Ref
		e, found := v.Get(r)
		if shown := w.shown[r]; found && (shown == nil || shown.Entity != e) {
			out["entity "+r.String()] = "another than is shown"
		}
		out["get "+r.String()] = []any{found, v.Orphan(r), v.Losers(r), relations(v, r)}
		if n%20 == 0 {
			typo := strings.Replace(r.Name, "e", "x", 1)
			for _, text := range []string{r.Name, typo, r.Name[:4], "https://grafana.example.com/d/" + r.Name + "1", "acme/" + r.Name, r.Name + "-7d9f8b6c5d-x2x4z"} {
				out["resolve "+text] = match(v.Resolve(text))
			}
			out["complete "+r.Name] = v.Complete(r.Name[:3], 10)
		}
	}
	for n := range 20 {
		for _, text := range []string{fmt.Sprint("title ", n), fmt.Sprint("alias-", n), fmt.Sprint("alyas-", n)} {
			out["resolve "+text] = match(v.Resolve(text))
		}
	}
	for _, text := range []string{"", "wallet", "title", "revision 1", "owner:team-amber", "owner:team-wallet", "system:amber service", "source:local", "tag:wallet"} {
		found := v.Find(catalog.Query{Text: text, Limit: 1000})
		out["find "+text] = []any{found.Total, names(found.Entities)}
	}
	return out
}

func relations(v catalog.View, r catalog.Ref) []string {
	var list []string
	for _, related := range v.Relations(r) {
		list = append(list, fmt.Sprint(related.Type, " ", related.Target, " ", related.Found()))
	}
	return list
}

func match(m catalog.Match) []any {
	var entity string
	if m.Entity != nil {
		entity = m.Entity.Ref.String()
	}
	return []any{entity, m.How.String(), names(m.Candidates), m.Total, m.Via}
}
