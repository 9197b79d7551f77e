package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/policy"
)

func ref(text string) catalog.Ref {
	r, err := catalog.ParseRef(text, "component", catalog.DefaultNamespace)
	if err != nil {
		panic(err) // a test names what is no ref
	}
	return r
}

// entity makes a document; options change its entity.
func entity(name string, options ...func(*catalog.Entity)) *catalog.Document {
	r := ref(name)
	e := &catalog.Entity{
		Ref: r, Kind: r.Kind, APIVersion: "backstage.io/v1alpha1", Metadata: catalog.Metadata{Name: r.Name, Namespace: r.Namespace},
		Origin: catalog.Origin{Source: "acme", Path: r.Name + ".yaml", Line: 1},
	}
	for _, option := range options {
		option(e)
	}
	return &catalog.Document{Origin: e.Origin, Ref: r, Entity: e, Holds: true}
}

func label(key, value string) func(*catalog.Entity) {
	return func(e *catalog.Entity) {
		e.Metadata.Labels = append(e.Metadata.Labels, catalog.Pair{Key: key, Value: value})
	}
}

func related(kind, target string) func(*catalog.Entity) {
	return func(e *catalog.Entity) {
		e.Declares = append(e.Declares, catalog.Relation{Type: kind, Target: ref(target)})
	}
}

func snapshot(documents ...*catalog.Document) *catalog.Snapshot {
	return catalog.NewSnapshot(catalog.Contents{Documents: documents, Sources: []catalog.SourceStatus{{Name: "acme", Trusted: true}}})
}

func rules(t testing.TB, list ...policy.Rule) *policy.Rules {
	t.Helper()
	compiled, mistakes := policy.Compile(list)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return compiled
}

func rule(name, when string, only ...string) policy.Rule {
	r := policy.Rule{Name: name, When: when}
	for _, text := range only {
		r.Only = append(r.Only, ref(text))
	}
	return r
}

func person(name string) policy.Actor {
	if name == "" {
		return policy.Actor{Platform: "console"}
	}
	return policy.Actor{User: ref("user:" + name), Platform: "console"}
}

// TestCompile_When: what conditions see of an entity. The rule hides what matches from all but one.
func TestCompile_When(t *testing.T) {
	full := entity("api:money/vault", label("confidential", "true"), label("tier", "1"), related("ownedBy", "group:pay"), related("partOf", "domain:all"),
		related("partOf", "system:money"), func(e *catalog.Entity) {
			e.Metadata.Tags, e.Metadata.Title, e.Type, e.Lifecycle = []string{"pci", "go"}, "The Vault", "openapi", "production"
			e.Metadata.Annotations = catalog.Pairs{{Key: "acme.com/secret", Value: "yes"}}
		})
	bare := entity("bare")
	for _, tt := range []struct {
		when       string
		full, bare bool
	}{
		{`entity.metadata.labels["confidential"] == "true"`, true, false},
		{`entity.metadata.labels.confidential == "true"`, true, false},
		{`entity.metadata.labels["confidential"] != "true"`, false, true},
		{`!(entity.metadata.labels["confidential"] == "true")`, false, true},
		{`"confidential" in entity.metadata.labels`, true, false},
		{`has(entity.metadata.labels.confidential)`, true, false},
		{`!has(entity.metadata.labels.confidential)`, false, true},
		{`entity.metadata.annotations["acme.com/secret"] == "yes"`, true, false},
		{`entity.metadata.labels.exists(key, key.startsWith("conf"))`, true, false},
		{`"pci" in entity.metadata.tags`, true, false},
		{`entity.metadata.title.contains("Vault")`, true, false},
		{`entity.kind == "api" && entity.namespace == "money" && entity.name == "vault"`, true, false},
		{`entity.kind in ["api", "resource"]`, true, false},
		{`entity.spec.type == "openapi" && entity.spec.lifecycle == "production"`, true, false},
		{`entity.spec.owner == "group:default/pay" && entity.spec.system == "system:default/money"`, true, false},
		{`entity.source == "acme"`, true, true},
		{`entity.name.matches("^v.*t$")`, true, false},
		{`int(entity.metadata.labels["tier"]) < 2`, true, true},                                   // "" is no number: hidden, because nobody knows
		{`[entity.metadata.labels].exists(l, l["confidential"] == "true")`, true, true},           // not read leniently in such a detour: hidden
		{`entity.metadata.tags.all(a, entity.metadata.tags.all(b, size(a + b) > 0))`, true, true}, // all of none holds
		{`false`, false, false},
	} {
		v := new(policy.Visibility)
		s := snapshot(full, bare)
		v.Follow(s, rules(t, rule("r", tt.when, "group:none")), nil, true)
		view := s.As(v.Viewer(person("")))
		_, seesFull := view.Get(full.Ref)
		_, seesBare := view.Get(bare.Ref)
		if seesFull == tt.full || seesBare == tt.bare {
			t.Errorf("%s hides the full entity: %v, the bare one: %v; want %v, %v", tt.when, !seesFull, !seesBare, tt.full, tt.bare)
		}
	}
}

func TestCompile_Mistakes(t *testing.T) {
	good := rule("good", "true", "group:a")
	for _, tt := range []struct {
		rules []policy.Rule
		want  string
	}{
		{[]policy.Rule{good}, ""},
		{[]policy.Rule{good, good}, "/visibility/1/name good is the name of another rule already | every rule needs a name of its own | "},
		{[]policy.Rule{rule("Bad Name", "true", "group:a")}, `/visibility/0/name "Bad Name" is not the name of a rule | use 1 to 63 lower-case letters, digits and dashes, as in payments-internal | `},
		{[]policy.Rule{rule("a", "true")}, `/visibility/0/only the rule hides what it matches from everybody | name those who may see it, as in only: ["group:default/team-payments"], or set owners: true | `},
		{[]policy.Rule{rule("a", " ", "group:a")}, `/visibility/0/when a rule needs a condition of at most 2000 characters | write one, as in when: 'entity.metadata.labels["confidential"] == "true"' | `},
		{[]policy.Rule{rule("a", "entity.kind == ", "group:a")}, "/visibility/0/when Syntax error: mismatched input '<EOF>' | correct the condition | entity.kind == \n               ^"},
		{[]policy.Rule{rule("a", `true && entity.metadata.lables["x"] == "y"`, "group:a")}, "/visibility/0/when it names a field that entities do not have | an entity has kind, | true && entity.metadata.lables[\"x\"] == \"y\"\n                       ^"},
		{[]policy.Rule{rule("a", `entity.name`, "group:a")}, `/visibility/0/when it is a string, not true or false | compare it, as in entity.spec.type == "website" | `},
		{[]policy.Rule{rule("a", `entity.name == 3`, "group:a")}, "/visibility/0/when found no matching overload for '_==_' applied to '(string, int)' | correct the condition | entity.name == 3\n            ^"},
		{[]policy.Rule{rule("a", `entity.kind == "Component"`, "group:a")}, "/visibility/0/when it compares with \"Component\", but kinds, names and refs are in lower case here | write \"component\" | entity.kind == \"Component\"\n            ^"},
		{[]policy.Rule{rule("a", `entity.kind in ["api", "Resource"]`, "group:a")}, `/visibility/0/when it compares with "Resource", but`},
		{[]policy.Rule{rule("a", `entity.spec.owner.startsWith("Group:")`, "group:a")}, `/visibility/0/when it compares with "Group:", but`},
		{[]policy.Rule{rule("a", `env("HOME") == ""`, "group:a")}, "/visibility/0/when undeclared reference to 'env'"},
		{[]policy.Rule{rule("a", strings.Repeat("(", 900)+"true"+strings.Repeat(")", 900), "group:a")}, "/visibility/0/when "},
		{slices.Repeat([]policy.Rule{good}, 65), "/visibility there are 65 rules, and 64 are the most | join them | "},
	} {
		_, mistakes := policy.Compile(tt.rules)
		var got []string
		for _, m := range mistakes {
			got = append(got, fmt.Sprintf("%s %s | %s | %s", m.Pointer(), m.Text, m.Fix, m.Excerpt))
		}
		text := strings.Join(got, "\n")
		want := strings.ReplaceAll(tt.want, "| |", "|  |")
		matches := text == want
		if first, rest, cut := strings.Cut(want, "an entity has kind, "); cut {
			matches = strings.HasPrefix(text, first) && strings.HasSuffix(text, rest)
		} else if !strings.Contains(want, " | ") && want != "" {
			matches = strings.HasPrefix(text, want)
		}
		if !matches {
			t.Errorf("mistakes of %.200s:\n%s\nwant:\n%s", fmt.Sprint(tt.rules), text, want)
		}
	}
}

// TestVisibility_Who: who sees what a rule hides.
func TestVisibility_Who(t *testing.T) {
	s := snapshot(
		entity("vault", label("secret", "a")), entity("safe", label("secret", "a"), related("ownedBy", "group:pay")), entity("both", label("secret", "a"), label("deep", "b")),
		entity("open"), entity("group:pay"), entity("group:pay-child", related("childOf", "group:pay")),
		entity("user:mira", related("memberOf", "group:pay")), entity("user:kid", related("memberOf", "group:pay-child")),
		entity("user:jonas"), entity("group:audit"), entity("user:ada", related("memberOf", "group:audit")), entity("user:both", related("memberOf", "group:pay"), related("memberOf", "group:audit")))
	secret, deep := rule("secret", `entity.metadata.labels["secret"] == "a"`, "group:pay", "user:jonas"), rule("deep", `entity.metadata.labels["deep"] == "b"`, "group:audit")
	owned := policy.Rule{Name: "owned", When: secret.When, Owners: true, Only: []catalog.Ref{ref("group:audit")}}
	for _, tt := range []struct {
		who   string
		rules []policy.Rule
		want  string // which of the four components are seen
	}{
		{"", nil, "both open safe vault"},
		{"", []policy.Rule{secret}, "open"},
		{"mira", []policy.Rule{secret}, "both open safe vault"},
		{"jonas", []policy.Rule{secret}, "both open safe vault"},
		{"ada", []policy.Rule{secret}, "open"},
		{"kid", []policy.Rule{secret}, "open"}, // direct members only, as ownership in Backstage
		{"nobody-knows", []policy.Rule{secret}, "open"},
		{"mira", []policy.Rule{secret, deep}, "open safe vault"}, // every rule must let her
		{"ada", []policy.Rule{secret, deep}, "open"},
		{"both", []policy.Rule{secret, deep}, "both open safe vault"},
		{"mira", []policy.Rule{owned}, "open safe"},
		{"ada", []policy.Rule{owned}, "both open safe vault"},
		{"kid", []policy.Rule{owned}, "open"},
	} {
		v := new(policy.Visibility)
		v.Follow(s, rules(t, tt.rules...), nil, true)
		view := s.As(v.Viewer(person(tt.who)))
		if got := components(view); got != tt.want {
			t.Errorf("%q under %v sees %s, want %s", tt.who, tt.rules, got, tt.want)
		}
		all := 0
		for range view.All() {
			all++
		}
		if view.Len() != all {
			t.Errorf("%q under %v counts %d, sees %d", tt.who, tt.rules, view.Len(), all)
		}
	}
}

func components(view catalog.View) string {
	var out []string
	for e := range view.All() {
		if e.Ref.Kind == "component" {
			out = append(out, e.Ref.Name)
		}
	}
	return strings.Join(out, " ")
}

// TestVisibility_Closed: before the rules are known, nobody sees anything, whoever it is.
func TestVisibility_Closed(t *testing.T) {
	v := new(policy.Visibility)
	s := snapshot(entity("a"), entity("user:mira"))
	for range 2 {
		if view := s.As(v.Viewer(person("mira"))); view.Len() != 0 || v.Viewer(person("mira")).CanSee(entity("a").Entity) {
			t.Errorf("%d entities are seen without rules", view.Len())
		}
		if !v.Report().Closed {
			t.Error("the report says that all is well")
		}
		v.Follow(s, nil, nil, true)
	}
}

// TestVisibility_Follow: catalogs that change in part are judged as when judged anew, and each under its own rules.
func TestVisibility_Follow(t *testing.T) {
	secret := rules(t, rule("secret", `entity.metadata.labels["secret"] == "a"`, "group:pay"))
	v := new(policy.Visibility)
	var documents []*catalog.Document
	for i := range 100 {
		documents = append(documents, entity(fmt.Sprintf("c%02d", i)))
	}
	first := snapshot(documents...)
	v.Follow(first, secret, nil, true)
	stranger := v.Viewer(person(""))
	if got := first.As(stranger).Len(); got != 100 {
		t.Fatal(got)
	}
	change := func(s *catalog.Snapshot, refs []catalog.Ref, docs ...*catalog.Document) *catalog.Snapshot {
		next := s.With(catalog.Change{Refs: refs, Contents: catalog.Contents{Documents: docs, Sources: s.As(catalog.Everything{}).Sources()}})
		v.Follow(next, secret, refs, false)
		return next
	}
	second := change(first, []catalog.Ref{ref("c07"), ref("c08"), ref("new")}, entity("c07", label("secret", "a")), entity("new", label("secret", "a")))
	if got := second.As(stranger).Len(); got != 98 { // without c07, c08, new
		t.Errorf("%d are seen", got)
	}
	if got := first.As(stranger).Len(); got != 100 {
		t.Errorf("a view of the catalog before sees %d", got)
	}
	third := change(second, []catalog.Ref{ref("c07")}, entity("c07"))
	if got := third.As(stranger).Len(); got != 99 {
		t.Errorf("%d are seen", got)
	}
	again := third.WithSources(third.As(catalog.Everything{}).Sources())
	v.Follow(again, secret, nil, false)
	if got := again.As(stranger).Len(); got != 99 {
		t.Errorf("%d are seen", got)
	}
	none := rules(t)
	v.Follow(again, none, nil, false) // new rules, although nothing else is new
	if got := again.As(stranger).Len(); got != 100 {
		t.Errorf("%d are seen", got)
	}
}

// TestVisibility_Past: what is hidden now was not open earlier, and what was hidden then stays so.
func TestVisibility_Past(t *testing.T) {
	v := new(policy.Visibility)
	now := snapshot(entity("became", label("secret", "a")), entity("was"), entity("user:mira", related("memberOf", "group:pay")), entity("group:pay"))
	past := snapshot(entity("became"), entity("was", label("secret", "a")), entity("gone", label("secret", "a")), entity("old"), entity("user:eve", related("memberOf", "group:pay")))
	v.Follow(now, rules(t, rule("secret", `entity.metadata.labels["secret"] == "a"`, "group:pay")), nil, true)
	for who, want := range map[string]string{"": "old", "mira": "became gone old was", "eve": "old"} {
		if got := components(past.As(v.Viewer(person(who)))); got != want {
			t.Errorf("%q sees %s of the past, want %s", who, got, want)
		}
	}
}

// TestVisibility_Failure: an entity for which a rule fails is hidden, and the report says so.
func TestVisibility_Failure(t *testing.T) {
	v := new(policy.Visibility)
	s := snapshot(entity("a", label("n", "x")), entity("b", label("n", "7")))
	v.Follow(s, rules(t, rule("number", `int(entity.metadata.labels["n"]) < 5`, "group:pay")), nil, true)
	if got := components(s.As(v.Viewer(person("")))); got != "b" {
		t.Errorf("%s is seen", got)
	}
	failures := v.Report().Failures
	if len(failures) != 1 || failures[0].Rule != "number" || failures[0].Entity != ref("a") || failures[0].Err == nil {
		t.Errorf("%v", failures)
	}
}

// TestVisibility_Cost: an expensive condition is cut off, and hides.
func TestVisibility_Cost(t *testing.T) {
	v := new(policy.Visibility)
	many := entity("many", func(e *catalog.Entity) {
		for i := range 300 {
			e.Metadata.Tags = append(e.Metadata.Tags, fmt.Sprintf("tag-%d", i))
		}
	})
	s := snapshot(many, entity("few"))
	v.Follow(s, rules(t, rule("all", `entity.metadata.tags.exists(a, entity.metadata.tags.exists(b, entity.metadata.tags.exists(c, a + b == c)))`, "group:pay")), nil, true)
	if got := components(s.As(v.Viewer(person("")))); got != "few" {
		t.Errorf("%s is seen", got)
	}
	if f := v.Report().Failures; len(f) != 1 || !strings.Contains(f[0].Err.Error(), "cost") {
		t.Errorf("%v", f)
	}
}

// TestVisibility_Words: what people and operators are told.
func TestVisibility_Words(t *testing.T) {
	v := new(policy.Visibility)
	s := snapshot(entity("vault", label("secret", "a"), related("ownedBy", "group:own")), entity("open"), entity("group:pay"), entity("user:mira", related("memberOf", "group:pay")),
		entity("user:olga", related("memberOf", "group:own")), entity("group:own"), entity("group:empty"))
	r := rule("secret", `entity.metadata.labels["secret"] == "a"`, "group:pay", "user:jonas", "group:gone", "group:empty")
	r.Owners = true
	v.Follow(s, rules(t, r, rule("idle", "false", "group:pay")), nil, true)
	for _, tt := range []struct {
		who, on, why string
		grants       []string
	}{
		{"mira", "vault", "rule secret: member of group:default/pay", []string{"what rule secret hides: member of group:default/pay"}},
		{"jonas", "vault", "rule secret: it names user:default/jonas", []string{"what rule secret hides: it names user:default/jonas"}},
		{"olga", "vault", "rule secret: owner, as far as it is yours", []string{"what rule secret hides: owner, as far as it is yours"}},
		{"eve", "vault", "no rule hides it", nil}, // she must not learn that one does
		{"eve", "never", "no rule hides it", nil},
		{"", "open", "no rule hides it", nil},
	} {
		if got := v.Why(person(tt.who), ref(tt.on)); got != tt.why {
			t.Errorf("%q is told of %s: %s, want %s", tt.who, tt.on, got, tt.why)
		}
		if diff := cmp.Diff(tt.grants, v.Grants(person(tt.who))); diff != "" {
			t.Errorf("%q: %s", tt.who, diff)
		}
	}
	report := v.Report()
	first := report.Rules[0]
	if first.Hides != 1 || report.Rules[1].Hides != 0 || report.Closed {
		t.Errorf("%+v", report)
	}
	if diff := cmp.Diff([]catalog.Ref{ref("user:jonas"), ref("group:gone")}, first.Unknown); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]catalog.Ref{ref("group:empty"), ref("group:pay")}[:1], first.Empty); diff != "" {
		t.Error(diff)
	}
}

// TestParseFile: a good file, and each mistake with its line.
func TestParseFile(t *testing.T) {
	good := "visibility:\n  - name: payments-internal\n    when: 'entity.metadata.labels[\"confidential\"] == \"true\"'\n    only: [group:default/team-payments, user:mira]\n    owners: true\n"
	got, problems := policy.ParseFile(catalog.Origin{Source: "acme", Path: "policy.yaml"}, []byte(good))
	want := []policy.Rule{{
		Name: "payments-internal", When: `entity.metadata.labels["confidential"] == "true"`, Owners: true, Place: "acme policy.yaml:2",
		Only: []catalog.Ref{ref("group:team-payments"), ref("user:mira")},
	}}
	if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
		t.Error(diff, problems)
	}
	if rules, problems := policy.ParseFile(catalog.Origin{}, []byte("visibility: []\n")); len(rules) > 0 || len(problems) > 0 {
		t.Error(rules, problems)
	}
	const head = "visibility:\n  - name: a\n    only: [user:a]\n"
	for text, want := range map[string]string{
		"":                                "1: the policy is empty, which may be a mistake",
		"{}\n":                            "1: there is no visibility",
		"visible: []\n":                   `1: unknown key "visible"`,
		"visibility:\n":                   "1: a list is wanted here",
		"visibility: [\n":                 "1: not YAML: did not find expected node content",
		"visibility: []\n---\nx: 1\n":     "2: something follows the first document",
		"visibility: []\nvisibility: []":  "2: the key visibility stands here twice",
		"visibility: [a]\n":               "1: keys are wanted here (name: value)",
		"- a\n":                           "1: keys are wanted here (name: value)",
		head:                              "2: a rule needs a condition of at most 2000 characters",
		head + "    when: entty.kind\n":   "4: undeclared reference to 'entty.kind' (did you mean 'entity.kind'?)\nentty.kind\n     ^",
		head + "    when: true\n    x: 1": `5: unknown key "x"`,
		head + "    when: [true]\n":       "4: a text is wanted here",
		head + "    when: true\n    owners: yes\n":                          "5: true or false is wanted here",
		"visibility:\n  - name: a\n    when: true\n    only: [team-pay]\n":  `4: "team-pay" is neither a user nor a group`,
		"visibility:\n  - name: a\n    when: true\n    only: [system:a]\n":  `4: "system:a" is neither a user nor a group`,
		"visibility:\n  - name: a\n    when: true\n    only:\n      - *a\n": "1: not YAML: unknown anchor 'a' referenced",
		"a: &x []\nvisibility: *x\n":                                        `1: unknown key "a"`,
		"visibility: " + strings.Repeat("#", 300<<10):                       "0: the policy is larger than 256 KiB",
	} {
		rules, problems := policy.ParseFile(catalog.Origin{Source: "acme", Path: "policy.yaml"}, []byte(text))
		if len(problems) == 0 || rules != nil {
			t.Errorf("%.60q is taken", text)
			continue
		}
		p := problems[0]
		if p.Fix == "" {
			t.Errorf("%.60q: nothing says what to do about: %s", text, p.Text)
		}
		if got := fmt.Sprintf("%d: %s", p.Origin.Line, p.Text); got != want || p.Rule != catalog.RulePolicy || p.Severity != catalog.Error {
			t.Errorf("%.60q: %s\nwant %s", text, got, want)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add("visibility:\n  - name: a\n    when: 'entity.metadata.labels.x == \"y\" && entity.kind in [\"api\"]'\n    only: [user:a]\n")
	f.Add("visibility:\n  - {name: a, when: 'has(entity.metadata.labels.x) || size(entity.metadata.tags) > 2', owners: true}\n")
	s := snapshot(entity("a", label("x", "y")))
	f.Fuzz(func(t *testing.T, text string) {
		list, problems := policy.ParseFile(catalog.Origin{Path: "p"}, []byte(text))
		if len(problems) > 0 {
			return
		}
		compiled, mistakes := policy.Compile(list)
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		new(policy.Visibility).Follow(s, compiled, nil, true)
	})
}
