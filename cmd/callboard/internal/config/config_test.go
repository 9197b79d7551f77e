package config_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
)

var update = flag.Bool("update", false, "rewrite the expected messages in testdata/conf.*.yaml")

// Each fixture holds one mistake, or a few of a kind, and at its end the expected messages.
const want = "# want "

// TestConfigStrict is row 35 of the threat model: unknown keys, literal secrets and everything else
// that could silently mean something else are mistakes, each with its line and what to do.
func TestConfigStrict(t *testing.T) {
	paths, err := filepath.Glob("testdata/conf.*.yaml")
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d fixtures, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimPrefix(path, "testdata/"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text, expected, _ := strings.Cut("\n"+string(data), "\n"+want)
			if text = strings.TrimPrefix(text, "\n"); text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			_, err = config.Parse("conf.yaml", []byte(text))
			if _, ok := errors.AsType[*config.InvalidError](err); !ok {
				t.Fatalf("error %v, want an InvalidError", err)
			}
			got := strings.ReplaceAll(err.Error(), "\n", "\n"+want) + "\n"
			if *update {
				if err := os.WriteFile(path, []byte(text+want+got), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(expected, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if strings.Contains(err.Error(), "canary") && path != "testdata/conf.root-scalar.yaml" {
				t.Errorf("the message may hold a secret: %v", err)
			}
		})
	}
}

func TestParse_Full(t *testing.T) {
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Parse("/etc/callboard/callboard.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	source := func(name, git string, set func(s *config.Source)) config.Source {
		s := config.DefaultSource()
		s.Name, s.Git = name, git
		set(&s)
		return s
	}
	want := &config.Config{
		Data: "/var/lib/callboard",
		HTTP: config.HTTP{Listen: "0.0.0.0:9000", URL: "https://callboard.example.com"},
		Catalog: config.Catalog{Poll: 30 * time.Second, Depth: 50, Sources: []config.Source{
			source("acme-catalog", "https://git.example.com/acme/catalog.git", func(s *config.Source) {
				s.Ref, s.Paths = "main", []string{"catalog-info.yaml", "teams/**/*.yaml"}
				s.Token, s.Trusted, s.Kinds = ref(t, "env:GIT_TOKEN"), true, []string{"Component", "API", "User"}
				s.Forge, s.Web = "gitlab", "https://git.example.com/acme/catalog"
				s.Limits = config.Limits{Files: 1000, Bytes: 64 << 20, FileBytes: 65536, Deadline: time.Hour}
			}),
			source("beta", "git@git.example.com:beta/catalog.git", func(s *config.Source) {
				s.SSHKey, s.KnownHosts = ref(t, "file:/etc/callboard/keys/beta"), "/etc/callboard/keys/known_hosts"
			}),
			source("gamma", "http://git.example.com/gamma/catalog.git", func(s *config.Source) { s.Insecure = true }),
			source("delta", "https://git.example.com/delta/catalog.git", func(s *config.Source) {
				s.App = &config.App{ID: 123, Installation: 456, Key: ref(t, "file:/run/secrets/app.pem")}
			}),
			source("here", "/etc/callboard", func(*config.Source) {}),
			source("epsilon", "ssh://git@git.example.com:2222/epsilon.git", func(*config.Source) {}),
		}},
		Console: config.Console{
			User: catalog.NewRef("user", "", "demo-user"),
			Users: map[string]catalog.Ref{
				"alice": catalog.NewRef("user", "", "alice.lind"), "bob": catalog.NewRef("user", "staff", "bob"),
			},
		},
		Outbound: config.Outbound{
			Proxy: "http://proxy.example.com:3128", CA: "/etc/callboard/ca.pem", Allow: []string{"schemas.example.com"},
		},
		Slack: config.Slack{
			Mode: config.SlackHTTP, BotToken: ref(t, "env:SLACK_BOT_TOKEN"), AppToken: ref(t, "file:/etc/callboard/keys/slack-app"),
			SigningSecret: ref(t, "env:SLACK_SIGNING_SECRET"), Team: "T0123ABCD", App: "A0123ABCD", APIURL: "https://slack.example.com/api/",
			Commands: []string{"callboard", "who-owns"}, Prefix: "cb-", OpenChannels: []string{"inc-*", "war-room"},
		},
		Discord: config.Discord{
			Mode: config.DiscordHTTP, Token: ref(t, "file:/etc/callboard/keys/discord"),
			PublicKey:   "3c6d4ec9b1d2f5a8e7900112233445566778899aabbccddeeff0011223344556",
			Application: "1234567890123456789", Guild: "987654321098765432", APIURL: "https://discord.example.com/api/",
			Commands: []string{"callboard", "deps"}, Prefix: "cb-", OpenChannels: []string{"incident-*"},
		},
		Identity:  config.Identity{Email: true, Guests: true},
		Operators: config.Operators{Group: config.GroupRef{Ref: catalog.NewRef("group", "", "platform")}, Channels: []string{"slack:C0123ABCD", "discord:1122334455667788990"}},
		Policy: config.Policy{Source: "acme-catalog", Path: "rules/policy.yaml", Visibility: []config.VisibleRule{{
			Name: "payments-internal", When: `entity.metadata.labels["confidential"] == "true"`,
			Only: []string{"group:default/team-payments", "user:default/mira"}, Owners: true,
		}}},
		Log: config.Log{Level: "debug", Format: "json"},
		Integrations: config.Integrations{
			GitHub: config.SignedHook{Secret: config.Secrets{ref(t, "env:GITHUB_SECRET")}},
			GitLab: config.TokenHook{Token: config.Secrets{ref(t, "env:GITLAB_TOKEN"), ref(t, "file:/etc/callboard/keys/gitlab")}},
			Gitea:  config.SignedHook{Secret: config.Secrets{ref(t, "file:/run/secrets/gitea")}},
			Backstage: config.Backstage{Tokens: []config.BackstageToken{
				{Token: ref(t, "env:BACKSTAGE_TOKEN"), User: catalog.NewRef("user", "", "portal")},
				{Token: ref(t, "file:/etc/callboard/keys/ci"), User: catalog.NewRef("user", "staff", "ci")},
			}},
		},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b secret.Ref) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Every key must occur in full.yaml, so that a new one cannot be left out of TestParse_Full, and in
// the reference.
func TestEveryKey(t *testing.T) {
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	reference, err := os.ReadFile("../../../../docs/reference/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	var visit func(of reflect.Type)
	visit = func(of reflect.Type) {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice:
			visit(of.Elem())
		case reflect.Struct:
			for field := range of.Fields() {
				key := field.Tag.Get("yaml")
				if key == "" {
					continue // not one of ours
				}
				if !strings.Contains(string(data), key+":") {
					t.Errorf("full.yaml lacks the key %s of %s", key, of)
				}
				if !regexp.MustCompile("`[^`]*\\b" + key + "\\b[^`]*`").Match(reference) {
					t.Errorf("docs/reference/configuration.md lacks the key %s of %s", key, of)
				}
				visit(field.Type)
			}
		default:
		}
	}
	visit(reflect.TypeFor[config.Config]())
}

func TestParse_Defaults(t *testing.T) {
	got, err := config.Parse("callboard.yaml", []byte("catalog: { sources: [{ name: a, git: ./repo }] }\nconsole: ~\nlog:\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	source := config.DefaultSource()
	source.Name, source.Git = "a", "repo"
	want.Catalog.Sources = []config.Source{source}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b secret.Ref) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParse_Bounded(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("catalog:\n  sources:\n    - &a\n      name: a\n      paths: [" + strings.Repeat("~, ", 20_000) + "]\n")
	bomb.WriteString(strings.Repeat("    - *a\n", 20_000))
	for name, text := range map[string]string{
		"larger than 1MiB":           strings.Repeat("# padding\n", 110_000),
		"more than 100000 values":    bomb.String(),
		"not YAML: exceeded max dep": strings.Repeat("[", 20_000),
	} {
		if _, err := config.Parse("conf.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %.200v, want %q", err, name)
		}
	}
}

func TestInvalidError_IsShort(t *testing.T) {
	_, err := config.Parse("conf.yaml", []byte("? [a]\n: b\n"+strings.Repeat("x: 1\n", 500)))
	if lines := strings.Count(err.Error(), "\n"); lines != 50 || !strings.HasSuffix(err.Error(), "and 451 more") {
		t.Errorf("%d lines: %v", lines, err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "callboard.yaml")
	text := "catalog:\n  sources:\n    - name: acme\n      git: https://git.example.com/acme/catalog.git\n      token: file:token\n" +
		"    - name: beta\n      git: git@git.example.com:beta/catalog.git\n      ssh_key: file:missing\n"
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	load := func() error { _, err := config.Load(path); return err }

	if err := load(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "-c FILE") {
		t.Errorf("no file: %v", err)
	}
	write(path, text, 0o644)
	write(filepath.Join(dir, "token"), "canary\n", 0o600)
	if err := load(); err != nil {
		t.Errorf("a good file: %v", err)
	}
	write(filepath.Join(dir, "token"), "canary\n", 0o644)
	if err := load(); err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(),
		path+":5: catalog.sources[0].token: file:"+dir+"/token: everybody on this machine may read or change it (mode 0644): chmod 600") {
		t.Errorf("an exposed secret file: %v", err)
	}
	write(path, "catalog: { sources: [{ name: a, git: ./repo }] }\nintegrations:\n  gitlab:\n    webhook_token: [env:OLD, file:token]\n", 0o600)
	if err := load(); err == nil || !strings.Contains(err.Error(), path+":4: integrations.gitlab.webhook_token[1]: file:"+dir+"/token: everybody") {
		t.Errorf("an exposed file of a webhook's token: %v", err)
	}
	write(filepath.Join(dir, "token"), "canary\n", 0o600)
	write(path, text, 0o666)
	if err := load(); err == nil || !strings.Contains(err.Error(), "chmod o-w") {
		t.Errorf("a file that everybody may write: %v", err)
	}
	write(path, "dta: x\n", 0o600)
	if err := load(); err == nil || !strings.HasPrefix(err.Error(), path+":1: unknown key") {
		t.Errorf("a mistake: %v", err)
	}
	path = dir
	if err := load(); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder: %v", err)
	}
}

func TestHTTP_Local(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:0": true, "localhost:80": true, "127.1.2.3:1": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:80": false, "10.0.0.1:80": false, "callboard.example.com:80": false,
	} {
		if got := (config.HTTP{Listen: listen}).Local(); got != want {
			t.Errorf("%s: %t", listen, got)
		}
		if (config.HTTP{Listen: listen, URL: "https://callboard.example.com"}).Local() {
			t.Errorf("%s behind a URL counts as local", listen)
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]config.Size{"0": 0, "1": 1, "1KiB": 1024, "3 MiB": 3 << 20, "2GiB": 2 << 30, "1048576": 1 << 20} {
		var got, again config.Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%s does not round-trip: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1MB", "-1", "1e3", "9999999999GiB", "KiB", "1.5MiB"} {
		var got config.Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q gives %d", text, got)
		}
	}
}

func ref(t *testing.T, text string) secret.Ref {
	t.Helper()
	r, err := secret.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Whatever the input, Parse returns, and an accepted configuration has usable values.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("callboard.yaml", data)
		_, invalid := errors.AsType[*config.InvalidError](err)
		switch {
		case err != nil && (!invalid || err.Error() == ""):
			t.Errorf("not an InvalidError: %v", err)
		case err == nil && (len(c.Catalog.Sources) == 0 || c.Catalog.Poll <= 0 || c.Data == ""):
			t.Errorf("accepted, but not usable: %+v", c)
		}
	})
}
