package gitlab_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog/ingest"
	"callboard/catalog/secret"
	"callboard/integrations/gitlab"
)

const (
	token   = "canary-0123456789"
	project = `"project":{"id":1,"name":"catalog","web_url":"https://git.example.com/acme/catalog",` +
		`"git_ssh_url":"git@git.example.com:acme/catalog.git","git_http_url":"https://git.example.com/acme/catalog.git"}`
)

func TestVerify(t *testing.T) {
	urls := []string{"https://git.example.com/acme/catalog.git", "git@git.example.com:acme/catalog.git", "https://git.example.com/acme/catalog"}
	const main = "refs/heads/main"
	good := []string{"X-Gitlab-Token", token, "X-Gitlab-Event-UUID", "e-1"}
	tests := map[string]struct {
		body   string
		header []string
		want   ingest.Hint
		err    string // part of it
	}{
		"a push":               {`{"object_kind":"push","ref":"refs/heads/main",` + project + `}`, good, ingest.Hint{Delivery: "e-1", Ref: main, URLs: urls}, ""},
		"a tag":                {`{"object_kind":"tag_push","ref":"refs/tags/v1",` + project + `}`, good, ingest.Hint{Delivery: "e-1", Ref: "refs/tags/v1", URLs: urls}, ""},
		"a system hook's push": {`{"event_name":"push","ref":"refs/heads/main",` + project + `}`, good, ingest.Hint{Delivery: "e-1", Ref: main, URLs: urls}, ""},
		"a system hook's refs": {`{"event_name":"repository_update","refs":["refs/heads/main"],` + project + `}`, good, ingest.Hint{Delivery: "e-1", URLs: urls}, ""},
		"an attempt's key":     {`{"object_kind":"push",` + project + `}`, append([]string{"Idempotency-Key", "i-1"}, good...), ingest.Hint{Delivery: "i-1", URLs: urls}, ""},
		"a comment":            {`{"object_kind":"note","event_type":"note",` + project + `}`, good, ingest.Hint{Delivery: "e-1"}, ""},
		"nothing":              {`{}`, good, ingest.Hint{Delivery: "e-1"}, ""},
		"no token":             {`{}`, nil, ingest.Hint{}, "not signed"},
		"another token":        {`{}`, []string{"X-Gitlab-Token", token + "0"}, ingest.Hint{}, "not signed"},
		"not JSON":             {`x`, good, ingest.Hint{Delivery: "e-1"}, "read GitLab's message"},
	}
	for name, tt := range tests {
		h := http.Header{}
		for i := 0; i < len(tt.header); i += 2 {
			h.Set(tt.header[i], tt.header[i+1])
		}
		got, err := gitlab.Verify([]secret.Value{secret.New("other"), secret.New(token)}, h, []byte(tt.body))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		switch {
		case tt.err == "" && err != nil, tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: error %v, want %q", name, err, tt.err)
		case err != nil && strings.Contains(err.Error(), token):
			t.Errorf("%s: the error holds the token: %v", name, err)
		case (tt.err == "not signed") != errors.Is(err, ingest.ErrUnsigned):
			t.Errorf("%s: %v is taken for the wrong kind", name, err)
		}
	}
}

// TestVerify_Signed has the signing tokens that newer versions have.
func TestVerify_Signed(t *testing.T) {
	const key, other = "0123456789abcdef0123456789abcdef", "another key"
	body := `{"object_kind":"push",` + project + `}`
	sign := func(key, message string) string {
		h := hmac.New(sha256.New, []byte(key))
		_, _ = h.Write([]byte(message))
		return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
	}
	signing := secret.New("whsec_" + base64.StdEncoding.EncodeToString([]byte(key)))
	good := sign(key, "d-1.1767225600."+body)
	for name, tt := range map[string]struct {
		body   string
		header http.Header
		fine   bool
	}{
		"signed":             {body, http.Header{"Webhook-Signature": {good}}, true},
		"by two keys":        {body, http.Header{"Webhook-Signature": {sign(other, "x") + " " + good}}, true},
		"another body":       {body + " ", http.Header{"Webhook-Signature": {good}}, false},
		"another id":         {body, http.Header{"Webhook-Signature": {good}, "Webhook-Id": {"d-2"}}, false},
		"another time":       {body, http.Header{"Webhook-Signature": {good}, "Webhook-Timestamp": {"1767225601"}}, false},
		"without a time":     {body, http.Header{"Webhook-Signature": {good}, "Webhook-Timestamp": nil}, false},
		"another key":        {body, http.Header{"Webhook-Signature": {sign(other, "d-1.1767225600."+body)}}, false},
		"another algorithm":  {body, http.Header{"Webhook-Signature": {strings.Replace(good, "v1", "v1a", 1)}}, false},
		"twice":              {body, http.Header{"Webhook-Signature": {good, good}}, false},
		"too many":           {body, http.Header{"Webhook-Signature": {strings.Repeat("v1,x ", 10) + good}}, false},
		"cut short":          {body, http.Header{"Webhook-Signature": {good[:len(good)-4]}}, false},
		"the token itself":   {body, http.Header{"X-Gitlab-Token": {signing.Reveal()}}, false},
		"the key itself":     {body, http.Header{"X-Gitlab-Token": {key}}, false},
		"neither":            {body, nil, false},
		"a token beside it":  {body, http.Header{"X-Gitlab-Token": {token}}, true},
		"signed by no token": {body, http.Header{"Webhook-Signature": {sign(token, "d-1.1767225600."+body)}}, false},
	} {
		header := http.Header{"Webhook-Id": {"d-1"}, "Webhook-Timestamp": {"1767225600"}}
		maps.Copy(header, tt.header)
		hint, err := gitlab.Verify([]secret.Value{signing, secret.New(token)}, header, []byte(tt.body))
		if tt.fine && (err != nil || hint.Delivery != "d-1" || len(hint.URLs) != 3) || !tt.fine && !errors.Is(err, ingest.ErrUnsigned) {
			t.Errorf("%s: %+v, %v", name, hint, err)
		}
	}
}
