package slack

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"callboard/bot"
)

// Handler serves what Slack sends by HTTP: POST /slack/commands, /slack/interactions, /slack/events and
// /slack/options, and has handle answer it. Each request is verified before anything of it is read.
func (s *Slack) Handler(handle bot.Handler) http.Handler {
	s.use(handle)
	mux := http.NewServeMux()
	mux.Handle("POST /slack/commands", s.verified(s.serveCommand))
	mux.Handle("POST /slack/interactions", s.verified(s.serveInteraction))
	mux.Handle("POST /slack/options", s.verified(s.serveInteraction))
	mux.Handle("POST /slack/events", s.verified(s.serveEvent))
	return mux
}

// verified passes on requests that Slack signed within the last five minutes. Others get 401 without a word why
// (threats.md row 1).
func (s *Slack) verified(next func(w http.ResponseWriter, body []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			status := http.StatusBadRequest
			if _, is := errors.AsType[*http.MaxBytesError](err); is {
				status = http.StatusRequestEntityTooLarge
			}
			w.WriteHeader(status)
			return
		}
		if !s.signed(r.Header, body) {
			s.meters.dropped.WithLabelValues("bad_signature").Inc()
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, body)
		s.meters.ack.Observe(time.Since(start).Seconds())
	})
}

// signed checks the signature over the raw body and the age of the request, both in slack-go's verifier, which
// compares in constant time.
func (s *Slack) signed(header http.Header, body []byte) bool {
	key := s.options.SigningSecret.Reveal()
	if key == "" || len(header.Values("X-Slack-Signature")) != 1 || len(header.Values("X-Slack-Request-Timestamp")) != 1 {
		return false
	}
	verifier, err := slack.NewSecretsVerifier(header, key)
	if err != nil {
		return false
	}
	if _, err := verifier.Write(body); err != nil {
		return false
	}
	return verifier.Ensure() == nil
}

func (s *Slack) serveCommand(w http.ResponseWriter, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		s.finish(w, nil, errMalformed)
		return
	}
	t, err := s.fromCommand(form)
	s.finish(w, t, err)
}

func (s *Slack) serveInteraction(w http.ResponseWriter, body []byte) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		s.finish(w, nil, errMalformed)
		return
	}
	t, err := s.fromInteraction([]byte(form.Get("payload")))
	s.finish(w, t, err)
}

func (s *Slack) serveEvent(w http.ResponseWriter, body []byte) {
	var o outer
	if err := json.Unmarshal(body, &o); err != nil {
		s.finish(w, nil, errMalformed)
		return
	}
	if o.Type == "url_verification" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write([]byte(o.Challenge))
		return
	}
	t, err := s.fromEvent(&o)
	s.finish(w, t, err)
}

// finish acknowledges. What is signed but not for us gets 200 as well: refusals would count as failures of the
// app for all its workspaces.
func (s *Slack) finish(w http.ResponseWriter, t *turn, err error) {
	if err != nil {
		s.drop(err)
		w.WriteHeader(http.StatusOK)
		return
	}
	r := s.react(t, maxBody)
	switch {
	case !r.taken:
		w.WriteHeader(http.StatusServiceUnavailable) // Slack sends events again
	case r.body == nil:
		w.WriteHeader(http.StatusOK)
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(r.body) // a client that went away hears nothing
	}
}

// drop counts an event that is not worked on, and says so where that is not usual.
func (s *Slack) drop(err error) {
	reason := "malformed"
	switch {
	case errors.Is(err, errForeignApp):
		reason = "foreign_app"
	case errors.Is(err, errForeignWorkspace):
		reason = "foreign_workspace"
	case errors.Is(err, errUnroutable):
		reason = "unroutable"
	}
	s.meters.dropped.WithLabelValues(reason).Inc()
	if reason != "unroutable" {
		s.log.Warn("an event from Slack is not worked on", "reason", reason, "error", err)
	}
}
