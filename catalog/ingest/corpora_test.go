package ingest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// corpora is where public catalogs lie with the verdicts of Backstage's own code on each of their
// documents. It is not part of the repository.
const corpora = "../../../shared/corpora/dev"

// verdict is a line of expected/*.entities.jsonl.
type verdict struct {
	File      string      `json:"file"`
	Doc       int         `json:"doc"`
	Accepted  bool        `json:"accepted"`
	Ref       string      `json:"ref"`
	Relations [][3]string `json:"relations"`
	Class     string      `json:"class"`
	Message   string      `json:"message"`
	Skeleton  bool        `json:"skeleton"`
}

// deviations are the documents on which Callboard means to differ ([D] in the design), with the
// reason, by "FOLDER FILE#DOC". Skeletons are refused by both, and need no row.
func deviations() map[string]string {
	return map[string]string{}
}

// unjudged are the documents for which Backstage's verdicts have no line, with the reason; Callboard
// must refuse them.
func unjudged() map[string]string {
	const foreign = "the verdicts leave out documents whose apiVersion is not one of Backstage's"
	return map[string]string{
		"im-open-validate-catalog-info test/catalog-infos/invalid-entities.yml#3": foreign,
		"im-open-validate-catalog-info test/catalog-infos/invalid-entities.yml#4": foreign,
		"im-open-validate-catalog-info test/catalog-infos/invalid-entities.yml#5": foreign,
	}
}

func TestCorpora(t *testing.T) {
	expected, err := filepath.Glob(filepath.Join(corpora, "expected", "*.entities.jsonl"))
	if err != nil || len(expected) == 0 {
		t.Skip("the corpora with Backstage's verdicts are not at " + corpora + ": nothing was compared")
	}
	documents, unused := 0, deviations()
	for _, name := range expected {
		folder := corpusFolder(strings.TrimSuffix(filepath.Base(name), ".entities.jsonl"))
		t.Run(folder, func(t *testing.T) {
			documents += compareCorpus(t, folder, readVerdicts(t, name), unused)
		})
	}
	for key := range unused {
		t.Errorf("%s: no deviation there any more; delete its row", key)
	}
	t.Logf("%d documents compared", documents)
}

// corpusFolder gives the folder of owner__repository.
func corpusFolder(name string) string {
	owner, repository, _ := strings.Cut(name, "__")
	for _, folder := range []string{owner + "-" + repository, repository, strings.TrimSuffix(owner, "labs") + "-" + repository} {
		if _, err := os.Stat(filepath.Join(corpora, folder)); err == nil {
			return folder
		}
	}
	return name
}

func readVerdicts(t *testing.T, name string) []verdict {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []verdict
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func compareCorpus(t *testing.T, folder string, verdicts []verdict, deviations map[string]string) int {
	t.Helper()
	root := os.DirFS(filepath.Join(corpora, folder))
	reader := ingest.Reader{Source: folder, FS: root}
	ours := readAll(t, &reader, root)
	skeletons := skeletonDirs(ours)
	for _, v := range verdicts {
		key := fmt.Sprintf("%s#%d", v.File, v.Doc)
		doc, found := ours[key]
		delete(ours, key)
		if reason := deviations[folder+" "+key]; reason != "" {
			delete(deviations, folder+" "+key)
			continue
		}
		if !found {
			t.Errorf("%s: not found by us; Backstage: %+v", key, v)
			continue
		}
		compareDocument(t, key, v, doc, skeletons)
	}
	for key, doc := range ours {
		file, _, _ := strings.Cut(key, "#")
		known := slices.ContainsFunc(verdicts, func(v verdict) bool { return v.File == file })
		if unjudged()[folder+" "+key] != "" && doc.Entity == nil {
			continue
		}
		if known || doc.Entity != nil && !below(file, skeletons) {
			t.Errorf("%s: found by us only: ref %q, problems %v", key, doc.Ref, doc.Problems)
		}
	}
	return len(verdicts)
}

func compareDocument(t *testing.T, key string, v verdict, doc catalog.Document, skeletons []string) {
	t.Helper()
	accepted := doc.Entity != nil
	switch {
	case v.Skeleton && accepted && !below(v.File, skeletons):
		t.Errorf("%s: a skeleton, but accepted, and no template names its directory; those named: %v", key, skeletons)
		return
	case v.Skeleton:
		return
	case accepted != v.Accepted:
		t.Errorf("%s: accepted %v, Backstage says %v (%s %s); our problems: %+v", key, accepted, v.Accepted, v.Class, v.Message, doc.Problems)
		return
	case !accepted:
		for _, p := range doc.Problems {
			if p.Origin.Line == 0 || p.Text == "" || p.Fix == "" {
				t.Errorf("%s: a problem without line, text or fix: %+v", key, p)
			}
		}
		return
	}
	if got := doc.Entity.Ref.String(); got != v.Ref {
		t.Errorf("%s: ref %s, Backstage says %s", key, got, v.Ref)
	}
	var want, got [][3]string
	for _, r := range doc.Entity.Declares {
		got = append(got, [3]string{r.Type, r.Target.String(), ingest.Inverse(r.Type)})
	}
	for _, r := range v.Relations {
		if !slices.Contains(want, r) {
			want = append(want, r)
		}
	}
	order := func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(want, order)
	slices.SortFunc(got, order)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: relations (-Backstage +ours)\n%s", key, diff)
	}
}

func readAll(t *testing.T, reader *ingest.Reader, root fs.FS) map[string]catalog.Document {
	t.Helper()
	out := map[string]catalog.Document{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			return err
		}
		data, err := fs.ReadFile(root, name)
		for _, doc := range reader.Read(name, data).Documents {
			out[fmt.Sprintf("%s#%d", name, doc.Origin.Doc)] = doc
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func skeletonDirs(docs map[string]catalog.Document) []string {
	var dirs []string
	for _, key := range slices.Sorted(maps.Keys(docs)) {
		if entity := docs[key].Entity; entity != nil {
			dirs = append(dirs, ingest.SkeletonDirs(entity)...)
		}
	}
	return dirs
}

func below(file string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return strings.HasPrefix(file, dir+"/") })
}
