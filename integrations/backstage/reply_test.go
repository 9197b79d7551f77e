package backstage_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"callboard/catalog/catalogtest"
)

func TestGzip(t *testing.T) {
	api := open(catalogtest.Documents(catalogtest.Options{Entities: 50, Seed: 1}))
	const long, short = "/api/catalog/entities", "/api/catalog/entities?limit=1&fields=kind"
	_, plain := ask(t, api, http.MethodGet, long, "")
	for accept, want := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "*": true, "GZIP": true, "gzip; q=0": false, "deflate": false, "": false, "gzip;q=0.000": false,
	} {
		response, body := ask(t, api, http.MethodGet, long, "", "Accept-Encoding", accept)
		if zipped := response.Header().Get("Content-Encoding") == "gzip"; zipped != want {
			t.Errorf("%q: compressed %t", accept, zipped)
		} else if !zipped {
			if body != plain {
				t.Errorf("%q: another answer", accept)
			}
			continue
		}
		if unzipped := unzip(t, body); unzipped != plain {
			t.Errorf("%q: unpacked it is %d bytes, not %d", accept, len(unzipped), len(plain))
		}
	}
	response, body := ask(t, api, http.MethodGet, short, "", "Accept-Encoding", "gzip")
	if response.Header().Get("Content-Encoding") != "" || response.Header().Get("Content-Length") != strconv.Itoa(len(body)) {
		t.Errorf("a short answer: %v", response.Header())
	}
}

func unzip(t *testing.T, body string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A client that goes away in the middle of a long answer is no failure of ours.
func TestClientGone(t *testing.T) {
	api := open(catalogtest.Documents(catalogtest.Options{Entities: 100, Seed: 1}))
	for _, target := range []string{"/api/catalog/entities", "/api/catalog/entities/by-query", "/api/search/query?pageLimit=100"} {
		func() {
			defer func() {
				if failure := recover(); failure != http.ErrAbortHandler { //nolint:errorlint // the very value is what net/http looks for
					t.Errorf("%s: %v", target, failure)
				}
			}()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+target, http.NoBody)
			api.ServeHTTP(&deaf{header: http.Header{}}, r)
		}()
	}
}

// deaf is a connection that breaks after the first bytes.
type deaf struct {
	header http.Header
	heard  int
}

func (d *deaf) Header() http.Header { return d.header }
func (d *deaf) WriteHeader(int)     {}
func (d *deaf) Write(p []byte) (int, error) {
	if d.heard += len(p); d.heard > 1000 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}
