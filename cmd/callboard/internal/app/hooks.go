package app

import (
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callboard/bot"
	"callboard/catalog/ingest"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/gitea"
	"callboard/integrations/github"
	"callboard/integrations/gitlab"
)

// Limits of the webhooks (threats.md rows 18, 24 and 32).
const (
	hookBytes       = 1 << 20 // of one body
	hooksAtOnce     = 32      // bodies in memory; further ones are told to come again
	deliveriesKnown = 10_000
	deliveriesLife  = 24 * time.Hour
)

// hookResult is what became of a delivery; it is a label of a metric.
type hookResult string

const (
	hookAccepted  hookResult = "accepted"  // a source is fetched, or waits to be
	hookRepeated  hookResult = "repeated"  // was accepted before
	hookUnknown   hookResult = "unknown"   // tells of a repository that is no source
	hookIgnored   hookResult = "ignored"   // tells of no push
	hookRefused   hookResult = "refused"   // does not prove where it comes from
	hookMalformed hookResult = "malformed" // cannot be read
	hookTooLarge  hookResult = "too_large"
	hookOff       hookResult = "off"  // no secret is configured, or it cannot be had
	hookBusy      hookResult = "busy" // too many at once
)

// status gives the HTTP answer. Its text holds nothing that the sender of a forged message could use.
func (r hookResult) status() (code int, text string) {
	switch r {
	case hookAccepted, hookRepeated, hookUnknown:
		return http.StatusAccepted, "thank you"
	case hookIgnored:
		return http.StatusNoContent, ""
	case hookRefused:
		return http.StatusUnauthorized, "unauthorized"
	case hookTooLarge:
		return http.StatusRequestEntityTooLarge, "a body has at most 1 MiB"
	case hookOff:
		return http.StatusServiceUnavailable, "this webhook is not set up"
	case hookBusy:
		return http.StatusServiceUnavailable, "too many at once"
	case hookMalformed:
	}
	return http.StatusBadRequest, "a push as JSON is wanted, not compressed"
}

// hooks takes the webhooks of forges. What they say is believed no further than to look at the
// repository that they name, if it is a configured source: everything else comes from there.
type hooks struct {
	log     *slog.Logger
	kick    func(source string) bool
	sources map[string][]string // names of sources by git.Same of their addresses
	count   *prometheus.CounterVec
	slots   chan struct{}

	// seen are the last deliveries. Memory is enough: one that is forgotten, by a restart or behind many others, makes a source
	// be looked at once more, and that finds nothing new.
	seen *bot.Seen
}

// forge is one kind of sender.
type forge struct {
	name    string
	secrets config.Secrets
	verify  func(secrets []secret.Value, header http.Header, body []byte) (ingest.Hint, error)
}

func forges(c config.Integrations) []forge {
	return []forge{
		{"github", c.GitHub.Secret, github.Verify},
		{"gitlab", c.GitLab.Token, gitlab.Verify},
		{"gitea", c.Gitea.Secret, gitea.Verify},
	}
}

func newHooks(sources []config.Source, kick func(string) bool, count *prometheus.CounterVec, log *slog.Logger) *hooks {
	h := &hooks{log: log, kick: kick, count: count, sources: map[string][]string{}, slots: make(chan struct{}, hooksAtOnce), seen: bot.NewSeen(deliveriesLife, deliveriesKnown)}
	for i := range sources {
		s := &sources[i]
		places := []string{git.Same(s.Git), git.Same(s.Web)}
		slices.Sort(places)
		for _, place := range slices.Compact(places) {
			if place != "" {
				h.sources[place] = append(h.sources[place], s.Name)
			}
		}
	}
	return h
}

// register adds one path for each forge. Only POST leads there.
func (h *hooks) register(mux *http.ServeMux, forges []forge) {
	for _, f := range forges {
		mux.HandleFunc("POST /hooks/"+f.name, func(w http.ResponseWriter, r *http.Request) {
			result := h.receive(f, w, r)
			h.count.WithLabelValues(f.name, string(result)).Inc()
			code, text := result.status()
			if code == http.StatusNoContent {
				w.WriteHeader(code)
				return
			}
			if result == hookBusy {
				w.Header().Set("Retry-After", "5")
			}
			writeText(w, code, text)
		})
	}
}

func (h *hooks) receive(f forge, w http.ResponseWriter, r *http.Request) hookResult {
	secrets := h.resolve(f)
	if len(secrets) == 0 {
		return hookOff
	}
	if r.Header.Get("Content-Encoding") != "" {
		return hookMalformed
	}
	if r.ContentLength > hookBytes {
		return hookTooLarge
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return hookBusy
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, hookBytes))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return hookTooLarge
	}
	if err != nil {
		return hookMalformed
	}
	hint, err := f.verify(secrets, r.Header, body)
	switch {
	case errors.Is(err, ingest.ErrUnsigned):
		return hookRefused
	case err != nil:
		h.log.Debug("webhook not understood", "forge", f.name, "delivery", hint.Delivery, "error", err)
		return hookMalformed
	case len(hint.URLs) == 0:
		return hookIgnored
	}
	return h.take(f, hint)
}

// resolve gives the secrets that can be had now, so that one that is rotated needs no restart.
func (h *hooks) resolve(f forge) []secret.Value {
	var out []secret.Value
	for _, ref := range f.secrets {
		value, err := secret.Resolve(ref)
		if err != nil {
			h.log.Debug("a webhook's secret cannot be had", "forge", f.name, "error", err)
			continue
		}
		out = append(out, value)
	}
	return out
}

// take kicks the sources that the hint is about.
func (h *hooks) take(f forge, hint ingest.Hint) hookResult {
	var names []string
	for _, url := range hint.URLs {
		names = append(names, h.sources[git.Same(url)]...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return hookUnknown
	}
	if hint.Delivery != "" && !h.seen.Add(deliveryKey(f.name, hint.Delivery), time.Now()) {
		return hookRepeated
	}
	for _, name := range names {
		h.kick(name)
	}
	h.log.Debug("webhook", "forge", f.name, "delivery", hint.Delivery, "ref", hint.Ref, "sources", strings.Join(names, ","))
	return hookAccepted
}

// deliveryKey is what is remembered of a delivery: its hash, as the sender chooses how long its id is.
func deliveryKey(forge, id string) string {
	sum := sha256.Sum256([]byte(forge + "\n" + id))
	return string(sum[:])
}
