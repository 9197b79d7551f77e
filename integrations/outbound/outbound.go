// Package outbound is the guarded HTTP client through which every integration talks to the world.
//
// It connects to private, link-local and metadata addresses only for hosts that the operator has
// configured, checks the address that is really connected (so that DNS answers cannot change
// between check and use), drops credentials when a redirect leaves the origin they were meant for,
// caps every response, and takes proxy and private CA from its options, never from the environment.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Limits that hold when Options leave them at zero.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultMaxBytes = 32 << 20
	MaxRedirects    = 5

	dialTimeout   = 10 * time.Second
	headerTimeout = 30 * time.Second
	idleTimeout   = 90 * time.Second
	maxHeaders    = 64 << 10
)

// Errors that callers may want to tell apart, wherever in the chain they occur.
var (
	ErrTooLarge = errors.New("the answer is larger than allowed")
	ErrRedirect = errors.New("redirect refused")
	ErrBlocked  = errors.New("address refused")
)

// Options say how to reach the world.
type Options struct {
	Proxy      string        // http(s)://[user:password@]host:port; empty: connect directly
	CAFile     string        // PEM file of certificates trusted beside the system's
	Timeout    time.Duration // of a whole exchange, body included; 0: DefaultTimeout, below 0: only the request's context
	MaxBytes   int64         // of one response body, after decompression; 0: DefaultMaxBytes, below 0: the caller caps
	AllowHosts []string      // host or host:port that the operator configured: they may be private, on any port
}

// New makes the client. It is safe for concurrent use; CloseIdleConnections ends its connections.
func New(o Options) (*http.Client, error) {
	g := newGuard(o.AllowHosts)
	proxy, err := parseProxy(o.Proxy)
	if err != nil {
		return nil, err
	}
	roots, err := loadRoots(o.CAFile)
	if err != nil {
		return nil, err
	}
	if proxy != nil {
		g.proxy = proxy.Host
	}
	t := &http.Transport{
		DialContext:            g.dial,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    8,
		MaxResponseHeaderBytes: maxHeaders,
	}
	if proxy != nil {
		t.Proxy = http.ProxyURL(proxy)
	}
	c := &http.Client{
		Transport:     &transport{guard: g, next: t, max: orInt(o.MaxBytes, DefaultMaxBytes), viaProxy: proxy != nil},
		CheckRedirect: CheckRedirect,
		Timeout:       max(0, orDuration(o.Timeout, DefaultTimeout)),
	}
	return c, nil
}

// Dial gives a function that connects with the same guard as New's client, for protocols other
// than HTTP. The proxy of the options does not apply to it.
func Dial(o Options) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return newGuard(o.AllowHosts).dial
}

func parseProxy(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil //nolint:nilnil // no proxy is a valid answer
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		// The parser's error would repeat a password that the address may hold.
		return nil, errors.New("proxy: not an address of the form http://host:port")
	}
	if u.Port() == "" {
		port := "80"
		if u.Scheme == "https" {
			port = "443"
		}
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}

func loadRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // nil means the system's roots
	}
	pem, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("CA file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s: holds no PEM certificate", file)
	}
	return pool, nil
}

// CheckRedirect is the redirect policy of New's client: at most MaxRedirects, never from https to
// http, never with a body to another origin, and no credentials once any hop has left the first origin.
func CheckRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > MaxRedirects {
		return fmt.Errorf("%w: more than %d in a row", ErrRedirect, MaxRedirects)
	}
	last := via[len(via)-1]
	if last.URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("%w: from https to %s", ErrRedirect, req.URL.Scheme)
	}
	if !left(req, via) {
		return nil
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return fmt.Errorf("%w: a %s may not go to another host (%s)", ErrRedirect, req.Method, req.URL.Host)
	}
	req.URL.User = nil
	req.Header.Del("Referer")
	for name := range req.Header {
		if Credential(name) {
			req.Header.Del(name)
		}
	}
	return nil
}

// left reports whether the request or any hop before it is of another origin than the first: net/http
// copies the first request's headers to every hop, so one step outside must count for the rest.
func left(req *http.Request, via []*http.Request) bool {
	for _, hop := range append(via[1:len(via):len(via)], req) {
		if !SameOrigin(via[0].URL, hop.URL) {
			return true
		}
	}
	return false
}

// SameOrigin reports whether two addresses agree in scheme, host and port.
func SameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if strings.EqualFold(u.Scheme, "https") {
		return "443"
	}
	return "80"
}

// Credential reports whether a header of this name may carry a secret, such as Authorization,
// Cookie, PRIVATE-TOKEN, JOB-TOKEN or X-Vault-Token.
func Credential(header string) bool {
	name := strings.ToLower(header)
	for _, part := range []string{"auth", "cookie", "token", "secret", "key", "password", "signature"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

func orInt(v, otherwise int64) int64 {
	if v == 0 {
		return otherwise
	}
	return v
}

func orDuration(v, otherwise time.Duration) time.Duration {
	if v == 0 {
		return otherwise
	}
	return v
}
