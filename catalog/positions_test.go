package catalog_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
)

func TestPositions(t *testing.T) {
	key := catalog.Pointer(catalog.Pointer("", "metadata"), "annotations")
	slug := catalog.Pointer(key, "github.com/project-slug")
	odd := catalog.Pointer(key, "a~b\nc")
	p := catalog.NewPositions(
		[]string{"", "/metadata", key, slug, odd},
		[]catalog.Pos{{Line: 1, Column: 1}, {Line: 3, Column: 1}, {Line: 5, Column: 3}, {Line: 6, Column: 5}, {Line: 7, Column: 5}})
	tests := map[string]catalog.Pos{
		"":            {Line: 1, Column: 1},
		"/metadata":   {Line: 3, Column: 1},
		slug:          {Line: 6, Column: 5},
		odd:           {Line: 7, Column: 5},
		slug + "/0":   {Line: 6, Column: 5}, // the nearest field around it
		key + "/none": {Line: 5, Column: 3},
		"/spec/owner": {Line: 1, Column: 1},
		"/metadat":    {Line: 1, Column: 1},
		"no pointer":  {},
	}
	for pointer, want := range tests {
		for name, p := range map[string]catalog.Positions{"made": p, "joined": catalog.JoinPositions(p.Split())} {
			if got := p.At(pointer); got != want {
				t.Errorf("%s: At(%q) = %v, want %v", name, pointer, got, want)
			}
		}
	}
	if all := slices.Collect(p.All()); len(all) != 5 || all[4] != (catalog.Pos{Line: 7, Column: 5}) {
		t.Errorf("All gives %v", all)
	}
	if got := (catalog.Positions{}).At("/x"); got != (catalog.Pos{}) {
		t.Errorf("nothing known gives %v", got)
	}
}

// TestPositions_Damage cuts and changes packed places, which a store may have kept badly.
func TestPositions_Damage(t *testing.T) {
	pointers, places := catalog.NewPositions([]string{"", "/kind"}, []catalog.Pos{{Line: 1, Column: 1}, {Line: 300, Column: 500}}).Split()
	for _, damaged := range []string{places[:1], places[:3], places[:len(places)-1], strings.Repeat("\xff", 30), "\x02\x02\x80"} {
		p := catalog.JoinPositions(pointers, damaged)
		if got, found := p.Exact("/kind"); found || len(slices.Collect(p.All())) > 1 {
			t.Errorf("%q: /kind is at %v", damaged, got)
		}
	}
}

func TestPointer(t *testing.T) {
	for key, want := range map[string]string{"a": "/x/a", "a/b": "/x/a~1b", "a~b": "/x/a~0b", "~1": "/x/~01", "a\nb": "/x/a~nb", "": "/x/"} {
		if got := catalog.Pointer("/x", key); got != want {
			t.Errorf("Pointer(/x, %q) = %q, want %q", key, got, want)
		}
	}
}

func TestPairs(t *testing.T) {
	pairs := pairsOf([]string{"b", "<2>", "a", "1", "c", ""})
	text, err := json.Marshal(pairs)
	if err != nil {
		t.Fatal(err)
	}
	var back catalog.Pairs
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pairs, back); diff != "" {
		t.Error(diff)
	}
	for key, want := range map[string]string{"a": "1", "b": "<2>", "c": "", "d": "", "": ""} {
		if got := pairs.Get(key); got != want {
			t.Errorf("Get(%q) = %q, want %q", key, got, want)
		}
	}
}

func TestEntity_Spec(t *testing.T) {
	e := describe("x", spec(`{"owner":"pay","dependsOn":["a","b"],"one":"a","no":1}`)).Entity
	if got := e.SpecString("owner"); got != "pay" {
		t.Errorf("owner = %q", got)
	}
	tests := map[string][]string{"dependsOn": {"a", "b"}, "one": {"a"}, "no": nil, "absent": nil}
	for field, want := range tests {
		if diff := cmp.Diff(want, e.SpecStrings(field)); diff != "" {
			t.Errorf("%s: %s", field, diff)
		}
	}
	if got := e.SpecString("dependsOn") + e.SpecString("absent") + describe("y").Entity.SpecString("owner"); got != "" {
		t.Errorf("what is no string gives %q", got)
	}
	if got := describe("x", titled("An X")).Entity.DisplayName() + describe("x").Entity.DisplayName(); got != "An Xx" {
		t.Errorf("display names: %q", got)
	}
}

func TestOrigin(t *testing.T) {
	o := catalog.Origin{Source: "acme", Path: "a.yaml", Line: 14}
	if got := o.String() + ", " + (catalog.Origin{Path: "a.yaml"}).Place(); got != "acme a.yaml:14, a.yaml" {
		t.Errorf("got %q", got)
	}
}
