package ingest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

func TestReader_Read_placeholders(t *testing.T) {
	files := fstest.MapFS{
		"team/openapi.yaml": {Data: []byte("openapi: 3.1.0\n# <kept> as it is\n")},
		"team/data.json":    {Data: []byte(`{"z": [1, 2.50, {"$text": "not scanned"}], "a": null, "z": 1e3}`)},
		"root.yaml":         {Data: []byte("# one\na: &x 0777\nb: *x\nc: {$yaml: ./not-scanned.yaml}\n")},
		"steps.yaml":        {Data: []byte("- action: debug:log\n")},
		"two.yaml":          {Data: []byte("a: 1\n---\nb: 1\n")},
		"none.yaml":         {Data: []byte("# nothing\n")},
		"broken.yaml":       {Data: []byte("a: 1\nb: [\n")},
		"broken.json":       {Data: []byte(`{"a": `)},
		"more.json":         {Data: []byte(`{} {}`)},
		"deep.json":         {Data: []byte(strings.Repeat("[", 100) + strings.Repeat("]", 100))},
		"large.txt":         {Data: []byte(strings.Repeat("x", 9<<20))},
		"latin.txt":         {Data: []byte("caf\xe9")},
		"a b.txt":           {Data: []byte("spaced")},
	}
	const web = "https://git.example.com/acme/shop/blob/main/"
	tests := []struct {
		x      string // the field spec.x
		want   string // what it becomes, as JSON
		inputs string
		warns  bool
		err    string // part of the error
	}{
		{x: "{$text: ./openapi.yaml}", want: `"openapi: 3.1.0\n# <kept> as it is\n"`, inputs: "team/openapi.yaml"},
		{x: "{$text: openapi.yaml}", want: `"openapi: 3.1.0\n# <kept> as it is\n"`, inputs: "team/openapi.yaml"},
		{x: "{$json: ./data.json}", want: `{"z":1000,"a":null}`, inputs: "team/data.json"},
		{x: "{$yaml: ../root.yaml}", want: `{"a":777,"b":777,"c":{"$yaml":"./not-scanned.yaml"}}`, inputs: "root.yaml"},
		{x: "{$yaml: /root.yaml}", want: `{"a":777,"b":777,"c":{"$yaml":"./not-scanned.yaml"}}`, inputs: "root.yaml"},
		{x: "[{a: [{$yaml: /steps.yaml}]}, {$text: '../a b.txt'}]", want: `[{"a":[[{"action":"debug:log"}]]},"spaced"]`, inputs: "a b.txt steps.yaml"},
		{x: "{$text: /latin.txt}", want: "\"caf\uFFFD\"", inputs: "latin.txt"},
		{x: "{$text: './openapi.yaml', other: {$text: ./openapi.yaml}}", want: `{"$text":"./openapi.yaml","other":{"$text":"./openapi.yaml"}}`},
		{x: "{$openapi: ./openapi.yaml}", want: `{"$openapi":"./openapi.yaml"}`},
		{x: "{$openapi: {$text: ./openapi.yaml}}", want: `{"$openapi":{"$text":"./openapi.yaml"}}`},
		{x: "{$text: [a]}", want: `{"$text":["a"]}`},
		{x: "{$text: 'https://example.com/x.yaml'}", want: `"https://example.com/x.yaml"`, warns: true},
		{x: "{$text: 'file:///etc/passwd'}", want: `"file:///etc/passwd"`, warns: true},
		{x: "{$yaml: 'https://git.example.com/acme/other/blob/main/root.yaml'}", want: `"https://git.example.com/acme/other/blob/main/root.yaml"`, warns: true},
		{x: "{$yaml: '" + web + "steps.yaml'}", want: `[{"action":"debug:log"}]`, inputs: "steps.yaml"},
		{x: "{$text: 'https://git.example.com/acme/shop/raw/main/a%20b.txt?x#y'}", want: `"spaced"`, inputs: "a b.txt"},
		{x: "{$text: '" + web + "../../../secret'}", err: "leads out"},
		{x: "{$text: ./missing.yaml}", err: "missing.yaml: file does not exist", inputs: "team/missing.yaml"},
		{x: "{$text: ../../up.yaml}", err: "leads out"},
		{x: "{$text: /../up.yaml}", err: "leads out"},
		{x: "{$text: ''}", err: "names no file"},
		{x: "{$text: .}", err: "team", inputs: "team"},
		{x: "{$text: /}", err: "names no file"},
		{x: "{$yaml: /two.yaml}", err: "exactly one YAML document, but holds 2", inputs: "two.yaml"},
		{x: "{$yaml: /none.yaml}", err: "but holds 0", inputs: "none.yaml"},
		{x: "{$yaml: /broken.yaml}", err: "line 2", inputs: "broken.yaml"},
		{x: "{$json: /broken.json}", err: "JSON", inputs: "broken.json"},
		{x: "{$json: /more.json}", err: "exactly one JSON value", inputs: "more.json"},
		{x: "{$json: /deep.json}", err: "nested too deeply", inputs: "deep.json"},
		{x: "{$text: /large.txt}", err: "larger than 8192 KiB", inputs: "large.txt"},
		{x: "{$yaml: /large.txt}", err: "larger than 1024 KiB", inputs: "large.txt"},
	}
	for _, test := range tests {
		t.Run(test.x, func(t *testing.T) {
			reader := ingest.Reader{FS: files, Web: web}
			result := reader.Read("team/catalog-info.yaml", []byte(component("", "x: "+test.x)))
			doc := result.Documents[0]
			if got := strings.Join(result.Inputs, " "); got != test.inputs {
				t.Errorf("inputs %q, want %q", got, test.inputs)
			}
			if test.err != "" {
				if len(doc.Problems) != 1 || doc.Problems[0].Rule != catalog.RulePlaceholder || !strings.Contains(doc.Problems[0].Text, test.err) || doc.Problems[0].Origin.Line != 9 {
					t.Errorf("want an error with %q, got %s", test.err, describe(result.Documents))
				}
				return
			}
			entity := accepted(t, result.Documents)
			if test.warns != (len(doc.Problems) == 1 && doc.Problems[0].Severity == catalog.Warning) {
				t.Errorf("warned: %s", describe(result.Documents))
			}
			_, got, _ := strings.Cut(string(entity.Spec), `"x":`)
			if diff := cmp.Diff(test.want+"}", got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReader_Read_placeholderPlaces(t *testing.T) {
	files := fstest.MapFS{"steps.yaml": {Data: []byte("\n\n\n\n\n\n\n\n\n\n\n\n- name: x\n")}}
	reader := ingest.Reader{FS: files}
	docs := reader.Read("t.yaml", []byte("apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: a}\nspec:\n  type: t\n  steps: {$yaml: steps.yaml}\n")).Documents
	if len(docs[0].Problems) != 1 || docs[0].Problems[0].Pointer != "/spec/steps/0/action" || docs[0].Problems[0].Origin.Line != 6 {
		t.Errorf("want the problem at the placeholder, got %s", describe(docs))
	}
}

func TestReader_Read_remote(t *testing.T) {
	var asked []string
	reader := ingest.Reader{Remote: func(url string) ([]byte, error) {
		asked = append(asked, url)
		if strings.HasSuffix(url, "down") {
			return nil, errors.New("the host does not answer")
		}
		return []byte("{}"), nil
	}}
	docs := reader.Read("a.yaml", []byte(component("", "x: {$json: 'https://a.example/x'}\ny: {$text: 'https://a.example/down'}"))).Documents
	entity := accepted(t, docs)
	if got := string(entity.Spec); !strings.HasSuffix(got, `"x":{},"y":"https://a.example/down"}`) {
		t.Errorf("spec %s", got)
	}
	if len(docs[0].Problems) != 1 || !strings.Contains(docs[0].Problems[0].Text, "does not answer") {
		t.Errorf("problems %s", describe(docs))
	}
	if want := []string{"https://a.example/x", "https://a.example/down"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v", asked)
	}
}

func TestReader_Read_placeholderBudget(t *testing.T) {
	files := fstest.MapFS{"big.txt": {Data: []byte(strings.Repeat("x", 5<<20))}, "small.txt": {Data: []byte("x")}}
	tests := map[string]struct{ spec, want string }{
		"bytes": {"x: [" + strings.Repeat("{$text: /big.txt},", 4) + "]", "more than 16 MiB"},
		"count": {"x: [" + strings.Repeat("{$text: /small.txt},", 201) + "]", "more than 200 placeholders"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			reader := ingest.Reader{FS: files}
			docs := reader.Read("a.yaml", []byte(component("", test.spec))).Documents
			if len(docs[0].Problems) != 1 || !strings.Contains(docs[0].Problems[0].Text, test.want) {
				t.Error(describe(docs))
			}
		})
	}
}

func TestTargets(t *testing.T) {
	tests := map[string]struct {
		typ      string
		targets  []string
		optional bool
	}{
		"{}":             {},
		"{type: url}":    {typ: "url"},
		"{target: ./a}":  {targets: []string{"./a"}},
		"{targets: [a]}": {targets: []string{"a"}},
		"{type: file, targets: [b, c], target: a, presence: optional}": {"file", []string{"a", "b", "c"}, true},
		"{target: a, presence: required}":                              {targets: []string{"a"}},
	}
	for spec, want := range tests {
		typ, targets, optional := ingest.Targets(accepted(t, read(entity("backstage.io/v1alpha1", "Location", spec))))
		if typ != want.typ || !slices.Equal(targets, want.targets) || optional != want.optional {
			t.Errorf("%s: got %q %q %v", spec, typ, targets, optional)
		}
	}
}

func TestSkeletonDirs(t *testing.T) {
	const steps = `{type: t, steps: [
		{action: fetch:template, input: {url: ./skeleton}}, {action: fetch:plain, input: {url: ./skeleton/}},
		{action: fetch:template, input: {url: ../shared/content}}, {action: fetch:template, input: {url: /rooted}},
		{action: fetch:template, input: {url: "./kinds/${{ parameters.kind }}/x"}}, {action: fetch:template, input: {url: "${{ parameters.url }}"}},
		{action: fetch:template, input: {url: "https://git.example.com/x"}}, {action: fetch:template, input: {url: .}},
		{action: fetch:template, input: {url: ..}}, {action: fetch:template, input: {url: ../../../out}}, {action: debug:log}]}`
	reader := ingest.Reader{}
	docs := reader.Read("templates/go/template.yaml", []byte(entity("scaffolder.backstage.io/v1beta3", "Template", strings.ReplaceAll(steps, "\t", " ")))).Documents
	want := []string{"rooted", "templates/go/kinds", "templates/go/skeleton", "templates/shared/content"}
	if diff := cmp.Diff(want, ingest.SkeletonDirs(accepted(t, docs))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if dirs := ingest.SkeletonDirs(accepted(t, read(component("", "steps: [{input: {url: ./x}}]")))); dirs != nil {
		t.Errorf("a component has %v", dirs)
	}
}
