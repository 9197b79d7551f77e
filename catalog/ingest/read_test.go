package ingest_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// read judges a descriptor of a repository that holds nothing else.
func read(text string) []catalog.Document {
	reader := ingest.Reader{Source: "test", Revision: "c0ffee"}
	return reader.Read("catalog-info.yaml", []byte(text)).Documents
}

// component is a good descriptor with further lines of metadata and of spec.
func component(metadata, spec string) string {
	text := "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: shop\n"
	if metadata != "" {
		text += "  " + strings.ReplaceAll(metadata, "\n", "\n  ") + "\n"
	}
	text += "spec:\n  type: service\n  lifecycle: production\n  owner: payments\n"
	if spec != "" {
		text += "  " + strings.ReplaceAll(spec, "\n", "\n  ") + "\n"
	}
	return text
}

// accepted gives the entity of a text that must hold exactly one good document.
func accepted(t *testing.T, docs []catalog.Document) *catalog.Entity {
	t.Helper()
	if len(docs) != 1 || docs[0].Entity == nil {
		t.Fatalf("want one accepted document, got %s", describe(docs))
	}
	return docs[0].Entity
}

func describe(docs []catalog.Document) string {
	var b strings.Builder
	for _, doc := range docs {
		fmt.Fprintf(&b, "document %d at line %d: %q\n", doc.Origin.Doc, doc.Origin.Line, doc.Ref)
		for _, p := range doc.Problems {
			fmt.Fprintf(&b, "  %d:%d %s %s %s\n    %s\n    value: %s\n    fix: %s\n", p.Origin.Line, p.Column, p.Severity, p.Rule, p.Pointer, p.Text, p.Value, p.Fix)
		}
	}
	return b.String()
}

func TestReader_Read(t *testing.T) {
	const text = `# who does what
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Shop
  namespace: commerce
  title: "The <shop> & more"
  description: ''
  labels: {b: x, a: ""}
  annotations:
    example.com/b: "1"
    example.com/a: yes
  tags: [go, c++]
  links:
    - {url: "https://example.com/", title: Docs, icon: docs, type: page}
  owner_hint: {z: 1, a: [true, null]}
spec:
  type: service
  owner: user:default/Jane
  lifecycle: production
  zeta: <b>&</b>
  alpha: 0x1F
  dependsOn: ["resource:db", "resource:Commerce/DB"]
  providesApis: [shop-api]
`
	docs := read(text)
	got := accepted(t, docs)
	want := &catalog.Entity{
		Ref: catalog.NewRef("component", "commerce", "shop"), APIVersion: "backstage.io/v1alpha1", Kind: "Component",
		Metadata: catalog.Metadata{
			Name: "Shop", Namespace: "commerce", Title: "The <shop> & more",
			Labels:      catalog.Pairs{{Key: "a", Value: ""}, {Key: "b", Value: "x"}},
			Annotations: catalog.Pairs{{Key: "example.com/a", Value: "yes"}, {Key: "example.com/b", Value: "1"}},
			Tags:        []string{"go", "c++"},
			Links:       []catalog.Link{{URL: "https://example.com/", Title: "Docs", Icon: "docs", Type: "page"}},
			Extra:       []byte(`{"owner_hint":{"z":1,"a":[true,null]}}`),
		},
		Spec: []byte(`{"type":"service","owner":"user:default/Jane","lifecycle":"production","zeta":"<b>&</b>","alpha":31,` +
			`"dependsOn":["resource:db","resource:Commerce/DB"],"providesApis":["shop-api"]}`),
		Type: "service", Lifecycle: "production",
		Declares: []catalog.Relation{
			{Type: "dependsOn", Target: catalog.NewRef("resource", "commerce", "db")},
			{Type: "ownedBy", Target: catalog.NewRef("user", "default", "jane")},
			{Type: "providesApi", Target: catalog.NewRef("api", "commerce", "shop-api")},
		},
		Origin:    catalog.Origin{Source: "test", Path: "catalog-info.yaml", Doc: 1, Line: 3, Revision: "c0ffee"},
		Positions: docs[0].Positions,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(catalog.Positions{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	places := map[string]catalog.Pos{
		"":                                     {Line: 3, Column: 1},
		"/metadata":                            {Line: 5, Column: 1},
		"/metadata/name":                       {Line: 6, Column: 9},
		"/metadata/labels/b":                   {Line: 10, Column: 15},
		"/metadata/annotations/example.com~1a": {Line: 13, Column: 20},
		"/metadata/tags":                       {Line: 14, Column: 3},
		"/metadata/tags/1":                     {Line: 14, Column: 14},
		"/metadata/links/0/url":                {Line: 16, Column: 13},
		"/spec/dependsOn/1":                    {Line: 24, Column: 30},
		"/spec/not/there":                      {Line: 18, Column: 1},
	}
	for pointer, want := range places {
		if got := docs[0].Positions.At(pointer); got != want {
			t.Errorf("%q stands at %v, want %v", pointer, got, want)
		}
	}
}

// TestReader_Read_mean keeps the whole wording of what a newcomer is told in one golden file.
func TestReader_Read_mean(t *testing.T) {
	data, err := os.ReadFile("testdata/mean.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"catalog/two.yaml": {Data: []byte("a: 1\n---\nb: 2\n")}}
	reader := ingest.Reader{Source: "test", FS: files}
	got := describe(reader.Read("catalog/mean.yaml", data).Documents)
	if *update {
		if err := os.WriteFile("testdata/mean.golden", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/mean.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("problems of testdata/mean.yaml (-golden +got; -update writes it anew)\n%s", diff)
	}
}

func TestReader_Read_documents(t *testing.T) {
	good := func(name string) string {
		return "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: " + name + "}\nspec: {owner: o}\n"
	}
	tests := map[string]struct {
		text string
		want string // number@line and name, or the rule
	}{
		"empty":                    {"", ""},
		"comments only":            {"# a\n\n  # b\n", ""},
		"null":                     {"---\n~\n---\nnull\n", ""},
		"one":                      {good("a"), "1@1 a"},
		"empty ones are counted":   {"---\n---\n# c\n---\n" + good("a") + "---\n", "3@5 a"},
		"comment before the first": {"# c\n---\n" + good("a"), "1@3 a"},
		"document ends":            {good("a") + "...\n\n---\n# only a comment\n...\n---\n" + good("b"), "1@1 a, 3@11 b"},
		"bare after an end":        {good("a") + "...\n" + good("b"), "1@1 a, 2@6 b"},
		"content beside the mark":  {"--- {apiVersion: backstage.io/v1alpha1, kind: System, metadata: {name: a}, spec: {owner: o}}\n", "1@1 a"},
		"directives":               {"%YAML 1.2\n%TAG !e! tag:example.com,2000:\n---\n" + good("a") + "...\n%YAML 1.2\n---\n" + good("b"), "1@4 a, 2@11 b"},
		"one broken":               {good("a") + "---\na: [\n---\n" + good("b"), "1@1 a, 2@6 yaml, 3@8 b"},
		"text after the end":       {good("a") + "---\n{a: b}\nc: d\n---\n" + good("b"), "1@1 a, 2@6 yaml, 3@9 b"},
		"CRLF":                     {strings.ReplaceAll("---\n"+good("a")+"---\n"+good("b"), "\n", "\r\n"), "1@2 a, 2@7 b"},
		"BOM":                      {"\ufeff" + good("a"), "1@1 a"},
		"no line end":              {strings.TrimRight("---\n"+good("a"), "\n"), "1@2 a"},
		"dashes in a block scalar": {strings.Replace(good("a"), "{owner: o}", "\n  owner: o\n  x: |\n    ---\n    y\n", 1), "1@1 a"},
		"marks need a blank":       {good("a") + "---x: y\n", "1@1 root-field"},
		"NUL":                      {good("a") + "x: \x00\n---\n" + good("b"), "1@1 yaml, 2@7 b"},
		"not UTF-8":                {good("a") + "# \xff\n---\n" + good("b"), "1@1 yaml, 2@7 b"},
		"a list":                   {"- a\n", "1@1 envelope"},
		"a scalar":                 {"just words\n", "1@1 envelope"},
		"another YAML file":        {"services:\n  shop: {}\n", "1@1 envelope"},
		"line separators are text": {good("a") + "---\n" + strings.Replace(good("b"), "{owner: o}", "{owner: o, x: \"a\u2028b\"}", 1) + "---\n" + good("c"), "1@1 a, 2@6 b, 3@11 c"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, doc := range read(test.text) {
				what := ""
				if doc.Entity != nil {
					what = doc.Entity.Metadata.Name
				} else if len(doc.Problems) > 0 {
					what = string(doc.Problems[0].Rule)
				}
				got = append(got, fmt.Sprintf("%d@%d %s", doc.Origin.Doc, doc.Origin.Line, what))
			}
			if list := strings.Join(got, ", "); list != test.want {
				t.Errorf("got %s, want %s", list, test.want)
			}
		})
	}
}

func TestReader_Read_unfit(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"UTF-16 LE":          {"\xff\xfea\x00:\x00", "UTF-16"},
		"UTF-16 BE":          {"\xfe\xff\x00a\x00:", "UTF-16"},
		"UTF-16 without BOM": {"a\x00:\x00 \x00b\x00", "UTF-16"},
		"UTF-32":             {"\xff\xfe\x00\x00a\x00\x00\x00", "UTF-32"},
		"too large":          {strings.Repeat("# filler\n", 1<<17), "1152 KiB"},
		"too many":           {strings.Repeat("---\na: b\n", 501), "501 documents"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			docs := read(test.text)
			if len(docs) != 1 || docs[0].Origin.Doc != 0 || len(docs[0].Problems) != 1 {
				t.Fatalf("want one problem of the file, got %s", describe(docs))
			}
			p := docs[0].Problems[0]
			if p.Rule != catalog.RuleFile || !strings.Contains(p.Text, test.want) || p.Fix == "" {
				t.Errorf("got %s", describe(docs))
			}
		})
	}
}

// TestReader_Read_core is the table of scalars in section 1 of backstage.md.
func TestReader_Read_core(t *testing.T) {
	tests := map[string]string{
		"true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false",
		"null": "null", "Null": "null", "NULL": "null", "~": "null", "": "null", "nULL": `"nULL"`, "tRUE": `"tRUE"`,
		"yes": `"yes"`, "no": `"no"`, "on": `"on"`, "off": `"off"`, "y": `"y"`, "n": `"n"`, "Yes": `"Yes"`, "OFF": `"OFF"`,
		"2024-01-01": `"2024-01-01"`, "2024-01-01T10:00:00Z": `"2024-01-01T10:00:00Z"`, "1:30": `"1:30"`, "190:20:30.15": `"190:20:30.15"`,
		"0777": "777", "0o17": "15", "0x1F": "31", "0b101": `"0b101"`, "1_000": `"1_000"`, "1.2.3": `"1.2.3"`, "089": "89",
		"0o8": `"0o8"`, "0xg": `"0xg"`, "0x": `"0x"`, "0o": `"0o"`, "-0x1F": `"-0x1F"`,
		"12": "12", "+12": "12", "-12": "-12", "-0": "0", "1.": "1", ".5": "0.5", "-.5": "-0.5", "1.50": "1.5", ".": `"."`, "-": `["x"]`, "+": `"+"`,
		"1e3": "1000", "1E-3": "0.001", "1.5e+2": "150", "1e": `"1e"`, "1e21": "1e+21", "1e-7": "1e-7", "1.5e300": "1.5e+300", "12345678901234567890": "12345678901234567000",
		".inf": "null", "-.INF": "null", ".nan": "null", "-.nan": `"-.nan"`, "1e400": "null", ".Inf": "null", "inf": `"inf"`,
		`"12"`: `"12"`, `'true'`: `"true"`, "!!str 12": `"12"`, `!!int "12"`: "12", "!!float 1": "1", `!!bool "true"`: "true", `!!null ""`: "null",
		"!custom 12": `"12"`, "!custom {a: 1}": `{"a":1}`, "!!timestamp 2024-01-01": `"2024-01-01"`,
		"{1: a, true: b, ~: c, 0x10: d, 1.0e1: e}": `{"1":"a","true":"b","":"c","16":"d","10":"e"}`,
		"{<<: {a: 1}, b: 2}":                       `{"<<":{"a":1},"b":2}`,
		"{{ x }}":                                  `{"{ x }":null}`,
		"{? [a, {b: c}] : d}":                      `{"[ a, { b: c } ]":"d"}`,
		`"\u2028\u0001\t"`:                         "\"\u2028\\u0001\\t\"",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			if text == "-" {
				text = "[x]"
			}
			entity := accepted(t, read(component("", "x: "+text)))
			got := strings.TrimSuffix(string(entity.Spec[strings.Index(string(entity.Spec), `"x":`)+4:]), "}")
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestReader_Read_aliases(t *testing.T) {
	text := component("labels: &l {team: a}\nextra: {copy: *l, <<: *l}", "x: &x [1, 2]\ny: *x")
	entity := accepted(t, read(text))
	if got := string(entity.Metadata.Extra); got != `{"extra":{"copy":{"team":"a"},"<<":{"team":"a"}}}` {
		t.Errorf("metadata: %s", got)
	}
	if got := string(entity.Spec); !strings.HasSuffix(got, `"x":[1,2],"y":[1,2]}`) {
		t.Errorf("spec: %s", got)
	}
	for _, bad := range []string{"x: *nowhere", "x: &x [*x]", "x: &x {a: {b: *x}}"} {
		if docs := read(component("", bad)); docs[0].Entity != nil || docs[0].Problems[0].Rule != catalog.RuleYAML {
			t.Errorf("%s: %s", bad, describe(docs))
		}
	}
}
