package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"callboard/bot/card"
	"callboard/catalog/secret"
)

const (
	defaultAPI = "https://discord.com/api"
	apiVersion = "/v10"
	callTries  = 5
	callFirst  = time.Second // wait after the first failure; doubled each time
	callMost   = 20 * time.Second
	maxAnswer  = 8 << 20 // bytes
)

// rest calls Discord's API.
type rest struct {
	base   string
	token  secret.Value
	client *http.Client
	meters *meters
	agent  string
}

func newREST(o Options, m *meters, log *slog.Logger) *rest {
	base := defaultAPI
	if o.APIURL != "" {
		base = strings.TrimSuffix(o.APIURL, "/")
	}
	client := *o.Client
	client.Transport = newPacer(o.Client, log)
	client.Timeout = 0 // which would count the waiting; the pacer ends each attempt by itself
	return &rest{base: base + apiVersion, token: o.BotToken, client: &client, meters: m, agent: o.agent()}
}

// call is one thing to ask of the API.
type call struct {
	name   string // in metrics
	method string
	path   string // below the base; it may hold the token of an interaction
	open   bool   // needs no bot token: its path has one
	once   bool   // must not be repeated when it is not known whether it was done
	in     any    // nil: no body
	out    any    // nil: the answer does not matter
}

// do makes a call, and again while the error may pass and ctx lasts.
func (r *rest) do(ctx context.Context, c call) error {
	wait := callFirst
	for try := 1; ; try++ {
		err := r.try(ctx, c)
		r.count(c.name, err)
		if err == nil || !passing(err) {
			return explain(err)
		}
		pause := wait
		if limit, is := errors.AsType[*limitedError](err); is {
			pause = limit.after
		} else {
			if c.once {
				return explain(err)
			}
			wait = min(2*wait, callMost)
		}
		if deadline, bounded := ctx.Deadline(); try == callTries || bounded && time.Until(deadline) < pause {
			return fmt.Errorf("%s failed, at attempt %d: %w", c.name, try, explain(err))
		}
		if !sleep(ctx, pause) {
			return fmt.Errorf("%s: %w, after: %w", c.name, ctx.Err(), explain(err))
		}
	}
}

// sleep waits, and reports whether ctx lasts still.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// try makes one attempt. No error of it holds the path, which may be a secret.
func (r *rest) try(ctx context.Context, c call) error {
	var body io.Reader
	if c.in != nil {
		encoded, err := json.Marshal(c.in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, c.method, r.base+c.path, body)
	if err != nil {
		return errors.New(c.name + ": its address is malformed")
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if !c.open {
		request.Header.Set("Authorization", "Bot "+r.token.Reveal())
	}
	request.Header.Set("User-Agent", r.agent)
	answer, err := r.client.Do(request)
	if err != nil {
		if outer, is := errors.AsType[*url.Error](err); is {
			err = outer.Err // without the address
		}
		return fmt.Errorf("%s: %w", c.name, err)
	}
	defer answer.Body.Close()
	return read(answer, c.out)
}

// read reads an answer into out.
func read(answer *http.Response, out any) error {
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		answer.Body = io.NopCloser(bytes.NewReader(said))
		after, _ := limitOf(answer, false)
		return &limitedError{after}
	case err != nil:
		return err
	case answer.StatusCode >= http.StatusBadRequest:
		e := &apiError{Status: answer.StatusCode}
		var words struct {
			Code    int             `json:"code"`
			Message string          `json:"message"`
			Errors  json.RawMessage `json:"errors"`
		}
		if json.Unmarshal(said, &words) == nil {
			e.Code, e.Text = words.Code, card.Cut(card.Line(words.Message+" "+string(words.Errors)), 300)
		}
		return e
	case out == nil || len(said) == 0:
		return nil
	}
	return json.Unmarshal(said, out)
}

func (r *rest) count(name string, err error) {
	result := "fine"
	_, limited := errors.AsType[*limitedError](err)
	switch {
	case err == nil:
	case limited:
		result = "limited"
	case statusOf(err) != 0 && statusOf(err) < http.StatusInternalServerError, errors.Is(err, errToken):
		result = "refused"
	default:
		result = "failed"
	}
	r.meters.calls.WithLabelValues(name, result).Inc()
}
