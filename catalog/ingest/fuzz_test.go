package ingest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// FuzzRead feeds arbitrary files. Whatever they hold, reading ends soon and without a panic, its
// verdicts are consistent, and every accepted entity is accepted again when written as JSON.
func FuzzRead(f *testing.F) {
	f.Add(typical())
	for _, name := range []string{"testdata/mean.yaml", "doc.go"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	seeds, err := filepath.Glob(filepath.Join(corpora, "*", "*", "*", "*.y*ml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range seeds {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data)
		}
	}
	for _, seed := range []string{
		"a: &a [*a]", "? {a: b}\n: c", "--- |\n a\n...\n%YAML 1.2\n--- {x: y}", "\"a\\\n b\": c", "a: !!int 'x'", "{{ x }}: y", "a:\n\t- b", "\ufeff# c\r\n---\r\nk: v\r",
	} {
		f.Add([]byte(seed))
	}
	files := fstest.MapFS{"x.yaml": {Data: []byte("a: 1\n")}, "d/y.json": {Data: []byte(`[1]`)}}
	f.Fuzz(func(t *testing.T, data []byte) {
		reader := ingest.Reader{Source: "fuzz", FS: files, Shapes: new(ingest.Shapes)}
		start := time.Now()
		result := reader.Read("d/catalog-info.yaml", data)
		if spent := time.Since(start); spent > 5*time.Second {
			t.Errorf("took %v", spent)
		}
		last := 0
		for _, doc := range result.Documents {
			if doc.Origin.Doc < last {
				t.Errorf("document %d comes after %d", doc.Origin.Doc, last)
			}
			last = doc.Origin.Doc
			checkDocument(t, &doc, bytes.Count(data, []byte("\n"))+1)
		}
	})
}

func checkDocument(t *testing.T, doc *catalog.Document, lines int) {
	t.Helper()
	errs := 0
	for _, p := range doc.Problems {
		if p.Severity == catalog.Error {
			errs++
		}
		if p.Text == "" || p.Fix == "" || p.Origin.Line > lines || p.Origin.Doc > 0 && p.Origin.Line < 1 || len(p.Text)+len(p.Value)+len(p.Fix) > 4000 {
			t.Errorf("a bad problem: %+v (%d lines)", p, lines)
		}
	}
	if (errs == 0) != (doc.Entity != nil) {
		t.Errorf("%d errors, entity %v", errs, doc.Entity)
	}
	for pos := range doc.Positions.All() {
		if pos.Line < 1 || int(pos.Line) > lines || pos.Column < 1 {
			t.Errorf("a place at %v of %d lines", pos, lines)
		}
	}
	if doc.Entity != nil {
		checkAgain(t, doc.Entity)
	}
}

// checkAgain writes an accepted entity as JSON, which is YAML too, and reads that.
func checkAgain(t *testing.T, e *catalog.Entity) {
	t.Helper()
	metadata := map[string]any{}
	if e.Metadata.Extra != nil {
		if err := json.Unmarshal(e.Metadata.Extra, &metadata); err != nil {
			t.Fatalf("extra metadata %s: %v", e.Metadata.Extra, err)
		}
	}
	m := e.Metadata
	metadata["name"], metadata["namespace"] = m.Name, m.Namespace
	if m.Title != "" {
		metadata["title"] = m.Title
	}
	if m.Description != "" {
		metadata["description"] = m.Description
	}
	if len(m.Labels) > 0 {
		metadata["labels"] = m.Labels
	}
	if len(m.Annotations) > 0 {
		metadata["annotations"] = m.Annotations
	}
	if m.Tags != nil {
		metadata["tags"] = m.Tags
	}
	if m.Links != nil {
		metadata["links"] = m.Links
	}
	whole := map[string]any{"apiVersion": e.APIVersion, "kind": e.Kind, "metadata": metadata}
	if e.Spec != nil {
		if !json.Valid(e.Spec) {
			t.Fatalf("spec is not JSON: %s", e.Spec)
		}
		whole["spec"] = e.Spec
	}
	written, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if len(written) > 500_000 {
		return // placeholders and aliases may bring more than a file may hold
	}
	again := (&ingest.Reader{}).Read("again.json", written).Documents
	if len(again) != 1 || again[0].Entity == nil {
		t.Fatalf("accepted once, but not as %s\n%s", written, describe(again))
	}
	if got := again[0].Entity; got.Ref != e.Ref || len(got.Declares) != len(e.Declares) {
		t.Errorf("%q became %q, %v became %v", e.Ref, got.Ref, e.Declares, got.Declares)
	}
}
