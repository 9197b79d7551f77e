package app

// Internal, because the endpoint is to be tried without the rest of the program, and on a virtual clock.

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" // what must not be accepted
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"callboard/catalog/ingest"
	"callboard/catalog/ingest/ingesttest"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
)

const (
	oldSecret = "an old secret"
	newSecret = "a new secret"
)

// sender makes the deliveries of one forge.
type sender struct {
	forge  string
	proof  string // the header that says where a delivery comes from
	id     string // the header with the id of a delivery
	push   string // body
	prove  func(key string, body []byte) string
	wrong  map[string]func(key string, body []byte) string // other proofs, which must not count
	header map[string]string                               // of a push
	ping   map[string]string                               // of something else
	other  string                                          // body of something else
}

func mac(algorithm func() hash.Hash, key string, body []byte) string {
	h := hmac.New(algorithm, []byte(key))
	_, _ = h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

const hubPush = `{"ref":"refs/heads/main","repository":{"clone_url":"https://git.example.com/Acme/catalog.git",
	"ssh_url":"git@git.example.com:Acme/catalog.git","html_url":"https://git.example.com/Acme/catalog"},"commits":[{"id":"1"}]}`

func senders() []sender {
	sha := func(key string, body []byte) string { return mac(sha256.New, key, body) }
	return []sender{
		{
			forge: "github", proof: "X-Hub-Signature-256", id: "X-GitHub-Delivery", push: hubPush,
			prove: func(key string, body []byte) string { return "sha256=" + sha(key, body) },
			wrong: map[string]func(string, []byte) string{
				"other algorithm":  func(key string, body []byte) string { return "sha1=" + mac(sha1.New, key, body) },
				"algorithm's name": func(key string, body []byte) string { return "sha1=" + sha(key, body) },
				"no algorithm":     sha,
				"the secret":       func(key string, _ []byte) string { return key },
			},
			header: map[string]string{"X-GitHub-Event": "push"}, ping: map[string]string{"X-GitHub-Event": "ping"}, other: `{"zen":"x"}`,
		},
		{
			forge: "gitlab", proof: "X-Gitlab-Token", id: "Idempotency-Key",
			push: `{"object_kind":"push","event_name":"push","ref":"refs/heads/main","project":{"git_http_url":"https://git.example.com/acme/catalog.git",
				"git_ssh_url":"git@git.example.com:acme/catalog.git","web_url":"https://git.example.com/acme/catalog"}}`,
			prove:  func(key string, _ []byte) string { return key },
			wrong:  map[string]func(string, []byte) string{"a signature": sha, "longer": func(key string, _ []byte) string { return key + "x" }},
			header: map[string]string{"X-Gitlab-Event": "Push Hook"}, ping: map[string]string{"X-Gitlab-Event": "Note Hook"}, other: `{"object_kind":"note"}`,
		},
		{
			forge: "gitea", proof: "X-Gitea-Signature", id: "X-Gitea-Delivery", push: hubPush, prove: sha,
			wrong: map[string]func(string, []byte) string{
				"other algorithm":  func(key string, body []byte) string { return mac(sha1.New, key, body) },
				"algorithm's name": func(key string, body []byte) string { return "sha256=" + sha(key, body) },
				"the secret":       func(key string, _ []byte) string { return key },
			},
			header: map[string]string{"X-Gitea-Event": "push"}, ping: map[string]string{"X-Gitea-Event": "release"}, other: `{"action":"x"}`,
		},
	}
}

// delivery is a good push of s.
func (s sender) delivery(key, id, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/"+s.forge, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for name, value := range s.header {
		r.Header.Set(name, value)
	}
	r.Header.Set(s.id, id)
	r.Header.Set(s.proof, s.prove(key, []byte(body)))
	return r
}

// endpoint is the webhooks of a program whose sources are acme, beta and twice the same.
type endpoint struct {
	mux    *http.ServeMux
	count  *prometheus.CounterVec
	kicked []string
}

func newEndpoint(tb testing.TB, kick func(string) bool, secrets ...string) *endpoint {
	tb.Helper()
	var refs config.Secrets
	for i, text := range secrets {
		name := fmt.Sprintf("HOOK_TEST_SECRET_%d", i)
		tb.Setenv(name, text)
		ref, err := secret.ParseRef("env:" + name)
		if err != nil {
			tb.Fatal(err)
		}
		refs = append(refs, ref)
	}
	e := &endpoint{mux: http.NewServeMux()}
	if kick == nil {
		kick = func(name string) bool {
			e.kicked = append(e.kicked, name)
			return true
		}
	}
	e.count = newMeters(prometheus.NewRegistry()).webhooks
	sources := []config.Source{
		{Name: "acme", Git: "https://git.example.com/acme/catalog.git"},
		{Name: "beta", Git: "git@git.example.com:beta/catalog.git"},
		{Name: "acme-teams", Git: "ssh://git@git.example.com:2222/acme/catalog.git", Web: "https://git.example.com/acme/catalog"},
		{Name: "local", Git: "/srv/catalog", Web: "https://code.example.com/local"},
	}
	newHooks(sources, kick, e.count, slog.New(slog.DiscardHandler)).register(e.mux, forges(config.Integrations{
		GitHub: config.SignedHook{Secret: refs}, GitLab: config.TokenHook{Token: refs}, Gitea: config.SignedHook{Secret: refs},
	}))
	return e
}

func (e *endpoint) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	e.mux.ServeHTTP(w, r)
	return w
}

// TestWebhookAuth is row 24 of the threat model.
func TestWebhookAuth(t *testing.T) {
	for _, s := range senders() {
		type change = func(r *http.Request)
		proof := func(values ...string) change {
			return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(s.proof)] = values }
		}
		good := s.prove(newSecret, []byte(s.push))
		tests := map[string]struct {
			change change
			want   int
		}{
			"fine":                 {func(*http.Request) {}, 202},
			"second secret":        {proof(s.prove(oldSecret, []byte(s.push))), 202},
			"missing":              {proof(), 401},
			"empty":                {proof(""), 401},
			"another secret":       {proof(s.prove("somebody's", []byte(s.push))), 401},
			"an empty secret":      {proof(s.prove("", []byte(s.push))), 401},
			"truncated":            {proof(good[:len(good)-1]), 401},
			"twice, both good":     {proof(good, good), 401},
			"twice, one good":      {proof("x", good), 401},
			"joined":               {proof(good + ", " + good), 401},
			"GET":                  {func(r *http.Request) { r.Method = http.MethodGet }, 405},
			"PUT":                  {func(r *http.Request) { r.Method = http.MethodPut }, 405},
			"compressed":           {func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 400},
			"2 MB":                 {func(r *http.Request) { fill(r, 2<<20, true) }, 413},
			"2 MB, length unknown": {func(r *http.Request) { fill(r, 2<<20, false) }, 413},
			"another forge":        {func(r *http.Request) { r.URL.Path = "/hooks/bitbucket" }, 404},
		}
		for name, wrong := range s.wrong {
			tests[name] = struct {
				change change
				want   int
			}{proof(wrong(newSecret, []byte(s.push))), 401}
		}
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			t.Run(s.forge+"/"+name, func(t *testing.T) {
				e := newEndpoint(t, nil, oldSecret, newSecret)
				r := s.delivery(newSecret, "1", s.push)
				tests[name].change(r)
				w := e.send(r)
				if w.Code != tests[name].want || (len(e.kicked) > 0) != (w.Code == http.StatusAccepted) {
					t.Errorf("answered %d %q and kicked %q, want %d", w.Code, w.Body, e.kicked, tests[name].want)
				}
				if w.Code == http.StatusUnauthorized && w.Body.String() != "unauthorized\n" {
					t.Errorf("who is refused learns %q", w.Body)
				}
			})
		}
	}
}

func fill(r *http.Request, size int, told bool) {
	big := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, size)))
	r.Body, r.ContentLength = big.Body, -1
	if told {
		r.ContentLength = int64(size)
	}
}

func TestWebhookAuth_Replay(t *testing.T) {
	for _, s := range senders() {
		e := newEndpoint(t, nil, newSecret)
		for _, id := range []string{"1", "1", "2", "1", "2"} {
			if w := e.send(s.delivery(newSecret, id, s.push)); w.Code != http.StatusAccepted {
				t.Errorf("%s: %d", s.forge, w.Code)
			}
		}
		if want := []string{"acme", "acme-teams", "acme", "acme-teams"}; !slices.Equal(e.kicked, want) {
			t.Errorf("%s: two deliveries, repeated, kicked %q", s.forge, e.kicked)
		}
		forged := s.delivery("somebody's", "3", s.push)
		e.send(forged)
		e.kicked = nil
		if e.send(s.delivery(newSecret, "3", s.push)); len(e.kicked) != 2 {
			t.Errorf("%s: a forged delivery made that of the same id be taken for a repetition", s.forge)
		}
	}
}

func TestWebhook_OffWithoutSecret(t *testing.T) {
	for name, secrets := range map[string][]string{"none configured": nil, "it is empty": {""}} {
		for _, s := range senders() {
			e := newEndpoint(t, nil, secrets...)
			for _, key := range []string{"", newSecret} {
				if w := e.send(s.delivery(key, "1", s.push)); w.Code != http.StatusServiceUnavailable || len(e.kicked) > 0 {
					t.Errorf("%s, %s: answered %d and kicked %q", name, s.forge, w.Code, e.kicked)
				}
			}
		}
	}
}

func TestWebhook_OtherEvents(t *testing.T) {
	for _, s := range senders() {
		e := newEndpoint(t, nil, newSecret)
		s.header = s.ping
		if w := e.send(s.delivery(newSecret, "1", s.other)); w.Code != http.StatusNoContent || w.Body.Len() > 0 || len(e.kicked) > 0 {
			t.Errorf("%s: answered %d %q and kicked %q", s.forge, w.Code, w.Body, e.kicked)
		}
	}
}

// GitHub's page for a new webhook proposes a form.
func TestWebhook_GitHubForm(t *testing.T) {
	s := senders()[0]
	e := newEndpoint(t, nil, newSecret)
	r := s.delivery(newSecret, "1", url.Values{"payload": {s.push}}.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w := e.send(r); w.Code != http.StatusAccepted || len(e.kicked) != 2 {
		t.Errorf("answered %d and kicked %q", w.Code, e.kicked)
	}
}

// TestWebhookIsHint is row 25 of the threat model: whatever a body says, at most configured sources are
// fetched, from where their configuration says.
func TestWebhookIsHint(t *testing.T) {
	address := func(urls ...string) string {
		return fmt.Sprintf(`{"ref":"refs/heads/evil","after":"%040d","repository":{"clone_url":%q,"ssh_url":%q,"html_url":%q}}`, 1, urls[0], urls[1], urls[2])
	}
	for name, tt := range map[string]struct {
		body string
		want []string
		code int
	}{
		"another ref":              {strings.Replace(hubPush, "heads/main", "heads/other", 1), []string{"acme", "acme-teams"}, 202},
		"another repository":       {address("https://evil.example/x.git", "git@evil.example:x.git", "https://evil.example/x"), nil, 202},
		"the same path elsewhere":  {address("https://evil.example/acme/catalog.git", "", ""), nil, 202},
		"a host that begins alike": {address("https://git.example.com.evil.example/acme/catalog.git", "", ""), nil, 202},
		"only its page":            {address("https://evil.example/x.git", "", "https://git.example.com/beta/catalog"), []string{"beta"}, 202},
		"the page of a local one":  {address("", "", "https://code.example.com/local"), []string{"local"}, 202},
		"a path of this machine":   {address("/srv/catalog", "file:///srv/catalog", "../catalog"), nil, 202},
		"no repository":            {`{"ref":"refs/heads/main"}`, nil, 202},
		"no object":                {`[]`, nil, 400},
		"no JSON":                  {`ref=main`, nil, 400},
		"cut off":                  {hubPush[:40], nil, 400},
		"nested deeply":            {strings.Repeat("[", 500_000), nil, 400},
		"of other types":           {`{"ref":1,"repository":"x"}`, nil, 400},
		"empty":                    {``, nil, 400},
	} {
		for _, s := range senders() {
			body := tt.body
			if s.forge == "gitlab" {
				body = strings.NewReplacer(`{"ref"`, `{"object_kind":"push","ref"`, `"repository"`, `"project"`,
					"clone_url", "git_http_url", "ssh_url", "git_ssh_url", "html_url", "web_url").Replace(body)
			}
			e := newEndpoint(t, nil, newSecret)
			w := e.send(s.delivery(newSecret, "1", body))
			if diff := cmp.Diff(tt.want, e.kicked); diff != "" || w.Code != tt.code {
				t.Errorf("%s, %s: answered %d, want %d; kicked (-want +got):\n%s", s.forge, name, w.Code, tt.code, diff)
			}
		}
	}
}

// counted is a source without files, whose fetches take a while.
type counted struct{ fetches atomic.Int64 }

func (c *counted) Fetch(context.Context) (ingest.Tree, error) {
	c.fetches.Add(1)
	time.Sleep(20 * time.Millisecond) //nolint:forbidigo // virtual time
	root, err := ingest.ListFS(fstest.MapFS{})
	return ingest.Tree{FS: fstest.MapFS{}, Revision: "1", Root: root}, err
}

// TestFloodOfWebhooks sends 5,000 webhooks in a minute: few fetches, and memory stays flat.
func TestFloodOfWebhooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acme, beta := &counted{}, &counted{}
		syncer := ingest.NewSyncer(ingest.Options{
			Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler),
			Sources: []ingest.Config{{Name: "acme", Source: acme}, {Name: "beta", Source: beta}},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			syncer.Run(ctx, time.Hour)
		}()
		defer func() { cancel(); <-done }()
		e := newEndpoint(t, syncer.KickSource, newSecret)
		s, sent := senders()[0], 0
		flood := func() {
			for range 5000 {
				sent++
				if w := e.send(s.delivery(newSecret, fmt.Sprintf("72d3162e-cc78-11e3-81ab-%012d", sent), s.push)); w.Code != http.StatusAccepted {
					t.Fatalf("answered %d", w.Code)
				}
				time.Sleep(12 * time.Millisecond) //nolint:forbidigo // virtual time
			}
		}
		empty := heap()
		flood()
		flood()
		flood() // from here on as many deliveries are known as ever will be, in maps as large as they get
		before, fetched, routines := heap(), acme.fetches.Load(), runtime.NumGoroutine()
		if grown := before - empty; grown > 2<<20 {
			t.Errorf("the deliveries that are remembered take %d KiB", grown>>10)
		}
		flood()
		if n := acme.fetches.Load() - fetched; n < 5 || n > 12 {
			t.Errorf("5,000 webhooks in a minute made %d fetches", n)
		}
		flood()
		if n := runtime.NumGoroutine() - routines; n > 2 {
			t.Errorf("5,000 webhooks left %d goroutines", n)
		}
		if n := beta.fetches.Load(); n != 1 {
			t.Errorf("a source of which nobody spoke was fetched %d times", n)
		}
		if grown := heap() - before; grown > 128<<10 {
			t.Errorf("10,000 webhooks left %d KiB behind", grown>>10)
		} else {
			t.Logf("at %d KiB, %d more after 10,000 webhooks", before>>10, grown>>10)
		}
		runtime.KeepAlive(e) // with the deliveries that it remembers
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A delivery is known by its forge and id; one without an id never is.
func TestWebhook_DeliveryIDs(t *testing.T) {
	h := newHooks([]config.Source{{Name: "acme", Git: "https://git.example.com/acme/x"}}, func(string) bool { return true }, newMeters(prometheus.NewRegistry()).webhooks, slog.New(slog.DiscardHandler))
	for i, step := range []struct {
		forge, id string
		want      hookResult
	}{{"github", "1", hookAccepted}, {"github", "1", hookRepeated}, {"gitea", "1", hookAccepted}, {"github", "", hookAccepted}, {"github", "", hookAccepted}} {
		hint := ingest.Hint{URLs: []string{"https://git.example.com/acme/x"}, Delivery: step.id}
		if got := h.take(forge{name: step.forge}, hint); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
}

func TestWebhook_TooManyAtOnce(t *testing.T) {
	s := senders()[0]
	e := newEndpoint(t, func(string) bool { return true }, newSecret)
	release, waiting := make(chan struct{}), make(chan struct{})
	answers := make(chan int, hooksAtOnce)
	for range hooksAtOnce {
		r := s.delivery(newSecret, "", s.push)
		r.Body = slowBody{r.Body, waiting, release}
		go func() { answers <- e.send(r).Code }()
		<-waiting
	}
	if w := e.send(s.delivery(newSecret, "", s.push)); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one more is answered %d", w.Code)
	}
	close(release)
	for range hooksAtOnce {
		<-answers
	}
	if w := e.send(s.delivery(newSecret, "", s.push)); w.Code != http.StatusAccepted {
		t.Errorf("afterwards one is answered %d", w.Code)
	}
}

type slowBody struct {
	body             interface{ Read(p []byte) (int, error) }
	waiting, release chan struct{}
}

func (b slowBody) Read(p []byte) (int, error) {
	select {
	case b.waiting <- struct{}{}:
	case <-b.release:
	}
	<-b.release
	return b.body.Read(p)
}

func (slowBody) Close() error { return nil }

func BenchmarkWebhook(b *testing.B) {
	s := senders()[0]
	e := newEndpoint(b, func(string) bool { return true }, oldSecret, newSecret)
	body := strings.Replace(s.push, `"commits":[`, `"commits":[`+strings.Repeat(`{"id":"0123456789","message":"x"},`, 200), 1) // 7 KB, as a small push has
	proof := s.prove(newSecret, []byte(body))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for i := range b.N {
		r := httptest.NewRequest(http.MethodPost, "/hooks/github", strings.NewReader(body))
		r.Header.Set(s.proof, proof)
		r.Header.Set("X-GitHub-Event", "push")
		r.Header.Set(s.id, strconv.Itoa(i))
		if w := e.send(r); w.Code != http.StatusAccepted {
			b.Fatal(w.Code)
		}
	}
}
