package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"callboard/cmd/callboard/internal/config"
)

// Internal, because there is no way from outside to a placeholder's reader but through Git.
func TestRemoteReader(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/openapi.yaml":
			_, _ = w.Write([]byte("openapi: 3.1.0"))
		case "/away":
			http.Redirect(w, r, "/openapi.yaml", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, remoteBytes+1))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	if read, err := remoteReader(config.Outbound{}); read != nil || err != nil {
		t.Errorf("without outbound.allow something is read (%v)", err)
	}
	read, err := remoteReader(config.Outbound{Allow: []string{strings.TrimPrefix(server.URL, "http://")}})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		server.URL + "/openapi.yaml":      "",
		server.URL + "/away":              "redirects",
		server.URL + "/large":             "larger than allowed",
		server.URL + "/none":              "404",
		"http://169.254.169.254/latest":   "add 169.254.169.254 to outbound.allow",
		"https://elsewhere.example.com/a": "add elsewhere.example.com to outbound.allow",
	} {
		data, err := read(address)
		switch {
		case want == "" && (err != nil || string(data) != "openapi: 3.1.0"):
			t.Errorf("%s gives %q, %v", address, data, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: error %v, want one with %q", address, err, want)
		}
	}
}
