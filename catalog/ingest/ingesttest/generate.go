package ingesttest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"time"

	"callboard/catalog"
)

// Files gives n descriptor files of one component each, as believable in size and shape as those
// of a real catalog: about 1.5 KB of YAML. The same n gives the same files.
func Files(n int) []*catalog.File {
	r := rand.New(rand.NewPCG(1, 2))
	files := make([]*catalog.File, n)
	for i := range files {
		files[i] = component(r, i)
	}
	return files
}

func component(r *rand.Rand, i int) *catalog.File {
	name := fmt.Sprintf("%s-%s-%d", pick(r, "checkout", "billing", "search", "ledger"), pick(r, "api", "worker", "web"), i)
	team := "team-" + strconv.Itoa(r.IntN(200))
	ref := catalog.NewRef("component", "", name)
	path := fmt.Sprintf("services/%s/%s/catalog-info.yaml", team, name)
	origin := catalog.Origin{Source: "acme", Path: path, Doc: 1, Line: 1, Revision: "3f786850e387550fdab836ed7e6dc881de23001b"}
	entity := &catalog.Entity{
		Ref: ref, APIVersion: "backstage.io/v1alpha1", Kind: "Component", Type: "service", Lifecycle: "production",
		Metadata: catalog.Metadata{
			Name: name, Namespace: catalog.DefaultNamespace, Title: strings.ReplaceAll(name, "-", " "),
			Description: sentence(r, 40),
			Labels:      catalog.Pairs{{Key: "example.com/region", Value: "eu-1"}, {Key: "example.com/tier", Value: pick(r, "1", "2")}},
			Annotations: catalog.Pairs{
				{Key: "backstage.io/techdocs-ref", Value: "dir:."},
				{Key: "github.com/project-slug", Value: "acme/" + name},
				{Key: "grafana/dashboard-selector", Value: "service=" + name},
				{Key: "pagerduty.com/service-id", Value: "P" + strconv.Itoa(100000+i)},
				{Key: "prometheus.io/rule", Value: `sum(rate(http_requests_total{job="` + name + `"}[5m]))`},
			},
			Tags: []string{pick(r, "go", "java", "rust"), pick(r, "grpc", "rest"), "tier" + pick(r, "1", "2")},
			Links: []catalog.Link{
				{URL: "https://grafana.example.com/d/" + name, Title: "Dashboard", Icon: "dashboard"},
				{URL: "https://runbooks.example.com/" + name, Title: "Runbook", Icon: "docs"},
			},
		},
		Origin: origin,
	}
	entity.Spec, entity.Declares = spec(r, team)
	entity.Positions = positions(entity)
	return &catalog.File{
		Source: origin.Source, Path: path, Blob: fmt.Sprintf("%040x", r.Uint64()),
		Documents: []catalog.Document{{
			Origin: origin, Ref: ref, Entity: entity, Holds: true, Positions: entity.Positions,
		}},
	}
}

func spec(r *rand.Rand, team string) (json.RawMessage, []catalog.Relation) {
	relations := []catalog.Relation{{Type: "ownedBy", Target: catalog.NewRef("group", "", team)}}
	var depends []string
	for range 3 {
		target := catalog.NewRef("resource", "", "database-"+strconv.Itoa(r.IntN(500)))
		relations = append(relations, catalog.Relation{Type: "dependsOn", Target: target})
		depends = append(depends, `"`+target.String()+`"`)
	}
	text := `{"type":"service","lifecycle":"production","owner":"` + team + `","system":"shop","dependsOn":[` +
		strings.Join(depends, ",") + `]}`
	return json.RawMessage(text), relations
}

func positions(e *catalog.Entity) catalog.Positions {
	pointers := []string{"", "/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/title", "/metadata/description"}
	for _, p := range e.Metadata.Annotations {
		pointers = append(pointers, catalog.Pointer("/metadata/annotations", p.Key))
	}
	for i := range e.Metadata.Tags {
		pointers = append(pointers, "/metadata/tags/"+strconv.Itoa(i))
	}
	for i := range e.Metadata.Links {
		link := "/metadata/links/" + strconv.Itoa(i)
		pointers = append(pointers, link, link+"/url", link+"/title", link+"/icon")
	}
	pointers = append(pointers, "/spec", "/spec/type", "/spec/lifecycle", "/spec/owner", "/spec/system", "/spec/dependsOn",
		"/spec/dependsOn/0", "/spec/dependsOn/1", "/spec/dependsOn/2")
	at := make([]catalog.Pos, len(pointers))
	for i := range at {
		at[i] = catalog.Pos{Line: int32(i + 1), Column: int32(1 + 2*strings.Count(pointers[i], "/"))} //nolint:gosec // a short list
	}
	return catalog.NewPositions(pointers, at)
}

func sentence(r *rand.Rand, words int) string {
	var b strings.Builder
	for range words {
		b.WriteString(pick(r, "takes", "orders", "money", "customers", "writes", "ledger", "events", "quickly", "once", "never") + " ")
	}
	return strings.TrimSpace(b.String())
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// Wild fills a value of type T with random content, every exported field of it: strange but valid
// text, nil and empty lists, zero and other times. A field that somebody adds to a type is filled
// too, so a store that forgets it fails the suite.
func Wild[T any](r *rand.Rand) T {
	var v T
	fill(r, reflect.ValueOf(&v).Elem())
	return v
}

func fill(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case catalog.Positions:
		v.Set(reflect.ValueOf(wildPositions(r)))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(pick(r, nil, json.RawMessage(`{}`), json.RawMessage(`{"b": 1,"a":[true,"☕"]}`))))
		return
	case time.Time:
		v.Set(reflect.ValueOf(pick(r, time.Time{}, time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC())))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(wildText(r))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int:
		v.SetInt(pick(r, 0, 1, r.Int64N(1000), 1<<40))
	case reflect.Pointer:
		if r.IntN(4) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.Slice:
		if r.IntN(4) > 0 {
			n := r.IntN(4)
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(r, v.Index(i))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	default:
		panic("ingesttest.Wild cannot fill a " + v.Type().String())
	}
}

func wildText(r *rand.Rand) string {
	return pick(r, "", "", "x", "checkout", "Größe ☕", "支払い", "\u202emoc", "🧑‍🚒", "a\nb\r\n\tc", `'";--\`, "%s ? $1 :x",
		strings.Repeat("long ", r.IntN(3000)), strconv.Itoa(r.IntN(1000)), "checkout-"+strconv.Itoa(r.IntN(5)))
}

func wildPositions(r *rand.Rand) catalog.Positions {
	pointers := make([]string, r.IntN(6))
	at := make([]catalog.Pos, len(pointers))
	for i := range pointers {
		pointers[i] = strings.ReplaceAll("/"+wildText(r), "\n", "~n")
		at[i] = catalog.Pos{Line: r.Int32N(5000), Column: r.Int32N(100)}
	}
	return catalog.NewPositions(pointers, at)
}
