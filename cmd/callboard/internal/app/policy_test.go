package app

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/policy"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
)

const peopleFile = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: pay }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: web }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: mira }
spec: { memberOf: [pay] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: jonas }
spec: { memberOf: [web] }
`

func component(name, owner, more string) string {
	return fmt.Sprintf("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: %s\n%sspec:\n  type: service\n  lifecycle: production\n  owner: %s\n", name, more, owner)
}

const secretLabel = "  labels: { confidential: \"true\" }\n"

// openFiles are what everybody sees.
func openFiles() map[string]string {
	return map[string]string{
		"people/catalog-info.yaml": peopleFile,
		"shop/catalog-info.yaml":   component("shop", "web", "  annotations: { backstage.io/techdocs-ref: \"dir:.\" }\n"),
		"shop/mkdocs.yml":          "site_name: shop\n", "shop/docs/index.md": "# Shop\n\nTwo words about pelicans.\n",
		"shop/docs/runbook.md":      "# Shop\n\n## Errors\n\nRestart the pelicans.\n",
		"canteen/catalog-info.yaml": component("canteen", "web", ""),
		"broken/catalog-info.yaml":  "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: broken }\n",
	}
}

// hiddenFiles are what a rule hides, with everything by which it could be noticed.
func hiddenFiles() map[string]string {
	canary := component("canary-vault", "pay", secretLabel+"  title: Canary Vault\n  tags: [gold]\n  annotations:\n    backstage.io/techdocs-ref: dir:.\n    callboard/aliases: yellow-bird\n    github.com/project-slug: acme/canary-vault\n")
	return map[string]string{
		"canary/catalog-info.yaml": canary + "  dependsOn: [component:shop, component:nowhere]\n  system: canary-system\n", "canary/mkdocs.yml": "site_name: canary\nnav:\n  - missing.md\n",
		"canary/docs/index.md":         "# Canary\n\nSecret pelicans and albatrosses.\n",
		"canary/docs/runbook.md":       "# Canary\n\n## Errors\n\nRestart the albatrosses.\n",
		"canary/sys/catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: { name: canary-system, labels: { confidential: \"true\" } }\nspec: { owner: web }\n",
		"canary/two/catalog-info.yaml": component("canary-vault", "pay", secretLabel),
	}
}

func inlineRule() config.Policy {
	return config.Policy{Visibility: []config.VisibleRule{{
		Name: "payments-internal", When: `entity.metadata.labels["confidential"] == "true"`, Only: []string{"group:default/pay"},
	}}}
}

// house is a running program over a repository, which can be changed.
type house struct {
	t    *testing.T
	app  *App
	cfg  *config.Config
	repo string
	log  *bytes.Buffer
	day  int
}

func newHouseOf(t *testing.T, rules config.Policy, files ...map[string]string) *house {
	t.Helper()
	h := &house{t: t, repo: filepath.Join(t.TempDir(), "repo"), cfg: config.Default(), log: new(bytes.Buffer)}
	if err := git.Init(h.repo, nil); err != nil {
		t.Fatal(err)
	}
	h.commit(files...)
	source := config.DefaultSource()
	source.Name, source.Git, source.Trusted = "acme", h.repo, true
	h.cfg.Data, h.cfg.Catalog.Sources, h.cfg.Policy = t.TempDir(), []config.Source{source}, rules
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("miras-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	var where secret.Ref
	if err := where.UnmarshalText([]byte("file:" + token)); err != nil {
		t.Fatal(err)
	}
	h.cfg.Integrations.Backstage.Tokens = []config.BackstageToken{{Token: where, User: catalog.NewRef("user", "", "mira")}}
	h.open()
	return h
}

func (h *house) open() {
	h.t.Helper()
	a, err := New(h.t.Context(), h.cfg, slog.New(slog.NewTextHandler(h.log, nil)))
	if err != nil {
		h.t.Fatal(err)
	}
	h.app = a
	h.t.Cleanup(func() { _ = a.Close() })
}

func (h *house) restart() {
	h.t.Helper()
	if err := h.app.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.open()
}

// commit writes files; a file without text is deleted.
func (h *house) commit(files ...map[string]string) {
	h.t.Helper()
	h.day++
	c := git.Commit{Author: "Ada", Email: "ada@example.com", Message: "change", When: time.Date(2026, 3, h.day, 12, 0, 0, 0, time.UTC), Write: map[string][]byte{}}
	for _, set := range files {
		for name, text := range set {
			if text == "" {
				c.Remove = append(c.Remove, name)
				continue
			}
			c.Write[name] = []byte(text)
		}
	}
	if err := git.Append(h.repo, c); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) sync() {
	h.t.Helper()
	if report, err := h.app.Sync(h.t.Context(), true); err != nil || !report.Fine() {
		h.t.Fatal(report, err)
	}
	if err := h.app.IndexDocs(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// ask asks at the prompt as a user of the catalog; "" is somebody unknown.
func (h *house) ask(user, text string) bot.Reply {
	return h.request(bot.Typed, user, text)
}

func (h *house) request(kind bot.Kind, user, text string) bot.Reply {
	var as catalog.Ref
	if user != "" {
		as = catalog.NewRef("user", "", user)
	}
	req := h.app.LocalRequest("somebody", as)
	req.Kind, req.Text = kind, text
	return h.app.Handle(h.t.Context(), &req)
}

func (h *house) get(path, token string) (int, string) {
	r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.app.backstage().ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Body)
	return w.Code, string(body)
}

// refusals is the counter of a platform.
func (h *house) refusals(platform string) int {
	families, err := h.app.meters.registry.Gather()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "callboard_refusals_total" && metric.GetLabel()[0].GetValue() == platform {
				return int(metric.GetCounter().GetValue())
			}
		}
	}
	return 0
}

func textOf(reply bot.Reply) string {
	if reply.Card == nil {
		return string(reply.Outcome)
	}
	var out []string
	out = append(out, string(reply.Outcome), reply.Card.Text())
	for _, a := range reply.Card.Actions {
		out = append(out, a.Label+" "+a.Command)
	}
	for _, i := range reply.Card.Items {
		out = append(out, i.Action)
	}
	return strings.Join(out, "\n")
}

// volatile is what differs between two runs for other reasons: commits, times, durations.
func volatile(text string) string {
	for _, pattern := range []string{`@[0-9a-f]{7}`, `\b[0-9a-f]{7,40}\b`, `\d{4}-\d\d-\d\d[ T][\d:.+Z-]+( UTC)?`, `\b\d+(\.\d+)? ms\b`, `\b\d+ (s|min)( ago)?\b`} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, "~")
	}
	return text
}

// TestRBACMatrix is threats.md row 26 for reads: actors × verbs × visibility × surfaces. What is hidden gets the
// same answer as what does not exist, and each refusal a log line and a count.
func TestRBACMatrix(t *testing.T) {
	h := newHouseOf(t, inlineRule(), openFiles(), hiddenFiles())
	h.sync()
	actors := []struct {
		user string
		sees bool
	}{{"mira", true}, {"jonas", false}, {"nobody-knows", false}, {"", false}}
	verbs := []string{"who-owns", "runbook", "links", "deps", "stale", "explain"}
	for _, actor := range actors {
		for _, platform := range []string{"console", "slack"} {
			for _, verb := range verbs {
				for _, entity := range []struct {
					name           string
					exists, hidden bool
				}{{"shop", true, false}, {"component:default/canary-vault", true, true}, {"component:default/canary-never", false, false}} {
					name := fmt.Sprintf("%q on %s asks %s %s", actor.user, platform, verb, entity.name)
					before := h.refusals(platform)
					h.log.Reset()
					req := bot.Request{Kind: bot.Typed, Text: verb + " " + entity.name, Actor: policy.Actor{Platform: platform, ChatID: "A1"}, Address: bot.Address{Platform: platform, Private: true}}
					if actor.user != "" {
						req.Actor.User = catalog.NewRef("user", "", actor.user)
					}
					reply := h.app.handleAs(t, &req)
					sees := entity.exists && (!entity.hidden || actor.sees)
					if (reply.Outcome == bot.Fine) != sees {
						t.Errorf("%s: %s", name, textOf(reply))
					}
					refused := entity.hidden && !actor.sees
					if logged := strings.Contains(h.log.String(), "msg=refused"); (h.refusals(platform) == before+1) != refused || logged != refused {
						t.Errorf("%s: counted %d, logged %v, want %v", name, h.refusals(platform)-before, logged, refused)
					}
				}
			}
		}
	}
	for token, sees := range map[string]bool{"": false, "miras-token": true} {
		before := h.refusals("backstage")
		status, body := h.get("/api/catalog/entities/by-name/component/default/canary-vault", token)
		if (status == http.StatusOK) != sees || (h.refusals("backstage") == before) != sees {
			t.Errorf("the API with %q: %d %s", token, status, body)
		}
		if status, _ := h.get("/api/catalog/entities/by-name/component/default/shop", token); status != http.StatusOK {
			t.Errorf("the API with %q: %d", token, status)
		}
	}
}

// handleAs answers a request whose actor is known already, whatever the platform.
func (a *App) handleAs(t *testing.T, req *bot.Request) bot.Reply {
	t.Helper()
	return a.handle(t.Context(), req)
}

// TestNoLeak is threats.md row 27, the whole program: of two catalogs, one without the canaries and one with a rule
// that hides them, whoever is not named by the rule gets the same answers.
func TestNoLeak(t *testing.T) {
	with, without := newHouseOf(t, inlineRule(), openFiles(), hiddenFiles()), newHouseOf(t, inlineRule(), openFiles())
	with.sync()
	without.sync()
	targets := []string{
		"canary-vault", "component:default/canary-vault", "canary-vaul", "canary", "yellow-bird", "acme/canary-vault", "Canary Vault", "canary/catalog-info.yaml",
		"canary-system", "shop", "shpo", "canten", "group:pay", "group:web", "user:mira", "broken", "pelicans", "albatrosses", "gold", "tag:gold", "kind:system", "owner:pay", "nowhere", "component:nowhere",
	}
	var lines []string
	for _, verb := range []string{"who-owns", "runbook", "links", "deps", "find", "docs", "stale", "explain"} {
		for _, target := range targets {
			lines = append(lines, verb+" "+target, verb+" "+target+" --explain")
		}
	}
	lines = append(lines, "stale", "health", "whoami", "home", "help", "who-owns canary-vault --at=2026-03-02", "find canary --at=2026-03-02", "canary-vault")
	telling := 0
	for _, line := range lines {
		for _, user := range []string{"jonas", ""} {
			want, got := volatile(textOf(without.ask(user, line))), volatile(textOf(with.ask(user, line)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q tells %q of hidden entities:\n%s", line, user, diff)
			}
		}
		if volatile(textOf(with.ask("mira", line))) != volatile(textOf(without.ask("mira", line))) {
			telling++
		}
	}
	if telling < len(lines)/3 {
		t.Errorf("only %d of %d questions are about anything that is hidden", telling, len(lines))
	}
	for _, typed := range []string{"who-owns can", "who-owns canary", "who-owns yellow", "find s", "deps "} {
		if diff := cmp.Diff(without.request(bot.Complete, "", typed).Choices, with.request(bot.Complete, "", typed).Choices); diff != "" {
			t.Errorf("completing %q tells of hidden entities: %s", typed, diff)
		}
	}
	for _, path := range []string{
		"/api/catalog/entities/by-query?limit=3", "/api/catalog/entity-facets?facet=kind&facet=metadata.tags&facet=relations.ownerOf", "/api/search/query?term=canary",
		"/api/search/query?term=pelicans", "/api/catalog/entities/by-name/component/default/canary-vault",
	} {
		plain := func(text string) string {
			return regexp.MustCompile(`"(etag|uid|revision|nextCursor)":"[^"]*"`).ReplaceAllString(volatile(text), "~")
		}
		_, want := without.get(path, "")
		_, got := with.get(path, "")
		want, got = strings.ReplaceAll(want, without.repo, "~"), strings.ReplaceAll(got, with.repo, "~")
		if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
			t.Errorf("%s tells of hidden entities: %s", path, diff)
		}
	}
}

const ruleFile = "visibility:\n  - name: payments-internal\n    when: 'entity.metadata.labels[\"confidential\"] == \"true\"'\n    only: [group:default/pay]\n"

// TestPolicyFile follows a file of rules through its life: missing, good, broken, gone, good again, over restarts.
func TestPolicyFile(t *testing.T) {
	fromFile := config.Policy{Source: "acme", Path: "rules/policy.yaml"}
	h := newHouseOf(t, fromFile, openFiles(), hiddenFiles())
	sees := func(when, user string, shop, canary bool) {
		t.Helper()
		for name, want := range map[string]bool{"component:shop": shop, "component:canary-vault": canary} {
			if reply := h.ask(user, "who-owns "+name); (reply.Outcome == bot.Fine) != want {
				t.Errorf("%s: %q sees %s: %v", when, user, name, !want)
			}
		}
	}
	faulty := func(when string, notReady bool, want string) {
		t.Helper()
		if reasons := h.app.NotReady(); (len(reasons) > 0) != notReady {
			t.Errorf("%s: ready: %v", when, reasons)
		}
		if text := h.ask("", "health").Card.Text(); want == "" && strings.Contains(text, "rules") || !strings.Contains(text, want) {
			t.Errorf("%s: %s", when, text)
		}
	}
	listed := func(when string, want int, words string) {
		t.Helper()
		text := h.ask("", "stale").Card.Text()
		if strings.Contains(text, "rules/policy.yaml") != (want > 0) || !strings.Contains(text, words) || strings.Contains(text, "metdata") {
			t.Errorf("%s: stale says %s", when, text)
		}
		families, err := h.app.meters.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == "callboard_catalog_problems" && m.GetLabel()[0].GetValue() == "policy" {
					got = int(m.GetGauge().GetValue())
				}
			}
		}
		if got != want {
			t.Errorf("%s: the metric says %d problems of rules, want %d", when, got, want)
		}
	}
	listed("before the first sync", 1, "nobody sees anything")
	sees("before the first sync", "mira", false, false)
	h.sync()
	sees("without a file", "mira", false, false)
	faulty("without a file", true, "nobody sees anything: the file of rules rules/policy.yaml of acme cannot be used")
	h.commit(map[string]string{"rules/policy.yaml": "visibility: [ { name: a, when: 'entty' } ]\n"})
	h.sync()
	sees("never a good file", "mira", false, false)
	h.commit(map[string]string{"rules/policy.yaml": ruleFile})
	h.sync()
	faulty("good", false, "")
	listed("good", 0, "")
	for _, when := range []string{"good", "after a restart"} {
		sees(when, "mira", true, true)
		sees(when, "jonas", true, false)
		h.restart()
	}
	h.commit(map[string]string{"rules/policy.yaml": strings.Replace(ruleFile, "entity.metadata", "entity.metdata", 1)})
	h.sync()
	for _, when := range []string{"broken", "broken, after a restart", "and synced"} {
		sees(when, "mira", true, true)
		sees(when, "jonas", true, false)
		switch when {
		case "broken":
			faulty(when, false, "the file of rules cannot be used (line 3)")
			listed(when, 1, "older version stays in force")
			h.restart()
		default:
			h.sync()
		}
	}
	h.commit(map[string]string{"rules/policy.yaml": ""})
	h.sync()
	sees("gone", "jonas", true, false)
	faulty("gone", false, "the file of rules cannot be used")
	h.commit(map[string]string{"rules/policy.yaml": strings.Replace(ruleFile, "group:default/pay", "group:default/web", 1)})
	h.sync()
	sees("turned round", "mira", true, false)
	sees("turned round", "jonas", true, true)
	faulty("turned round", false, "")
	listed("turned round", 0, "")
	h.commit(map[string]string{"rules/policy.yaml": "visibility: []\n"})
	h.sync()
	sees("no rules", "", true, true)
}

// TestPolicyFile_Torn: rules of another revision than the stored catalog open nothing, until the source was read.
func TestPolicyFile_Torn(t *testing.T) {
	h := newHouseOf(t, config.Policy{Source: "acme", Path: "policy.yaml"}, openFiles(), map[string]string{"policy.yaml": "visibility: []\n"})
	h.sync()
	kept, err := h.app.db.Policy().Policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept.Seen = "0123456789"
	if err := h.app.db.Policy().KeepPolicy(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	h.restart()
	if reply := h.ask("", "who-owns component:shop"); reply.Outcome != bot.NotFound || !strings.Contains(strings.Join(h.app.NotReady(), " "), "another revision") {
		t.Errorf("%s, %v", reply.Outcome, h.app.NotReady())
	}
	h.sync()
	if reply := h.ask("", "who-owns component:shop"); reply.Outcome != bot.Fine || len(h.app.NotReady()) > 0 {
		t.Errorf("%s, %v", reply.Outcome, h.app.NotReady())
	}
}

// TestPolicyFile_Outgrown: rules that were kept, and that this version of the program does not take any more, open nothing, and
// the reason says so.
func TestPolicyFile_Outgrown(t *testing.T) {
	h := newHouseOf(t, config.Policy{Source: "acme", Path: "policy.yaml"}, openFiles(), map[string]string{"policy.yaml": "visibility: []\n"})
	h.sync()
	kept, err := h.app.db.Policy().Policy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept.Text = []byte("visibility: [ { name: a, when: 'entty' } ]\n")
	if err := h.app.db.Policy().KeepPolicy(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	h.restart()
	if reply := h.ask("", "who-owns component:shop"); reply.Outcome != bot.NotFound || !strings.Contains(strings.Join(h.app.NotReady(), " "), "policy.yaml of acme cannot be used") {
		t.Errorf("%s, %v", reply.Outcome, h.app.NotReady())
	}
}

// TestPolicyWords: those whom a rule lets see are told so, nobody else.
func TestPolicyWords(t *testing.T) {
	h := newHouseOf(t, inlineRule(), openFiles(), hiddenFiles())
	h.sync()
	const told = "what rule payments-internal hides: member of group:default/pay"
	for user, want := range map[string]bool{"mira": true, "jonas": false, "": false} {
		if text := h.ask(user, "whoami").Card.Text(); strings.Contains(text, told) != want || !want && strings.Contains(text, "payments-internal") {
			t.Errorf("whoami of %q: %s", user, text)
		}
	}
	rule := func(reply bot.Reply) string {
		i := slices.IndexFunc(reply.Card.Fields, func(f card.Field) bool { return f.Label == "Rule" })
		if i < 0 {
			return ""
		}
		return reply.Card.Fields[i].Value.Plain()
	}
	got := map[string]string{
		"mira vault": rule(h.ask("mira", "who-owns component:canary-vault --explain")), "mira shop": rule(h.ask("mira", "who-owns component:shop --explain")),
		"jonas shop": rule(h.ask("jonas", "who-owns component:shop --explain")),
	}
	want := map[string]string{"mira vault": "rule payments-internal: member of group:default/pay", "mira shop": "no rule hides it", "jonas shop": "no rule hides it"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	report := h.app.Policy()
	if len(report.Rules) != 1 || report.Rules[0].Hides != 2 || report.Why != "" {
		t.Errorf("%+v", report)
	}
}

// TestUnidentified: while the platform does not say who asks, rules hide from them what they hide from everybody, and the
// answer says so.
func TestUnidentified(t *testing.T) {
	h := newHouseOf(t, inlineRule(), openFiles(), hiddenFiles())
	h.sync()
	ask := func(id, text string) bot.Reply {
		return h.app.Handle(t.Context(), &bot.Request{
			Kind: bot.Typed, Text: text, User: bot.ChatUser{Platform: "slack", Workspace: "T1", ID: id},
			Address: bot.Address{Platform: "slack", Workspace: "T1", Channel: "C1"},
		})
	}
	h.app.chat.directories["slack"] = directory{"UMEMBER": {}}
	const words = "slack does not say at the moment who this account is: you see what everybody sees"
	for _, tt := range []struct {
		id, text string
		outcome  bot.Outcome
		told     bool
	}{
		{"USILENT", "who-owns component:shop", bot.Fine, true},
		{"USILENT", "who-owns component:canary-vault", bot.NotFound, true},
		{"USILENT", "who-owns component:nothing-at-all", bot.NotFound, true},
		{"UMEMBER", "who-owns component:shop", bot.Fine, false},
		{"UMEMBER", "who-owns component:canary-vault", bot.NotFound, false},
	} {
		reply := ask(tt.id, tt.text)
		if reply.Outcome != tt.outcome || strings.Contains(reply.Card.Text(), words) != tt.told {
			t.Errorf("%s asks %s: %s\n%s", tt.id, tt.text, reply.Outcome, reply.Card.Text())
		}
	}
}

// Where answers are for everybody, nobody reads along what a rule hides from them: neither an entity nor its place in a
// list, a count or a relation. Sharing is for the asker to decide.
func TestDiscreet(t *testing.T) {
	h := newHouseOf(t, inlineRule(), openFiles(), hiddenFiles())
	h.sync()
	open := bot.Address{Platform: "slack", Workspace: "T1", Channel: "CINC", Open: true}
	for _, tt := range []struct {
		user, text string
		where      bot.Address
		public     bool
	}{
		{"mira", "who-owns component:canary-vault", open, false},
		{"mira", "links component:canary-vault", open, false},
		{"mira", "deps component:shop", open, false}, // is used by it
		{"mira", "find canary", open, false},
		{"mira", "who-owns component:canary-vault --share", open, true},
		{"mira", "who-owns component:canary-vault", bot.Address{Platform: "slack", Channel: "D1", Private: true}, true},
		{"mira", "links component:shop", open, true},
		{"jonas", "links component:shop", open, true},
		{"jonas", "who-owns component:canary-vault", open, true}, // there is no such thing
		{"mira", "help", open, true},
	} {
		req := h.app.LocalRequest("somebody", catalog.NewRef("user", "", tt.user))
		req.Kind, req.Text, req.Address = bot.Typed, tt.text, tt.where
		reply := h.app.Handle(t.Context(), &req)
		if reply.Card == nil || reply.For(tt.where) != tt.public {
			t.Errorf("%s asks %s: for everybody is %v\n%s", tt.user, tt.text, reply.For(tt.where), reply.Card.Text())
		}
		if told := strings.Contains(reply.Card.Text(), "Only you see this answer"); told == tt.public {
			t.Errorf("%s asks %s: told that it is private: %v", tt.user, tt.text, told)
		}
	}
}
