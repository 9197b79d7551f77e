package outbound_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/integrations/outbound"
)

// TestSSRF holds row 13 of the threat model: no address inside is reached unless configured.
func TestSSRF(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the inside was reached") }))
	defer inside.Close()
	_, insidePort, _ := strings.Cut(inside.Listener.Addr().String(), ":")
	door := httptest.NewServer(http.RedirectHandler("http://localhost:"+insidePort+"/", http.StatusFound))
	defer door.Close()
	c := client(t, outbound.Options{AllowHosts: []string{host(t, door.URL)}, Timeout: 5 * time.Second})
	for _, u := range []string{
		inside.URL, "http://localhost:" + insidePort,
		"http://127.0.0.1/", "http://localhost/", "http://10.1.2.3/", "http://172.20.0.1/", "http://192.168.1.1/",
		"http://169.254.169.254/latest/meta-data/", "http://100.100.100.200/", "http://168.63.129.16/",
		"http://[::1]/", "http://[::]/", "http://0.0.0.0/", "http://[fe80::1]/", "http://[fd00:ec2::254]/",
		"http://[::ffff:169.254.169.254]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::a9fe:a9fe]/",
		"http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/", "http://224.0.0.1/", "http://255.255.255.255/",
		"http://93.184.216.34:22/", "https://93.184.216.34:6443/",
		door.URL, // a configured host that redirects inside
	} {
		if err := get(t, c, u); !errors.Is(err, outbound.ErrBlocked) {
			t.Errorf("%s: got %v, want ErrBlocked", u, err)
		}
	}
}

func TestSSRF_ThroughProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Host) }))
	defer proxy.Close()
	c := client(t, outbound.Options{Proxy: proxy.URL, AllowHosts: []string{"forge.corp:8443"}})
	for u, blocked := range map[string]bool{
		"http://example.com/": false, "http://forge.corp:8443/": false,
		"http://forge.corp:22/": true, "http://localhost/": true, "http://a.localhost./": true, "http://intranet/": true,
		"http://169.254.169.254/": true, "http://[::1]/": true, "http://example.com:25/": true,
	} {
		if err := get(t, c, u); errors.Is(err, outbound.ErrBlocked) != blocked {
			t.Errorf("%s: blocked must be %t, got %v", u, blocked, err)
		}
	}
}

func TestNew_AllowHosts(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	for _, allow := range []string{host(t, s.URL), "127.0.0.1"} {
		if err := get(t, client(t, outbound.Options{AllowHosts: []string{allow}}), s.URL); err != nil {
			t.Errorf("%s: %v", allow, err)
		}
	}
}

func TestNew_EnvironmentProxyIsIgnored(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy of the environment was used") }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	if err := get(t, client(t, outbound.Options{AllowHosts: []string{host(t, s.URL)}}), s.URL); err != nil {
		t.Error(err)
	}
}

func TestNew_PrivateCA(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	allow := []string{host(t, s.URL)}
	if err := get(t, client(t, outbound.Options{AllowHosts: allow, CAFile: file}), s.URL); err != nil {
		t.Error(err)
	}
	if err := get(t, client(t, outbound.Options{AllowHosts: allow}), s.URL); err == nil {
		t.Error("an unknown certificate was accepted")
	}
}

func TestNew_BadOptions(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]outbound.Options{
		"no scheme":   {Proxy: "proxy:3128"},
		"unparseable": {Proxy: "http://user:hunter2@bad host"},
		"missing CA":  {CAFile: filepath.Join(t.TempDir(), "missing.pem")},
		"empty CA":    {CAFile: empty},
	} {
		_, err := outbound.New(o)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
	}
}

func TestNew_BodyCap(t *testing.T) {
	for _, tc := range []struct {
		size    int
		chunked bool
		err     error
	}{
		{100, false, nil}, {100, true, nil}, {101, false, outbound.ErrTooLarge}, {101, true, outbound.ErrTooLarge}, {100_000, true, outbound.ErrTooLarge},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if tc.chunked {
				_ = http.NewResponseController(w).Flush()
			}
			_, _ = w.Write(make([]byte, tc.size))
		}))
		err := get(t, client(t, outbound.Options{AllowHosts: []string{host(t, s.URL)}, MaxBytes: 100}), s.URL)
		if !errors.Is(err, tc.err) {
			t.Errorf("%+v: got %v", tc, err)
		}
		s.Close()
	}
}

func TestNew_Timeout(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-done:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(done)
	err := get(t, client(t, outbound.Options{AllowHosts: []string{host(t, s.URL)}, Timeout: 50 * time.Millisecond}), s.URL)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestRedirectCreds holds row 14 of the threat model: a token stays with the origin it was meant for.
func TestRedirectCreds(t *testing.T) {
	var seen []http.Header
	record := func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r.Header.Clone()) }
	other := httptest.NewServer(http.HandlerFunc(record))
	defer other.Close()
	mux := http.NewServeMux()
	home := httptest.NewServer(mux)
	defer home.Close()
	back := httptest.NewServer(http.RedirectHandler(home.URL+"/end", http.StatusFound))
	defer back.Close()
	mux.HandleFunc("/end", record)
	mux.Handle("/same", http.RedirectHandler("/end", http.StatusFound))
	mux.Handle("/port", http.RedirectHandler(other.URL, http.StatusFound))
	mux.Handle("/host", http.RedirectHandler(strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound))
	mux.Handle("/roundtrip", http.RedirectHandler(back.URL, http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/post", http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	c := client(t, outbound.Options{AllowHosts: []string{"127.0.0.1", "localhost"}})
	credentials := []string{"Authorization", "Cookie", "Private-Token", "Job-Token", "X-Vault-Token", "X-Gitlab-Token", "X-Api-Key"}
	for path, want := range map[string][]string{"/same": credentials, "/port": nil, "/host": nil, "/roundtrip": nil} {
		seen = nil
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, home.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/plain")
		for _, name := range credentials {
			req.Header.Set(name, "secret")
		}
		if err := do(c, req); err != nil || len(seen) != 1 {
			t.Fatalf("%s: %v, %d requests", path, err, len(seen))
		}
		var got []string
		for _, name := range credentials {
			if seen[0].Get(name) != "" {
				got = append(got, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: credentials that arrived (-want +got):\n%s", path, diff)
		}
		if seen[0].Get("Accept") != "text/plain" {
			t.Errorf("%s: a harmless header was lost", path)
		}
	}
	if err := get(t, c, home.URL+"/loop"); !errors.Is(err, outbound.ErrRedirect) {
		t.Errorf("loop: got %v", err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, home.URL+"/post", strings.NewReader("secret=1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := do(c, req); !errors.Is(err, outbound.ErrRedirect) {
		t.Errorf("post: got %v", err)
	}
}

func client(t *testing.T, o outbound.Options) *http.Client {
	t.Helper()
	c, err := outbound.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func host(t *testing.T, rawURL string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func get(t *testing.T, c *http.Client, u string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(c, req)
}

func do(c *http.Client, req *http.Request) error {
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
