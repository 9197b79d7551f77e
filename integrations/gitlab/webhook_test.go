package gitlab_test

import (
	"errors"
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
