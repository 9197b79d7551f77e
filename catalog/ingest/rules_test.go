package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// entity writes a descriptor of a kind with the given spec in flow style.
func entity(apiVersion, kind, spec string) string {
	return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: it}\nspec: " + spec + "\n"
}

// broken lists the errors of the only document as "rule pointer", separated by blanks.
func broken(docs []catalog.Document) string {
	var out []string
	for _, doc := range docs {
		for _, p := range doc.Problems {
			if p.Severity == catalog.Error {
				out = append(out, string(p.Rule)+" "+p.Pointer)
			}
		}
	}
	return strings.Join(out, ", ")
}

func TestReader_Read_metadata(t *testing.T) {
	long := strings.Repeat("a", 63)
	tests := []struct{ metadata, want, fix string }{
		{"title: Shop", "", ""},
		{"title: null", "field-format /metadata/title", ""},
		{"title: 5", "field-format /metadata/title", `put it in quotes: "5"`},
		{"description: ''", "", ""},
		{"description:", "field-format /metadata/description", ""},
		{"namespace: a--b-9", "", ""},
		{"namespace: " + long, "", ""},
		{"namespace: a" + long, "field-format /metadata/namespace", "write namespace: " + long},
		{"namespace: A", "field-format /metadata/namespace", "write namespace: a"},
		{"namespace: a.b", "field-format /metadata/namespace", "write namespace: a-b"},
		{"namespace: -a", "field-format /metadata/namespace", "write namespace: a"},
		{"namespace: ''", "envelope /metadata/namespace", ""},
		{"namespace: null", "envelope /metadata/namespace", ""},
		{"labels: {}", "", ""},
		{"labels: null", "field-format /metadata/labels", ""},
		{"labels: []", "field-format /metadata/labels", ""},
		{"labels: {a.b-c/D_e: F.g}", "", ""},
		{"labels: {a: ''}", "", ""},
		{"labels: {A/b: x}", "field-format /metadata/labels/A~1b", "rename the key, as in example.com/b"},
		{"labels: {a/b/c: x}", "field-format /metadata/labels/a~1b~1c", ""},
		{"labels: {/b: x}", "field-format /metadata/labels/~1b", ""},
		{"labels: {'': x}", "field-format /metadata/labels/", ""},
		{"labels: {" + long + "a: x}", "field-format /metadata/labels/" + long + "a", ""},
		{"labels: {a: x y}", "field-format /metadata/labels/a", `write "a": x-y`},
		{"labels: {a: true}", "field-format /metadata/labels/a", `put it in quotes: "true"`},
		{"labels: {Env: a, env: b}", "field-format /metadata/labels/env", "rename one of the two, or delete it"},
		{"annotations:", "", ""},
		{"annotations: text", "field-format /metadata/annotations", ""},
		{"annotations: {a: any Text/at all}", "", ""},
		{"annotations: {a: 1.10}", "field-format /metadata/annotations/a", `put it in quotes: "1.10"`},
		{"annotations: {a: null}", "field-format /metadata/annotations/a", ""},
		{"annotations: {a b: x}", "field-format /metadata/annotations/a b", "rename the key, as in example.com/a-b"},
		{"annotations: {backstage.io/edit-url: 'java\tscript:x'}", "field-format /metadata/annotations/backstage.io~1edit-url", ""},
		{"annotations: {backstage.io/edit-url: 'https://example.com/javascript:'}", "", ""},
		{"tags: []", "", ""},
		{"tags: [c++, c#, a:b-c, '9']", "", ""},
		{"tags: null", "field-format /metadata/tags", ""},
		{"tags: Go Lang", "field-format /metadata/tags", "write tags: [go-lang]"},
		{"tags: [a--b]", "field-format /metadata/tags/0", "write a-b"},
		{"tags: [a.b]", "field-format /metadata/tags/0", "write a-b"},
		{"tags: [ok, Go]", "field-format /metadata/tags/1", "write go"},
		{"tags: [9]", "field-format /metadata/tags/0", `put it in quotes: "9"`},
		{"tags: ['']", "field-format /metadata/tags/0", ""},
		{"links: []", "", ""},
		{"links: {}", "field-format /metadata/links", ""},
		{"links: [{url: 'mailto:a@example.com'}, {url: 'slack://channel?id=1'}]", "", ""},
		{"links: [{url: /docs}]", "field-format /metadata/links/0/url", ""},
		{"links: [{url: 'https://'}]", "field-format /metadata/links/0/url", ""},
		{"links: [{url: ''}]", "field-format /metadata/links/0/url", ""},
		{"links: [{url: 'https://a', title: ' '}]", "field-format /metadata/links/0/title", ""},
		{"links: [{url: 'https://a', icon: 5}]", "field-format /metadata/links/0/icon", ""},
		{"links: [{url: 'https://a', type: ''}]", "field-format /metadata/links/0/type", ""},
		{"anything: {else: [is, {fine: null}]}", "", ""},
		{"a: {b: {Key: 1, key: 2}}", "field-format /metadata/a/b/key", ""},
		{"name: twice", "yaml ", "delete one of the two"},
	}
	for _, test := range tests {
		t.Run(test.metadata, func(t *testing.T) {
			docs := read(component(test.metadata, ""))
			if got := broken(docs); got != test.want {
				t.Fatalf("got %q, want %q\n%s", got, test.want, describe(docs))
			}
			if (test.want == "") != (docs[0].Entity != nil) {
				t.Error("an entity and errors exclude each other")
			}
			if test.fix != "" && docs[0].Problems[0].Fix != test.fix {
				t.Errorf("fix %q, want %q", docs[0].Problems[0].Fix, test.fix)
			}
		})
	}
}

func TestReader_Read_names(t *testing.T) {
	tests := map[string]string{
		"a": "", "A.b_c-9": "", strings.Repeat("n", 63): "",
		strings.Repeat("n", 64): "field-format /metadata/name", "-a": "field-format /metadata/name", "a.": "field-format /metadata/name",
		"a b": "field-format /metadata/name", "ä": "field-format /metadata/name", "5": "envelope /metadata/name", `""`: "envelope /metadata/name",
		"null": "envelope /metadata/name", "[a]": "envelope /metadata/name", "{a: b}": "envelope /metadata/name",
		"${{ values.name }}": "skeleton /metadata/name", "{{ x }}": "skeleton /metadata/name", "'{% if x %}a{% endif %}'": "skeleton /metadata/name",
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			docs := read("apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata:\n  name: " + name + "\nspec: {owner: a}\n")
			if got := broken(docs); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestReader_Read_kinds(t *testing.T) {
	const v1, template = "backstage.io/v1alpha1", "scaffolder.backstage.io/v1beta3"
	tests := []struct{ apiVersion, kind, spec, want, declares string }{
		{v1, "Component", "{type: t, lifecycle: l, owner: o}", "", "ownedBy group:default/o"},
		{"backstage.io/v1beta1", "Component", "{type: t, lifecycle: l, owner: o}", "", "ownedBy group:default/o"},
		{"backstage.io/v1", "Component", "{type: t, lifecycle: l, owner: o}", "kind /apiVersion", ""},
		{"a b", "Component", "{type: t, lifecycle: l, owner: o}", "field-format /apiVersion", ""},
		{v1, "component", "{type: t, lifecycle: l}", "kind /kind, spec /spec/owner", ""},
		{v1, "Componet", "{}", "kind /kind", ""},
		{v1, "Thing", "{}", "kind /kind", ""},
		{v1, "Component", "{}", "spec /spec/type, spec /spec/lifecycle, spec /spec/owner", ""},
		{v1, "Component", "[]", "spec /spec", ""},
		{v1, "Component", "null", "spec /spec", ""},
		{v1, "Component", "{type: '', lifecycle: null, owner: 5}", "spec /spec/lifecycle, spec /spec/type, spec /spec/owner", ""},
		{
			v1, "Component", "{type: t, lifecycle: l, owner: ns/o, system: s, subcomponentOf: c, providesApis: [a], consumesApis: [b, b], dependsOn: ['Resource:R'], dependencyOf: ['component:x']}", "",
			"consumesApi api:default/b, dependencyOf component:default/x, dependsOn resource:default/r, ownedBy group:ns/o, partOf component:default/c, partOf system:default/s, providesApi api:default/a",
		},
		{v1, "Component", "{type: t, lifecycle: l, owner: o, dependencyOf: 'component:x'}", "", "dependencyOf component:default/x, ownedBy group:default/o"},
		{v1, "Component", "{type: t, lifecycle: l, owner: o, dependsOn: [db]}", "reference /spec/dependsOn/0", ""},
		{v1, "Component", "{type: t, lifecycle: l, owner: 'group:'}", "reference /spec/owner", ""},
		{v1, "Component", "{type: t, lifecycle: l, owner: 'system:s'}", "", ""}, // left out, with a warning
		{v1, "Component", "{type: t, lifecycle: l, owner: {kind: Group, name: o}}", "spec /spec/owner", ""},
		{v1, "Component", "{type: t, lifecycle: l, owner: o, providesApis: a}", "spec /spec/providesApis", ""},
		{v1, "Component", "{type: t, lifecycle: l, owner: o, providesApis: null}", "spec /spec/providesApis", ""},
		{v1, "Component", "{type: t, lifecycle: l, owner: o, providesApis: ['', 5]}", "spec /spec/providesApis/0, spec /spec/providesApis/1", ""},
		{v1, "Component", "{type: t, lifecycle: l, owner: o, X: 1, x: 2}", "spec /spec/x", ""},
		{v1, "API", "{type: openapi, lifecycle: l, owner: o, definition: d, system: s}", "", "ownedBy group:default/o, partOf system:default/s"},
		{v1, "API", "{type: openapi, lifecycle: l, owner: o}", "spec /spec/definition", ""},
		{v1, "API", "{type: openapi, lifecycle: l, owner: o, definition: {$openapi: x}}", "spec /spec/definition", ""},
		{v1, "API", "{type: mcp-server, lifecycle: l, owner: o, remotes: [{type: sse, url: u}]}", "", "ownedBy group:default/o"},
		{v1, "API", "{type: mcp-server, lifecycle: l, owner: o, remotes: [{type: sse}, x]}", "spec /spec/remotes/0/url, spec /spec/remotes/1", ""},
		{v1, "Resource", "{type: t, owner: 'user:u', dependsOn: ['component:c']}", "", "dependsOn component:default/c, ownedBy user:default/u"},
		{v1, "System", "{owner: o, domain: d, type: t}", "", "ownedBy group:default/o, partOf domain:default/d"},
		{v1, "Domain", "{owner: o, subdomainOf: d}", "", "ownedBy group:default/o, partOf domain:default/d"},
		{v1, "Group", "{type: team, children: [c], parent: p, members: [m], profile: {displayName: D, other: 5}}", "", "childOf group:default/p, hasMember user:default/m, parentOf group:default/c"},
		{v1, "Group", "{type: team}", "spec /spec/children", ""},
		{v1, "Group", "{type: team, children: [], profile: {email: ''}}", "spec /spec/profile/email", ""},
		{v1, "User", "{memberOf: []}", "", ""},
		{v1, "User", "{memberOf: [a, 'group:b/c']}", "", "memberOf group:b/c, memberOf group:default/a"},
		{v1, "User", "{profile: x}", "spec /spec/memberOf, spec /spec/profile", ""},
		{v1, "Location", "{}", "", ""},
		{v1, "Location", "{type: url, target: t, targets: [a], presence: optional}", "", ""},
		{v1, "Location", "{targets: a, presence: some}", "spec /spec/targets, spec /spec/presence", ""},
		{v1, "Location", "{target: ' javascript:x'}", "spec /spec/target", ""},
		{template, "Template", "{type: t, steps: []}", "", ""},
		{template, "Template", "{type: t, steps: [{action: a, if: true, input: {}}], parameters: {}, owner: o, output: {x: y, links: [{url: u}], text: [{content: ''}]}}", "", "ownedBy group:default/o"},
		{template, "Template", "{type: t, steps: {}, parameters: x, secrets: {schema: 1}}", "spec /spec/steps, spec /spec/parameters, spec /spec/secrets/schema", ""},
		{"backstage.io/v1beta2", "Template", "{}", "kind /apiVersion", ""},
		{v1, "AiResource", "{type: skill, lifecycle: l, owner: o, dependsOn: [x], compatibility: c}", "", "dependsOn airesource:default/x, ownedBy group:default/o"},
		{v1, "AiResource", "{type: skill, lifecycle: l, owner: o, compatibility: " + strings.Repeat("c", 501) + "}", "spec /spec/compatibility", ""},
		{v1, "AiResource", "{type: rule, lifecycle: l, owner: o}", "spec /spec/category, spec /spec/rationale", ""},
		{v1, "AiResource", "{type: plugin, lifecycle: l, owner: o, skills: [s]}", "", "hasPart airesource:default/s, ownedBy group:default/o"},
		{v1, "AiResource", "{type: marketplace, lifecycle: l, owner: o}", "spec /spec/plugins", ""},
		{v1, "AiResource", "{type: other, lifecycle: l, owner: o, system: s}", "", "ownedBy group:default/o, partOf system:default/s"},
		{"backstage.io/v1beta1", "AiResource", "{type: other, lifecycle: l, owner: o}", "kind /apiVersion", ""},
	}
	for _, test := range tests {
		t.Run(test.kind+" "+test.spec, func(t *testing.T) {
			docs := read(entity(test.apiVersion, test.kind, test.spec))
			got := strings.Split(broken(docs), ", ")
			want := strings.Split(test.want, ", ")
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("errors (-want +got)\n%s%s", diff, describe(docs))
			}
			if test.want != "" {
				return
			}
			var declares []string
			for _, r := range accepted(t, docs).Declares {
				declares = append(declares, r.Type+" "+r.Target.String())
				if ingest.Inverse(ingest.Inverse(r.Type)) != r.Type {
					t.Errorf("%s has no inverse", r.Type)
				}
			}
			if got := strings.Join(declares, ", "); got != test.declares {
				t.Errorf("declares %q, want %q", got, test.declares)
			}
		})
	}
}

func TestReader_Read_envelope(t *testing.T) {
	tests := map[string]string{
		"kind: System":                             "envelope /apiVersion, envelope /metadata, spec /spec",
		"apiVersion: backstage.io/v1alpha1":        "envelope /kind, envelope /metadata",
		"{apiVersion: 5, kind: [], metadata: 1}":   "envelope /apiVersion, envelope /kind, envelope /metadata",
		"{apiVersion: '', kind: '', metadata: {}}": "envelope /apiVersion, envelope /kind, envelope /metadata/name",
		"{apiVersion: backstage.io/v1alpha1, kind: System, metadata: {name: a}, spec: {owner: a}, Spec: {}}":      "root-field /Spec",
		"{apiVersion: backstage.io/v1alpha1, kind: System, metadata: {name: a}, spec: {owner: a}, status: {}}":    "root-field /status",
		"{apiVersion: backstage.io/v1alpha1, kind: System, metadata: {name: a}, spec: {owner: a}, relations: []}": "root-field /relations",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			docs := read(text)
			if got := broken(docs); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestReader_Read_refused checks that a refused document says whose it is, so that the last good
// entity can be kept.
func TestReader_Read_refused(t *testing.T) {
	tests := map[string]string{
		"apiVersion: x\nkind: System\nmetadata: {name: A, namespace: N}":                    "system:n/a",
		"kind: System\nmetadata: {name: a b}":                                               "",
		"kind: System\nmetadata:\n  name: a\n  namespace: 'n'\nspec: [":                     "system:n/a",
		"spec:\n  name: no\n  x: {\nkind: \"System\" \nmetadata:\n  name: a":                "system:default/a",
		"apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata:\n  name: ${{ x }}\n":    "",
		"kind: System\nkind: Component\nmetadata: {name: a}\nspec: {}\napiVersion: b.io/v1": "system:default/a",
	}
	for text, want := range tests {
		docs := read(text)
		if len(docs) != 1 || docs[0].Entity != nil || docs[0].Ref.String() != want {
			t.Errorf("%q: want %q refused, got %s", text, want, describe(docs))
		}
	}
}

func TestReader_Read_syntax(t *testing.T) {
	tests := []struct {
		text, place, fix string
	}{
		{"kind: System\nmetadata:\n  name: a\n  title: b: c\n  x: y\n", "4:3", "colon"},
		{"kind: System\nmetadata:\n\tname: a\n", "3:2", "spaces"},
		{"kind: System\nmetadata:\n  name: %x\n", "3:3", "quotes"},
		{"kind: System\nx: @at\ny: z\n", "2:1", "quotes"},
		{"kind: System\nx: [a, b\ny: z\n", "2:1", "quotes"},
		{"kind: System\nx: \"open\ny: z\n", "2:1", "quotes"},
		{"kind: System\n  bad: indent\ny: z\n", "2:3", "indentation"},
		{"kind: System\nmetadata:\n  {% if x %}\n", "3:3", "skeleton"},
	}
	for _, test := range tests {
		docs := read("# first\n---\n" + test.text + "---\n# last\n")
		if len(docs) != 1 || len(docs[0].Problems) != 1 || docs[0].Problems[0].Rule != catalog.RuleYAML {
			t.Errorf("%q: %s", test.text, describe(docs))
			continue
		}
		p := docs[0].Problems[0]
		if got := fmt.Sprintf("%d:%d", p.Origin.Line-2, p.Column); got != test.place || !strings.Contains(p.Fix, test.fix) {
			t.Errorf("%q: at %s, want %s; %s", test.text, got, test.place, describe(docs))
		}
	}
}

// TestReader_Read_urls checks what counts as a URL, which is decided as browsers do (WHATWG).
func TestReader_Read_urls(t *testing.T) {
	tests := map[string]bool{
		"https://example.com": true, "HTTPS://EXAMPLE.COM": true, "https:example.com": true, "https:/example.com": true, `https:\\\\example.com`: true,
		"https://user:pw@example.com:8443/a b?c#d": true, "https://[::1]:80/": true, "https://127.0.0.1": true, "https://0x7f.1": true, "https://münchen.example": true,
		"mailto:a@example.com": true, "tel:+49": true, "slack://channel?id=C1": true, "x-custom:": true, "file:///a": true, " https://example.com ": true,
		"javascript:alert(1)": true, "urn:isbn:1": true, "C:/windows": true, "https://%61.example": true, "foo://": true,
		"": false, "example.com": false, "/docs": false, "//example.com": false, "https://": false, "https:///": false, "https://?": false, "https://:80": false,
		"https://a b.example": false, "https://a<b.example": false, "https://example.com:99999": false, "https://example.com:port": false,
		"https://[::1": false, "https://[x]": false, "https://a%20b.example": false, "https://a%zz": false, "https://256.1.1.1": false, "https://1.2.3.4.5": false, "1http://x": false, "ht tp://x": false, "foo://a b": false, "#x": false,
	}
	for url, want := range tests {
		text := strings.NewReplacer("'", "''").Replace(url)
		docs := read(component("links: [{url: '"+text+"'}]", ""))
		if got := docs[0].Entity != nil; got != want {
			t.Errorf("%q: accepted %v, want %v", url, got, want)
		}
	}
}

// TestReader_Read_case checks that the items of a list are taken together, as search does.
func TestReader_Read_case(t *testing.T) {
	tests := map[string]string{
		"[{action: a, input: {Name: x}}, {action: b, input: {name: x}}]": "spec /spec/steps/1/input/name",
		"[{action: a, input: {name: x}}, {action: b, input: {name: x}}]": "",
		"[{action: a, input: {A: {x: 1}, a: {y: 1}}}]":                   "", // only whole paths count
		"[{action: a, input: {Ä: 1, ä: 1}}]":                             "spec /spec/steps/0/input/ä",
	}
	for steps, want := range tests {
		docs := read(entity("scaffolder.backstage.io/v1beta3", "Template", "{type: t, steps: "+steps+"}"))
		if got := broken(docs); got != want {
			t.Errorf("%s: got %q, want %q", steps, got, want)
		}
	}
}
