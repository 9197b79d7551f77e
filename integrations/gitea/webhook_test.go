package gitea_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog/ingest"
	"callboard/catalog/secret"
	"callboard/integrations/gitea"
)

const (
	key  = "canary-0123456789"
	push = `{"ref":"refs/heads/main","after":"1","repository":{"id":1,"name":"catalog","clone_url":"https://git.example.com/acme/catalog.git",` +
		`"ssh_url":"git@git.example.com:acme/catalog.git","html_url":"https://git.example.com/acme/catalog"},"commits":[{"id":"1"}]}`
)

func sign(body string) string {
	h := hmac.New(sha256.New, []byte(key))
	_, _ = h.Write([]byte(body))
	return hex.EncodeToString(h.Sum(nil))
}

// header is that of a signed delivery, changed by pairs of name and value; an empty value removes one.
func header(body string, pairs ...string) http.Header {
	h := http.Header{}
	all := append([]string{"X-Gitea-Event", "push", "X-Gitea-Delivery", "72d3162e", "X-Gitea-Signature", sign(body)}, pairs...)
	for i := 0; i < len(all); i += 2 {
		if h.Set(all[i], all[i+1]); all[i+1] == "" {
			h.Del(all[i])
		}
	}
	return h
}

func TestVerify(t *testing.T) {
	told := ingest.Hint{Delivery: "72d3162e", Ref: "refs/heads/main", URLs: []string{
		"https://git.example.com/acme/catalog.git", "git@git.example.com:acme/catalog.git", "https://git.example.com/acme/catalog",
	}}
	tests := map[string]struct {
		body   string
		header http.Header
		want   ingest.Hint
		err    string // part of it
	}{
		"a push":          {push, header(push, "Content-Type", "application/json"), told, ""},
		"without an id":   {push, header(push, "X-Gitea-Delivery", ""), ingest.Hint{Ref: told.Ref, URLs: told.URLs}, ""},
		"a ping":          {`{"zen":"x"}`, header(`{"zen":"x"}`, "X-Gitea-Event", "ping"), ingest.Hint{Delivery: "72d3162e"}, ""},
		"no event":        {push, header(push, "X-Gitea-Event", ""), ingest.Hint{Delivery: "72d3162e"}, ""},
		"another body":    {push + " ", header(push), ingest.Hint{}, "not signed"},
		"not signed":      {push, header(push, "X-Gitea-Signature", ""), ingest.Hint{}, "not signed"},
		"GitHub's header": {push, header(push, "X-Gitea-Signature", "", "X-Hub-Signature-256", "sha256="+sign(push)), ingest.Hint{}, "not signed"},
		"Forgejo's too":   {push, header(push, "X-Forgejo-Signature", sign(push), "X-Forgejo-Event", "push"), told, ""},
		"not JSON":        {"<xml>", header("<xml>"), ingest.Hint{Delivery: "72d3162e"}, "read Gitea's push"},
	}
	for name, tt := range tests {
		got, err := gitea.Verify([]secret.Value{secret.New("other"), secret.New(key)}, tt.header, []byte(tt.body))
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
