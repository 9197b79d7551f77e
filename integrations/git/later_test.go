package git_test

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"callboard/catalog/ingest"
	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

func TestSource_Fetch_ServerSaysWhenToComeBack(t *testing.T) {
	in := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
	const spent = "0"
	for name, tt := range map[string]struct {
		status int
		header map[string]string
		want   time.Duration // to within some seconds
		kind   error
	}{
		"429 with seconds":         {429, map[string]string{"Retry-After": "60"}, time.Minute, git.ErrNetwork},
		"503 with seconds":         {503, map[string]string{"Retry-After": "60"}, time.Minute, git.ErrNetwork},
		"429 with a date":          {429, map[string]string{"Retry-After": time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}, time.Hour, git.ErrNetwork},
		"403, quota spent":         {403, map[string]string{"X-RateLimit-Remaining": spent, "X-RateLimit-Reset": in(time.Hour)}, time.Hour, git.ErrNetwork},
		"429, quota spent, GitLab": {429, map[string]string{"RateLimit-Remaining": spent, "RateLimit-Reset": in(time.Hour)}, time.Hour, git.ErrNetwork},
		"403, quota left":          {403, map[string]string{"X-RateLimit-Remaining": "9", "X-RateLimit-Reset": in(time.Hour)}, 0, git.ErrForbidden},
		"403 alone":                {403, nil, 0, git.ErrForbidden},
		"429 alone":                {429, nil, 0, git.ErrNetwork},
		"404 with seconds":         {404, map[string]string{"Retry-After": "60"}, 0, git.ErrNotFound},
		"a reset in the past":      {429, map[string]string{"X-RateLimit-Remaining": spent, "X-RateLimit-Reset": in(-time.Hour)}, 0, git.ErrNetwork},
		"zero":                     {429, map[string]string{"Retry-After": "0"}, 0, git.ErrNetwork},
		"negative":                 {429, map[string]string{"Retry-After": "-5"}, 0, git.ErrNetwork},
		"nonsense":                 {429, map[string]string{"Retry-After": "soon", "RateLimit-Reset": "x"}, 0, git.ErrNetwork},
		"too large to be true":     {429, map[string]string{"Retry-After": "99999999999999999999"}, 0, git.ErrNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			server := gittest.Serve(t, t.TempDir(), gittest.Wrap(func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					for key, value := range tt.header {
						w.Header().Set(key, value)
					}
					w.WriteHeader(tt.status)
				})
			}))
			_, err := open(t, git.Config{URL: server.URL + "/repo", Token: token(secret)}).Fetch(t.Context())
			checkError(t, err, tt.kind, "", "repo")
			later, ok := errors.AsType[ingest.LaterError](err)
			if !ok {
				t.Fatalf("%T is no LaterError", err)
			}
			if got := later.RetryAfter(); got < tt.want-5*time.Second || got > tt.want+5*time.Second {
				t.Errorf("come back in %v, want %v", got, tt.want)
			}
		})
	}
}
