package backstage_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/integrations/backstage"
)

type searchAnswer struct {
	Results []struct {
		Type     string
		Rank     int
		Document map[string]string
	}
	NextPageCursor, PreviousPageCursor string
	NumberOfResults                    int
}

func (a searchAnswer) locations() []string {
	list := []string{}
	for _, r := range a.Results {
		list = append(list, fmt.Sprint(r.Rank, " ", r.Document["location"]))
	}
	return list
}

func TestSearch(t *testing.T) {
	api := open(documents())
	var found searchAnswer
	get(t, api, "/api/search/query?term=turns%20cart&types[0]=software-catalog", &found)
	want := map[string]string{
		"title": "Check-out", "text": "Turns a cart into an order.", "location": "/catalog/default/component/checkout", "componentType": "service",
		"type": "service", "namespace": "default", "kind": "Component", "lifecycle": "production", "owner": "team-pay",
	}
	if len(found.Results) != 1 || found.NumberOfResults != 1 || found.Results[0].Type != "software-catalog" || found.Results[0].Rank != 1 {
		t.Fatalf("%+v", found)
	}
	if diff := cmp.Diff(want, found.Results[0].Document); diff != "" {
		t.Error(diff)
	}
	for query, want := range map[string][]string{
		"term=CART":                                           {"1 /catalog/default/component/cart", "2 /catalog/default/component/checkout"},
		"term=orders&filters[kind]=API":                       {"1 /catalog/default/api/orders"},
		"filters[kind][]=API&filters[kind][]=User":            {"1 /catalog/default/api/orders", "2 /catalog/default/user/mira"},
		"filters[componentType]=website":                      {"1 /catalog/default/component/web"},
		"filters[kind]=no%20kind":                             {},
		"filters[kind]=":                                      {},
		"filters[colour]=red":                                 {},
		"filters[owner]=group:team-web&filters[type]=website": {"1 /catalog/default/component/web"},
		"filters[owner]=team-web&filters[type]=a,website":     {},
		"term=checkout&types=techdocs":                        {},
		"term=nothing-like-it":                                {},
		"term=mira&types[]=techdocs&types[]=software-catalog": {"1 /catalog/default/user/mira"},
	} {
		var found searchAnswer
		get(t, api, "/api/search/query?"+query, &found)
		if diff := cmp.Diff(want, found.locations()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	get(t, api, "/api/search/query?term=mira", &found)
	if got := found.Results[0].Document["text"]; got != "Mira Ruiz : mira@acme.example" {
		t.Error(got)
	}
}

func TestSearch_Pages(t *testing.T) {
	s := snapshot(documents())
	api := backstage.New(backstage.Options{
		Catalog: func() *catalog.Snapshot { return s }, Viewer: everything, Anonymous: true, Log: quiet(), Finders: []backstage.Finder{pages(3)},
	})
	var walked []string
	cursor := ""
	for {
		var found searchAnswer
		get(t, api, "/api/search/query?pageLimit=4&pageCursor="+cursor, &found)
		walked = append(walked, found.locations()...)
		if found.NumberOfResults != 13 || len(found.Results) > 4 || (found.PreviousPageCursor == "") != (cursor == "") {
			t.Errorf("%+v", found)
		}
		if cursor = found.NextPageCursor; cursor == "" {
			break
		}
	}
	if len(walked) != 13 || walked[0] != "1 /catalog/default/api/orders" || walked[1] != "2 /docs/0" || walked[5] != "6 /docs/2" || walked[12] != "13 /catalog/default/user/mira" {
		t.Error(walked)
	}
	api = backstage.New(backstage.Options{
		Catalog: func() *catalog.Snapshot { return s }, Viewer: everything, Anonymous: true, Log: quiet(), Finders: []backstage.Finder{pages(-1)},
	})
	var found searchAnswer
	if get(t, api, "/api/search/query", &found); found.NumberOfResults != 10 {
		t.Error("one part failed, and the others are gone:", found)
	}
	response, body := ask(t, api, http.MethodGet, "/api/search/query?types=techdocs", "")
	if response.Code != http.StatusServiceUnavailable || strings.Contains(body, "disk") || !strings.Contains(body, `"statusCode":503`) {
		t.Error(response.Code, body)
	}
}

// pages finds that many pages; below 0 it fails.
type pages int

func (pages) Type() string { return "techdocs" }

func (p pages) Find(_ context.Context, _ catalog.View, q backstage.SearchQuery) (backstage.SearchResult, error) {
	if p < 0 {
		return backstage.SearchResult{}, errors.New("disk on fire")
	}
	found := backstage.SearchResult{Total: int(p)}
	for i := range min(int(p), q.Limit) {
		found.Documents = append(found.Documents, backstage.SearchDocument{Document: map[string]string{"location": fmt.Sprint("/docs/", i)}})
	}
	return found, nil
}
