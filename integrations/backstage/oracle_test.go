package backstage_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"callboard/catalog"
	"callboard/catalog/catalogtest"
)

// flatten gives the rows that Backstage's search holds of an entity's JSON: what backstage.md says, done in
// the plainest way. Values are lower-case texts, or nil for null.
func flatten(described []byte) map[string]map[string]bool {
	const null = "\x00null"
	rows := map[string]map[string]bool{}
	add := func(key, value string) {
		key = strings.ToLower(key)
		if len(key) > 200 {
			return
		}
		if len(value) > 200 {
			value = null
		}
		if rows[key] == nil {
			rows[key] = map[string]bool{}
		}
		rows[key][strings.ToLower(value)] = true
	}
	var visit func(path string, v any)
	visit = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				visit(path+"."+name, value)
			}
		case []any:
			for _, item := range v {
				visit(path, item)
				if text, ok := item.(string); ok {
					add(path[1:]+"."+text, "true")
				}
			}
		case nil:
			add(path[1:], null)
		case string:
			add(path[1:], v)
		case float64:
			add(path[1:], strconv.FormatFloat(v, 'f', -1, 64))
		case bool:
			add(path[1:], strconv.FormatBool(v))
		}
	}
	var e map[string]any
	if err := json.Unmarshal(described, &e); err != nil {
		panic(err)
	}
	relations, _ := e["relations"].([]any)
	delete(e, "relations")
	metadata, _ := e["metadata"].(map[string]any)
	delete(metadata, "etag")
	visit("", e)
	for _, item := range relations {
		relation, _ := item.(map[string]any)
		add(fmt.Sprint("relations.", relation["type"]), fmt.Sprint(relation["targetRef"]))
	}
	return rows
}

// TestAgainstOracle compares columns with plain flattening, over a whole made-up catalog: every key, its
// counts, and filters for a sample of its values.
func TestAgainstOracle(t *testing.T) {
	docs := append(catalogtest.Documents(catalogtest.Options{Entities: 150, Seed: 7}), documents()...)
	view := snapshot(docs).As(catalog.Everything{})
	counts := map[string]map[string]int{}
	has := map[string]int{}
	for e := range view.All() {
		described, err := view.Describe(e)
		if err != nil {
			t.Fatal(err)
		}
		for key, values := range flatten(described) {
			has[key]++
			if counts[key] == nil {
				counts[key] = map[string]int{}
			}
			for value := range values {
				counts[key][value]++
			}
		}
	}
	if len(counts) < 100 {
		t.Fatalf("only %d keys", len(counts))
	}
	api := open(docs)
	for key, values := range counts {
		checkTotal(t, api, key, has[key])
		for i, value := range slices.Sorted(maps.Keys(values)) {
			if i < 5 && !strings.ContainsAny(value, ",\x00") && strings.TrimSpace(value) == value {
				checkTotal(t, api, key+"="+strings.ToUpper(value), values[value])
			}
		}
		checkFacet(t, api, key, values)
	}
}

func checkTotal(t *testing.T, api http.Handler, filter string, want int) {
	t.Helper()
	if strings.Contains(filter, ",") {
		return
	}
	var found page
	get(t, api, "/api/catalog/entities/by-query?limit=1&filter="+url.QueryEscape(filter), &found)
	if found.TotalItems != want {
		t.Errorf("%s: %d, want %d", filter, found.TotalItems, want)
	}
}

func checkFacet(t *testing.T, api http.Handler, key string, want map[string]int) {
	t.Helper()
	var found struct {
		Facets map[string][]struct {
			Value string
			Count int
		}
	}
	get(t, api, "/api/catalog/entity-facets?facet="+url.QueryEscape(key), &found)
	got := map[string]int{}
	for _, f := range found.Facets[key] {
		got[strings.ToLower(f.Value)] += f.Count
	}
	want = maps.Clone(want)
	delete(want, "\x00null")
	if !maps.Equal(got, want) {
		t.Errorf("facet %s: %v, want %v", key, got, want)
	}
}
