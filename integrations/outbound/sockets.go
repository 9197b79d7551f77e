package outbound

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
)

// Sockets is the guard for dialers of other libraries, which open connections that are no exchange of HTTP:
// WebSockets above all.
type Sockets struct {
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Proxy *url.URL // nil: connect directly
	TLS   *tls.Config
}

// NewSockets makes the parts of such a dialer. Timeout and MaxBytes are the dialer's own affair.
func NewSockets(o Options) (Sockets, error) {
	proxy, err := parseProxy(o.Proxy)
	if err != nil {
		return Sockets{}, err
	}
	roots, err := loadRoots(o.CAFile)
	if err != nil {
		return Sockets{}, err
	}
	g := newGuard(o.AllowHosts)
	if proxy != nil {
		g.proxy = proxy.Host
	}
	return Sockets{Dial: g.dial, Proxy: proxy, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}, nil
}
