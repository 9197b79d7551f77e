package command_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/bot/command"
	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/docs/docstest"
)

// scribe is a History that says the same of every file: what a test put in.
type scribe struct {
	err        error    // of every question
	slow       bool     // answers only when the asker gives up
	codeowners string   // "" for none
	authors    []string // e-mail addresses of the log, newest first
}

func (s scribe) wait(ctx context.Context) error {
	if s.slow {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.err
}

func (s scribe) commit(author, subject string, age time.Duration) catalog.Commit {
	when := now().Add(-age)
	return catalog.Commit{Revision: strings.Repeat(author[:1], 40), Author: author, Email: strings.ToLower(author) + "@example.com", When: when, Since: when, Subject: subject}
}

// At implements catalog.History.
func (s scribe) At(context.Context, string, catalog.Moment) (catalog.Commit, error) {
	return catalog.Commit{}, errors.New("no command asks this")
}

// Depth implements catalog.History.
func (s scribe) Depth(ctx context.Context, _ string) (catalog.Depth, error) {
	return catalog.Depth{Oldest: s.commit("abe", "first", 400*24*time.Hour), Cut: true}, s.wait(ctx)
}

// Log implements catalog.History.
func (s scribe) Log(ctx context.Context, _, _ string, limit int) ([]catalog.Commit, error) {
	var out []catalog.Commit
	for i, email := range s.authors[:min(limit, len(s.authors))] {
		c := s.commit("Someone", "work", time.Duration(i)*time.Hour)
		c.Author, _, _ = strings.Cut(email, "@")
		c.Email = email
		out = append(out, c)
	}
	return out, s.wait(ctx)
}

// Blame implements catalog.History.
func (s scribe) Blame(ctx context.Context, _, _, _ string) (catalog.Blame, error) {
	cut := s.commit("Cy", "payments: everything", 300*24*time.Hour)
	cut.Cut = true
	blame := catalog.Blame{Commits: []catalog.Commit{s.commit("Ada", "checkout: owner \x1b[31m@everyone", 41*24*time.Hour), cut}}
	for n := range int32(60) {
		blame.Lines = append(blame.Lines, n%2)
	}
	return blame, s.wait(ctx)
}

// File implements catalog.History.
func (s scribe) File(ctx context.Context, _, _, path string) ([]byte, error) {
	if path != "CODEOWNERS" || s.codeowners == "" {
		return nil, catalog.ErrNoFile
	}
	return []byte(s.codeowners), s.wait(ctx)
}

func with(h catalog.History) func(*command.Deps) {
	return func(d *command.Deps) { d.History = h }
}

// unowned is the fixture with owners that nobody is.
func unowned(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{"org.yaml", "payments.yaml", "web.yaml"} {
		data, err := fs.ReadFile(fixture(), name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), "owner: team-payments", "owner: team-gone")
		text = strings.ReplaceAll(text, "profile: {displayName: Mira Ruiz}", "profile: {displayName: Mira Ruiz, email: mira@example.com}")
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func TestCommands_Explain(t *testing.T) {
	tests := []struct {
		name, text string
		history    catalog.History
	}{
		{"explain", "explain checkout", scribe{}},
		{"explain as a flag", "who-owns checkout --explain", scribe{}},
		{"explain links", "links checkout --explain", scribe{}},
		{"explain a conflict", "explain component:billing", scribe{}},
		{"explain without history", "explain orders-db", scribe{err: catalog.ErrNoHistory}},
		{"explain hostile", "explain checkout-web", nil},
		{"explain a runbook", "runbook checkout error rate --explain", scribe{authors: []string{"mira@example.com"}}},
		{"runbook edited", "runbook checkout latency", scribe{authors: []string{"mira@example.com"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reply := answerer(t, fixture(), catalog.Everything{}, with(tt.history))(tt.text)
			if err := reply.Card.Validate(); err != nil {
				t.Errorf("not a valid card: %v", err)
			}
			golden(t, tt.name, "# "+tt.text+"\n"+reply.Card.Summary+"\n---\n"+reply.Card.Text())
		})
	}
}

// TestCommands_ExplainSlow: an answer does not wait for a history that is slow to read.
func TestCommands_ExplainSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := answerer(t, unowned(t), catalog.Everything{}, with(scribe{slow: true}))
		for text, want := range map[string]string{
			"explain checkout":            "could not be read in time",
			"who-owns checkout --explain": "could not be read in time",
			"who-owns checkout":           "could not be read in time",
			"links checkout --explain":    "could not be read in time",
		} {
			start := time.Now()
			reply := ask(text)
			if got := reply.Card.Text(); reply.Outcome != bot.Fine || !strings.Contains(got, want) {
				t.Errorf("%s: %s", text, got)
			}
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("%s took %s", text, took)
			}
		}
	})
}

func TestCommands_ExplainHidesCredentials(t *testing.T) {
	files := fstest.MapFS{"a.yaml": {Data: []byte("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: a\n  annotations:\n" +
		"    pagerduty.com/integration-key: s3cr3t\n    acme.example/api-token: s3cr3t\n" +
		"    backstage.io/source-location: url:https://bot:s3cr3t@git.example.com/a\nspec:\n  type: service\n  lifecycle: production\n  owner: x\n  db:\n    password: s3cr3t\n")}}
	if got := answerer(t, files, catalog.Everything{}, with(scribe{}))("explain a").Card.Text(); strings.Contains(got, "s3cr3t") || !strings.Contains(got, "not shown") {
		t.Error(got)
	}
}

func TestCommands_LikelyOwner(t *testing.T) {
	twenty := append(slicesRepeat("mira@example.com", 14), slicesRepeat("stranger@example.com", 6)...)
	for name, tt := range map[string]struct {
		history scribe
		want    string
	}{
		"both":              {scribe{codeowners: "* @acme/team-payments\n", authors: twenty}, "Likely team-payments (CODEOWNERS; 14 of the last 20 commits)."},
		"codeowners alone":  {scribe{codeowners: "/payments.yaml @acme/nobody @acme/team-web\n"}, "Likely team-web (CODEOWNERS)."},
		"a person":          {scribe{codeowners: "* mira@example.com\n"}, "Likely mira (CODEOWNERS)."},
		"commits alone":     {scribe{codeowners: "/other @acme/team-web\n", authors: twenty[:10]}, "Likely team-payments (10 of the last 10 commits)."},
		"strangers":         {scribe{authors: slicesRepeat("stranger@example.com", 3)}, "The last 3 commits are by stranger (3)."},
		"nothing":           {scribe{}, "No owner: team-gone is not in the catalog."},
		"no history":        {scribe{err: errors.New("the disk is gone")}, "Who it may be is unknown: the disk is gone"},
		"no team like that": {scribe{codeowners: "* @acme/team\n"}, "No owner: team-gone is not in the catalog."},
	} {
		t.Run(name, func(t *testing.T) {
			ask := answerer(t, unowned(t), catalog.Everything{}, with(tt.history))
			got := ask("who-owns checkout").Card
			if !strings.Contains(got.Text(), tt.want) {
				t.Errorf("want %q in\n%s", tt.want, got.Text())
			}
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
			if other := ask("who-owns orders-db").Card.Text(); strings.Contains(other, "No owner") {
				t.Errorf("an owned entity has a likely owner:\n%s", other)
			}
		})
	}
}

func slicesRepeat(text string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = text
	}
	return out
}

// pastOf gives the catalog in files as the past, however it is asked for, and remembers what was asked.
func pastOf(t *testing.T, files fs.FS, asked *catalog.Moment) func(*command.Deps) {
	t.Helper()
	past := snapshot(t, files)
	wrong := map[string]error{"dead": catalog.ErrNoCommit, "aaaa": catalog.ErrManyCommits, "bbbb": context.DeadlineExceeded}
	return func(d *command.Deps) {
		d.CatalogAt = func(_ context.Context, m catalog.Moment) (catalog.Past, error) {
			*asked = m
			if err := wrong[m.Commit]; err != nil {
				return catalog.Past{}, err
			}
			if m.Time.Year() == 2020 {
				return catalog.Past{}, &catalog.BeginningError{Depth: catalog.Depth{Oldest: scribe{}.commit("abe", "first", 400*24*time.Hour), Cut: true}}
			}
			return catalog.Past{
				Catalog: past(), When: time.Date(2026, 3, 4, 3, 12, 0, 0, time.UTC),
				Sources: []catalog.PastSource{{
					Name: "acme", Commit: scribe{}.commit("Bob", "then", 200*24*time.Hour),
					Depth: catalog.Depth{Oldest: scribe{}.commit("abe", "first", 400*24*time.Hour)},
				}, {Name: "other", Err: errors.New("its repository was never fetched")}},
			}, nil
		}
		d.PagesAt = func(ctx context.Context, past catalog.Past, ref catalog.Ref) ([]docs.ShelvedPage, error) {
			entity, _ := past.Catalog.As(catalog.Everything{}).Get(ref)
			tree, err := docstest.Tree(oldRunbook(), past.Sources[0].Commit.Revision)
			if err != nil {
				return nil, err
			}
			return docs.Read(ctx, docs.Present{Snapshot: past.Catalog, Trees: map[string]docs.Tree{"acme": tree}}, entity)
		}
	}
}

// oldRunbook is the fixture's runbook as it once was.
func oldRunbook() fs.FS {
	return fstest.MapFS{"docs/runbook.md": &fstest.MapFile{Data: []byte("# Checkout runbook\n\n## Too slow\n\n1. Wait.\n")}}
}

func TestCommands_At(t *testing.T) {
	var asked catalog.Moment
	ask := answerer(t, fixture(), catalog.Everything{}, pastOf(t, unowned(t), &asked))
	for _, tt := range []struct {
		name, text string
		outcome    bot.Outcome
	}{
		{"at a time", "who-owns checkout --at=2026-03-04T03:12", bot.Fine},
		{"at, searched", "find service --at=2026-03-04", bot.Fine},
		{"at, explained", "who-owns checkout --explain --at=abc1234", bot.Fine},
		{"at, not found", "who-owns canary --at=2d", bot.NotFound},
		{"at before all", "who-owns checkout --at=2020-01-01", bot.NotFound},
		{"at no time", "who-owns checkout --at=yesteryear", bot.Misused},
		{"at in the future", "who-owns checkout --at=2027-01-01", bot.Misused},
		{"at no commit", "who-owns checkout --at=dead", bot.NotFound},
		{"at many commits", "who-owns checkout --at=aaaa", bot.Ambiguous},
		{"at what takes long", "who-owns checkout --at=bbbb", bot.Upstream},
		{"at, a runbook", "runbook checkout slow --at=2026-03-04T03:12", bot.Fine},
		{"at, no runbook", "runbook orders-db --at=2026-03-04T03:12", bot.NotFound},
		{"at, an alert", "runbook CheckoutErrors --at=2026-03-04T03:12", bot.Misused},
		{"at, documentation", "docs latency --at=2026-03-04T03:12", bot.Misused},
		{"at elsewhere", inSlack + "who-owns checkout --at=2d", bot.Misused},
		{"at of health", "health --at=2d", bot.Misused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reply := ask(tt.text)
			if reply.Outcome != tt.outcome {
				t.Errorf("the outcome is %s, want %s", reply.Outcome, tt.outcome)
			}
			if err := reply.Card.Validate(); err != nil {
				t.Errorf("not a valid card: %v", err)
			}
			golden(t, tt.name, "# "+tt.text+"\n"+reply.Card.Summary+"\n---\n"+reply.Card.Text())
		})
	}
}

func TestCommands_AtMoments(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-04":                "2026-03-04T23:59:59Z",
		"2026-11-23":                "2026-11-23T14:21:00Z", // today: until now
		"2026-03-04T03:12":          "2026-03-04T03:12:00Z",
		`"2026-03-04 03:12"`:        "2026-03-04T03:12:00Z",
		"2026-03-04T03:12:33":       "2026-03-04T03:12:33Z",
		"2026-03-04T03:12:33+01:00": "2026-03-04T02:12:33Z",
		"2026-03-04T03:12Z":         "2026-03-04T03:12:00Z",
		"09:15":                     "2026-11-23T09:15:00Z",
		"90m":                       "2026-11-23T12:51:00Z",
		"2h":                        "2026-11-23T12:21:00Z",
		`"2h ago"`:                  "2026-11-23T12:21:00Z",
		"3d":                        "2026-11-20T14:21:00Z",
		"100d":                      "2026-08-15T14:21:00Z",
		"1w":                        "2026-11-16T14:21:00Z",
		"abc1":                      "abc1",
		"ABC1234":                   "abc1234",
		"abc":                       "",
		"15:00":                     "", // of today, and it is 14:21
		"2026-13-04":                "",
		"2026-12-04":                "",
		"soon":                      "",
		"":                          "",
	} {
		var asked catalog.Moment
		ask := answerer(t, fixture(), catalog.Everything{}, pastOf(t, fixture(), &asked))
		reply := ask("who-owns checkout --at=" + text)
		got := asked.Commit
		if got == "" && !asked.Time.IsZero() {
			got = asked.Time.UTC().Format(time.RFC3339)
		}
		if got != want || (reply.Outcome == bot.Misused) != (want == "") {
			t.Errorf("--at=%s means %q (%s), want %q", text, got, reply.Outcome, want)
		}
	}
}

// TestCommands_NoLeakInThePast: what is hidden now was hidden then.
func TestCommands_NoLeakInThePast(t *testing.T) {
	var asked catalog.Moment
	viewer := catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Ref.Name != "canary" })
	ask := answerer(t, fixture(), viewer, pastOf(t, fixture(), &asked), with(scribe{}))
	for _, text := range []string{"who-owns canary --at=2d", "find canary --at=2d", "explain canary --at=2d", "explain canary", "runbook canary --at=2d"} {
		if reply := ask(text); reply.Outcome != bot.NotFound && reply.Outcome != bot.Misused || strings.Contains(reply.Card.Text(), "component:default/canary") {
			t.Errorf("%s: %s", text, reply.Card.Text())
		}
	}
}
