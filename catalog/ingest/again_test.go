package ingest_test

import (
	"log/slog"
	"strings"
	"testing"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// What the second sync does after something around the first one has changed.

func TestSync_NarrowedPathsForgetFilesWithoutEntities(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{
		"go/catalog-info.yaml": template, "go/skeleton/catalog-info.yaml": service("like-a-real-one"),
		"bad/catalog-info.yaml": "kind: [", "b/catalog-info.yaml": service("b"),
	})
	h.sync()
	h.wantProblem(catalog.RuleSkeleton, "acme/go/skeleton/catalog-info.yaml:1", "narrow the source's paths")
	h.sources[0].Paths = []string{"go/catalog-info.yaml"}
	h.restart()
	h.sync()
	h.want("component:b acme/b/catalog-info.yaml orphan", "template:go acme/go/catalog-info.yaml")
	if text := h.problems(); strings.Contains(text, "skeleton") || strings.Contains(text, "bad/") {
		t.Errorf("problems of files that nothing names: %s", text)
	}
}

func TestSync_HolderMovesIntoAFileThatExists(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"x/catalog-info.yaml": service("x") + "---\n" + service("r"), "z/catalog-info.yaml": service("z")})
	h.sync()
	repo.commit(tree{"x/catalog-info.yaml": service("x") + "---\n" + service("r"), "y/catalog-info.yaml": service("r"), "z/catalog-info.yaml": service("z")})
	h.sync()
	h.want("component:r acme/x/catalog-info.yaml", "component:x acme/x/catalog-info.yaml", "component:z acme/z/catalog-info.yaml")
	repo.commit(tree{"x/catalog-info.yaml": service("x"), "y/catalog-info.yaml": service("r"), "z/catalog-info.yaml": service("z") + "---\n" + service("r")})
	h.sync()
	h.want("component:r acme/z/catalog-info.yaml", "component:x acme/x/catalog-info.yaml", "component:z acme/z/catalog-info.yaml")
}

func TestSync_URLsOfPlaceholdersAreTriedAgain(t *testing.T) {
	repo := &repository{}
	api := "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders\nspec:\n  type: openapi\n  lifecycle: production\n  owner: team\n  definition:\n    $text: https://elsewhere.example.com/openapi.yaml\n"
	repo.commit(tree{"catalog-info.yaml": api})
	h := newHouse(t, source("acme", repo))
	h.sync()
	h.wantProblem(catalog.RulePlaceholder, "acme/catalog-info.yaml:9", "outbound.allow")
	reach := func(string) ([]byte, error) { return []byte("openapi: 3.1.0\n"), nil }
	h.syncer = ingest.NewSyncer(ingest.Options{Store: h.store, Sources: h.sources, Log: slog.New(slog.DiscardHandler), Now: clock(), Remote: reach})
	if err := h.syncer.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.sync()
	h.wantNoProblems()
}
