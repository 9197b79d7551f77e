package demo_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"callboard/catalog"
	"callboard/cmd/callboard/internal/config"
	"callboard/cmd/callboard/internal/demo"
)

var now = time.Date(2026, 11, 23, 14, 21, 30, 0, time.UTC)

// state gives the files after the first n commits.
func state(n int) map[string][]byte {
	files := map[string][]byte{}
	for _, commit := range demo.History(now)[:n] {
		maps.Copy(files, commit.Write)
		for _, gone := range commit.Remove {
			delete(files, gone)
		}
	}
	return files
}

func TestHistory_LeadsToTheTree(t *testing.T) {
	want := map[string][]byte{}
	err := fs.WalkDir(os.DirFS("tree"), ".", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			want[file], err = os.ReadFile(filepath.Join("tree", file))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, state(len(demo.History(now)))); diff != "" {
		t.Errorf("(-tree +history)\n%s", diff)
	}
}

func TestHistory_IsBelievable(t *testing.T) {
	history := demo.History(now)
	authors := map[string]bool{}
	files := map[string][]byte{}
	for i, commit := range history {
		authors[commit.Email] = true
		if i > 0 && !commit.When.After(history[i-1].When) {
			t.Errorf("commit %d is not after the one before: %s", i, commit.When)
		}
		if commit.Author == "" || !strings.Contains(commit.Message, ": ") || len(commit.Message) > 72 {
			t.Errorf("commit %d: %q by %q", i, commit.Message, commit.Author)
		}
		changed := len(commit.Remove)
		for _, gone := range commit.Remove {
			if files[gone] == nil {
				t.Errorf("commit %d removes %s, which is not there", i, gone)
			}
			delete(files, gone)
		}
		for file, content := range commit.Write {
			if !bytes.Equal(files[file], content) {
				changed++
			}
			files[file] = content
		}
		if changed == 0 {
			t.Errorf("commit %d changes nothing", i)
		}
	}
	if first, last := now.Sub(history[0].When), now.Sub(history[len(history)-1].When); len(history) < 12 || len(authors) < 6 ||
		first < 400*24*time.Hour || last > 3*time.Hour || last < time.Hour {
		t.Errorf("%d commits by %d authors, from %s to %s ago", len(history), len(authors), first, last)
	}
}

// Overlays belong to commits that exist, and differ from the text that the commit would write anyway.
func TestHistory_OverlaysAreUsed(t *testing.T) {
	overlays, err := filepath.Glob("history/*")
	if err != nil || len(overlays) == 0 {
		t.Fatal(overlays, err)
	}
	used := 0
	for _, commit := range demo.History(now) {
		for file, content := range commit.Write {
			if final, err := os.ReadFile(filepath.Join("tree", file)); err != nil || !bytes.Equal(final, content) {
				used++
			}
		}
	}
	stored := 0
	err = filepath.WalkDir("history", func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			stored++
		}
		return err
	})
	if err != nil || used != stored {
		t.Errorf("%d files below history, %d of them differ from the tree and are written; %v", stored, used, err)
	}
}

// document is as much of a descriptor as the checks need.
type document struct {
	file     string
	Kind     string `yaml:"kind"`
	Metadata struct {
		Name        string            `yaml:"name"`
		Tags        []string          `yaml:"tags"`
		Annotations map[string]string `yaml:"annotations"`
	} `yaml:"metadata"`
	Spec map[string]any `yaml:"spec"`
}

func (d document) ref() catalog.Ref { return catalog.NewRef(d.Kind, "", d.Metadata.Name) }

// descriptors gives the documents that the demo's configuration and its Locations name.
func descriptors(t *testing.T, files map[string][]byte) []document {
	t.Helper()
	var queue []string
	for _, pattern := range demo.Config("/demo").Catalog.Sources[0].Paths {
		queue = append(queue, matching(t, files, pattern)...)
	}
	var all []document
	for seen := map[string]bool{}; len(queue) > 0; queue = queue[1:] {
		file := queue[0]
		if seen[file] {
			continue
		}
		seen[file] = true
		decoder := yaml.NewDecoder(bytes.NewReader(files[file]))
		for {
			d := document{file: file}
			err := decoder.Decode(&d)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || d.Kind == "" || d.Metadata.Name == "" {
				t.Fatalf("%s: %v", file, err)
			}
			all = append(all, d)
			if d.Kind != "Location" {
				continue
			}
			for _, target := range texts(d.Spec["targets"]) {
				found := matching(t, files, path.Join(path.Dir(file), target))
				if len(found) == 0 {
					t.Errorf("%s: target %s matches nothing", file, target)
				}
				queue = append(queue, found...)
			}
		}
	}
	return all
}

func matching(t *testing.T, files map[string][]byte, pattern string) []string {
	t.Helper()
	var found []string
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if ok, err := doublestar.Match(pattern, file); err != nil {
			t.Fatal(err)
		} else if ok {
			found = append(found, file)
		}
	}
	return found
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			text, _ := item.(string)
			list = append(list, text)
		}
		return list
	}
	return nil
}

// dangling gives the references to entities that do not exist.
func dangling(t *testing.T, docs []document) []string {
	t.Helper()
	known := map[catalog.Ref]bool{}
	for _, d := range docs {
		known[d.ref()] = true
	}
	kinds := map[string]string{
		"owner": "group", "system": "system", "domain": "domain", "providesApis": "api", "consumesApis": "api", "dependsOn": "",
		"memberOf": "group", "members": "user", "children": "group", "parent": "group",
	}
	var missing []string
	for _, d := range docs {
		for field, kind := range kinds {
			for _, text := range texts(d.Spec[field]) {
				ref, err := catalog.ParseRef(text, kind, "")
				if err != nil || !known[ref] {
					missing = append(missing, d.ref().String()+" "+field+" "+ref.String())
				}
			}
		}
		if lead := d.Metadata.Annotations["callboard/lead"]; lead != "" {
			if ref, err := catalog.ParseRef(lead, "", ""); err != nil || !known[ref] {
				missing = append(missing, d.ref().String()+" lead "+lead)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

func TestTree_HoldsItsDeliberateFaults(t *testing.T) {
	docs := descriptors(t, state(len(demo.History(now))))
	want := []string{
		"component:default/pricing dependsOn resource:default/fx-rates",
		"component:default/promo-codes owner group:default/team-growth",
	}
	if diff := cmp.Diff(want, dangling(t, docs)); diff != "" {
		t.Errorf("dangling references (-want +got)\n%s", diff)
	}
	places, kinds, filesNamed := map[catalog.Ref][]string{}, map[string]int{}, map[string]bool{}
	for _, d := range docs {
		places[d.ref()] = append(places[d.ref()], d.file)
		kinds[d.Kind]++
		filesNamed[d.file] = true
	}
	for ref, files := range places {
		if want := ref == catalog.NewRef("component", "", "notifier"); len(files) > 1 != want {
			t.Errorf("%s stands in %v", ref, files)
		}
	}
	if len(docs) < 38 || len(docs) > 50 || len(filesNamed) < 20 || len(kinds) != 8 {
		t.Errorf("%d documents in %d files, of kinds %v", len(docs), len(filesNamed), kinds)
	}
	if _, found := places[demo.User()]; !found {
		t.Errorf("the asker %s is not in the catalog", demo.User())
	}
	valid := regexp.MustCompile(`^[a-z0-9:+#]+(-[a-z0-9:+#]+)*$`)
	for _, d := range docs {
		for _, tag := range d.Metadata.Tags {
			if !valid.MatchString(tag) && d.Metadata.Name != "seat-map" {
				t.Errorf("%s: tag %q", d.ref(), tag)
			}
		}
		owned := !slices.Contains([]string{"Group", "User", "Location"}, d.Kind)
		if owned && d.Spec["owner"] == nil && d.Metadata.Name != "seat-map" {
			t.Errorf("%s has no owner", d.ref())
		}
	}
}

// The orphan and the stale document need two syncs, with these states.
func TestFirstSync(t *testing.T) {
	before, after := descriptors(t, state(demo.FirstSync)), descriptors(t, state(len(demo.History(now))))
	find := func(docs []document, name string) (document, bool) {
		i := slices.IndexFunc(docs, func(d document) bool { return d.Metadata.Name == name })
		if i < 0 {
			return document{}, false
		}
		return docs[i], true
	}
	if _, found := find(before, "ticket-archive"); !found {
		t.Error("the first sync lacks ticket-archive")
	}
	if _, found := find(after, "ticket-archive"); found || state(len(demo.History(now)))["resources/archive.yaml"] == nil {
		t.Error("resources/archive.yaml must stay, named by no Location")
	}
	if d, _ := find(before, "seat-map"); d.Spec["owner"] != "team-venues" || slices.Contains(d.Metadata.Tags, "seat map") {
		t.Errorf("the first sync must find a good seat-map: %v", d)
	}
	if d, _ := find(after, "seat-map"); d.Spec["owner"] != nil || !slices.Contains(d.Metadata.Tags, "seat map") {
		t.Errorf("the second sync must find a broken seat-map: %v", d)
	}
}

// Every earlier commit must be a catalog that reads well too, for whoever looks into the history.
func TestHistory_ParsesThroughout(t *testing.T) {
	for n := 1; n <= len(demo.History(now)); n++ {
		files := state(n)
		for file, content := range files {
			var value any
			if ext := path.Ext(file); (ext == ".yaml" || ext == ".yml") && yaml.Unmarshal(content, &value) != nil {
				t.Errorf("after commit %d: %s is not YAML", n-1, file)
			}
		}
		for _, d := range descriptors(t, files) {
			definition, _ := d.Spec["definition"].(map[string]any)
			if text, ok := definition["$text"].(string); ok && files[path.Join(path.Dir(d.file), text)] == nil {
				t.Errorf("after commit %d: %s: $text: %s is missing", n-1, d.file, text)
			}
			if runbook := d.Metadata.Annotations["callboard/runbook"]; runbook != "" && files[path.Join(path.Dir(d.file), runbook)] == nil {
				t.Errorf("after commit %d: %s: runbook %s is missing", n-1, d.file, runbook)
			}
		}
	}
}

func TestConfig(t *testing.T) {
	c := demo.Config("/demo")
	if c.Data != "/demo/data" || c.Catalog.Sources[0].Git != demo.Repository("/demo") || c.Console.User != demo.User() {
		t.Errorf("%+v", c)
	}
	if c.Catalog.Sources[0].Transport() != config.Local || !c.Catalog.Sources[0].Trusted {
		t.Error("the demo's source must be local and trusted")
	}
	if len(demo.Suggestions()) != 4 {
		t.Errorf("%d suggestions", len(demo.Suggestions()))
	}
}
