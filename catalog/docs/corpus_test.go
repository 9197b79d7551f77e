package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// corpus gives a folder of the public corpora beside the repository. Where they are not, the test is
// skipped: nothing of them is part of this repository.
func corpus(t *testing.T, name string) fs.FS {
	t.Helper()
	const corpora = "../../../shared/corpora/dev"
	if info, err := os.Stat(filepath.Join(corpora, name)); err != nil || !info.IsDir() {
		t.Skip("the corpus " + name + " is not at " + corpora + ": nothing was tried")
	}
	return os.DirFS(filepath.Join(corpora, name))
}

// shelved reads all pages of a shelf.
func shelved(t *testing.T, now docs.Present, shelf *docs.Shelf) []docs.ShelvedPage {
	t.Helper()
	var out []docs.ShelvedPage
	for _, f := range shelf.Files {
		text, err := fs.ReadFile(now.Trees[f.Source].FS, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		page := docs.Split(catalog.Origin{Source: f.Source, Path: f.Path, Revision: "3f78685"}, text)
		out = append(out, docs.ShelvedPage{Page: *page, Name: page.Title, Runbook: f.Runbook})
	}
	return out
}

// TestPick_Prometheus asks for alerts by their names and by what people would say at night.
func TestPick_Prometheus(t *testing.T) {
	files := corpus(t, "prometheus-operator-runbooks")
	now := present(t, files, "kubernetes", `
metadata: {name: kubernetes, annotations: {callboard/runbook: content/runbooks}}`)
	entity, _ := now.Snapshot.As(catalog.Everything{}).Get(catalog.NewRef("component", "", "kubernetes"))
	shelf := docs.Find(now, entity)
	if len(shelf.Problems) > 0 || len(shelf.Files) < 90 {
		t.Fatalf("%d pages, %v", len(shelf.Files), shelf.Problems)
	}
	units := docs.Units(shelved(t, now, shelf))
	const first, offered = 1, 3 // picked, or among the first three to pick from
	for _, test := range []struct {
		symptom string
		place   int
		page    string
	}{
		{"KubePodCrashLooping", first, "KubePodCrashLooping"},
		{"kubepodcrashlooping", first, "KubePodCrashLooping"},
		{"etcdNoLeader", first, "etcdNoLeader"},
		{"etcd no leader", first, "etcdNoLeader"},
		{"pod keeps crashing", first, "KubePodCrashLooping"},
		{"node is not ready", first, "KubeNodeNotReady"},
		{"too many pods on the kubelet", first, "KubeletTooManyPods"},
		{"clock skew on a node", first, "NodeClockSkewDetected"},
		{"alertmanager does not reload its configuration", offered, "AlertmanagerFailedReload"},
		{"raid disk failed", offered, "NodeRAIDDiskFailure"},
		{"cpu is throttled", first, "CPUThrottlingHigh"},
		{"a job failed", first, "KubeJobFailed"},
		{"hpa maxed out", first, "KubeHpaMaxedOut"},
		{"persistent volume is filling up", first, "KubePersistentVolumeFillingUp"},
		{"filesystem almost out of space", first, "NodeFilesystemAlmostOutOfSpace"},
		{"prometheus target down", offered, "TargetDown"},
		{"client certificate expires soon", offered, "KubeClientCertificateExpiration"},
		{"etcd database is nearly out of quota", offered, "etcdBackendQuotaLowSpace"},
		{"deployment has too few replicas", offered, "KubeDeploymentReplicasMismatch"},
		{"api server is down", offered, "KubeAPIDown"},
	} {
		picked := docs.Pick(test.symptom, units)
		var names []string
		if picked.Unit != nil {
			names = append(names, picked.Unit.Page.Path)
		}
		for _, other := range picked.Others {
			names = append(names, other.Page.Path)
		}
		for i, name := range names {
			names[i] = strings.TrimSuffix(filepath.Base(name), ".md")
		}
		if i := slices.Index(names, test.page); i < 0 || i >= test.place || test.place == first && picked.Unit == nil {
			t.Errorf("%q gave %v (clear: %t), want %s", test.symptom, names, picked.Unit != nil, test.page)
		}
	}
	for _, nonsense := range []string{"zebra", "the", "", "coffee machine is empty"} {
		if picked := docs.Pick(nonsense, units); picked.Unit != nil {
			t.Errorf("%q gave %s", nonsense, picked.Unit.Page.Path)
		}
	}
}

// TestFind_Example reads the example of Backstage's own template.
func TestFind_Example(t *testing.T) {
	now := present(t, corpus(t, "backstage-create-app-examples"), "example-website", `
metadata: {name: example-website, annotations: {backstage.io/techdocs-ref: "dir:./example-docs"}}`)
	entity, _ := now.Snapshot.As(catalog.Everything{}).Get(catalog.NewRef("component", "", "example-website"))
	shelf := docs.Find(now, entity)
	if len(shelf.Problems) > 0 || len(shelf.Files) != 1 || shelf.Files[0].Path != "example-docs/docs/index.md" {
		t.Fatalf("%+v", shelf)
	}
	page := shelved(t, now, shelf)[0]
	if page.Title != "Example TechDocs page" || len(page.Sections) < 1 {
		t.Errorf("%q with %d sections", page.Title, len(page.Sections))
	}
}
