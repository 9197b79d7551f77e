package github_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog/ingest"
	"callboard/catalog/secret"
	"callboard/integrations/github"
)

const (
	key  = "canary-0123456789"
	push = `{"ref":"refs/heads/main","after":"1","repository":{"id":1,"name":"catalog","clone_url":"https://git.example.com/acme/catalog.git",` +
		`"ssh_url":"git@git.example.com:acme/catalog.git","html_url":"https://git.example.com/acme/catalog"},"commits":[{"id":"1"}]}`
)

func sign(body string) string {
	h := hmac.New(sha256.New, []byte(key))
	_, _ = h.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(h.Sum(nil))
}

// header is that of a signed delivery, changed by pairs of name and value; an empty value removes one.
func header(body string, pairs ...string) http.Header {
	h := http.Header{}
	all := append([]string{"X-GitHub-Event", "push", "X-GitHub-Delivery", "72d3162e", "X-Hub-Signature-256", sign(body)}, pairs...)
	for i := 0; i < len(all); i += 2 {
		if h.Set(all[i], all[i+1]); all[i+1] == "" {
			h.Del(all[i])
		}
	}
	return h
}

func TestVerify(t *testing.T) {
	form := url.Values{"payload": {push}}.Encode()
	told := ingest.Hint{Delivery: "72d3162e", Ref: "refs/heads/main", URLs: []string{
		"https://git.example.com/acme/catalog.git", "git@git.example.com:acme/catalog.git", "https://git.example.com/acme/catalog",
	}}
	tests := map[string]struct {
		body   string
		header http.Header
		want   ingest.Hint
		err    string // part of it
	}{
		"a push":            {push, header(push, "Content-Type", "application/json"), told, ""},
		"a push as a form":  {form, header(form, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), told, ""},
		"without an id":     {push, header(push, "X-GitHub-Delivery", ""), ingest.Hint{Ref: told.Ref, URLs: told.URLs}, ""},
		"a ping":            {`{"zen":"x"}`, header(`{"zen":"x"}`, "X-GitHub-Event", "ping"), ingest.Hint{Delivery: "72d3162e"}, ""},
		"no event":          {push, header(push, "X-GitHub-Event", ""), ingest.Hint{Delivery: "72d3162e"}, ""},
		"another body":      {push + " ", header(push), ingest.Hint{}, "not signed"},
		"not signed":        {push, header(push, "X-Hub-Signature-256", ""), ingest.Hint{}, "not signed"},
		"only by SHA-1":     {push, header(push, "X-Hub-Signature-256", "", "X-Hub-Signature", "sha1=0123"), ingest.Hint{}, "not signed"},
		"not JSON":          {"<xml>", header("<xml>"), ingest.Hint{Delivery: "72d3162e"}, "read GitHub's push"},
		"a form of nothing": {"x=1", header("x=1", "Content-Type", "application/x-www-form-urlencoded"), ingest.Hint{Delivery: "72d3162e"}, "read GitHub's push"},
		"a broken form":     {"payload=%zz", header("payload=%zz", "Content-Type", "application/x-www-form-urlencoded"), ingest.Hint{Delivery: "72d3162e"}, "read GitHub's push"},
	}
	for name, tt := range tests {
		got, err := github.Verify([]secret.Value{secret.New("other"), secret.New(key)}, tt.header, []byte(tt.body))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		switch {
		case tt.err == "" && err != nil, tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: error %v, want %q", name, err, tt.err)
		case err != nil && strings.Contains(err.Error(), key):
			t.Errorf("%s: the error holds the secret: %v", name, err)
		case (tt.err == "not signed") != errors.Is(err, ingest.ErrUnsigned):
			t.Errorf("%s: %v is taken for the wrong kind", name, err)
		}
	}
}

// Whatever stands in a signed body, Verify returns; and nothing unsigned is ever believed.
func FuzzVerify(f *testing.F) {
	f.Add(push, "application/json")
	f.Add("payload=%7B%7D", "application/x-www-form-urlencoded")
	f.Add(strings.Repeat("[", 20_000), "")
	f.Fuzz(func(t *testing.T, body, kind string) {
		hint, err := github.Verify([]secret.Value{secret.New(key)}, header(body, "Content-Type", kind), []byte(body))
		if errors.Is(err, ingest.ErrUnsigned) || err != nil && len(hint.URLs) > 0 {
			t.Errorf("%+v, %v", hint, err)
		}
		if _, err := github.Verify([]secret.Value{secret.New("other")}, header(body, "Content-Type", kind), []byte(body)); !errors.Is(err, ingest.ErrUnsigned) {
			t.Errorf("with another secret: %v", err)
		}
	})
}
