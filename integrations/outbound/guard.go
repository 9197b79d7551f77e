package outbound

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// guard decides which addresses may be connected.
type guard struct {
	allowed map[string]bool // host or host:port, lower case
	denied  []netip.Prefix
	proxy   string // host:port of the proxy, which may be private

	resolver *net.Resolver // nil: the system's
}

func newGuard(hosts []string) *guard {
	g := &guard{allowed: make(map[string]bool, len(hosts)), denied: denied()}
	for _, h := range hosts {
		g.allowed[canonical(h)] = true
	}
	return g
}

// denied lists what an address from outside may never lead to: everything that is not the public
// unicast Internet, and the IPv6 forms that carry an IPv4 address inside.
func denied() []netip.Prefix {
	var list []netip.Prefix
	for _, p := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
		"2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}

// dial connects to addr, which is host:port as the caller asked for it. The check runs on the
// address that the resolver gave, at the moment of connecting.
func (g *guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout, Resolver: g.resolver}
	if g.configured(addr) || canonical(addr) == canonical(g.proxy) {
		return d.DialContext(ctx, network, addr)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if err := checkPort(host, port); err != nil {
		return nil, err
	}
	d.Control = func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %s", ErrBlocked, host)
		}
		return g.checkAddr(host, ap.Addr())
	}
	return d.DialContext(ctx, network, addr)
}

// checkName judges a host that a proxy will resolve: only what the name itself tells can be refused here.
func (g *guard) checkName(host, port string) error {
	if g.configured(net.JoinHostPort(host, port)) {
		return nil
	}
	if err := checkPort(host, port); err != nil {
		return err
	}
	name := strings.TrimSuffix(canonical(host), ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || !strings.Contains(name, ".") && !strings.Contains(name, ":") {
		return fmt.Errorf("%w: %s is a local name; add the host to the configuration if it is meant", ErrBlocked, host)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return g.checkAddr(host, ip)
	}
	return nil
}

func checkPort(host, port string) error {
	if port != "80" && port != "443" {
		return fmt.Errorf("%w: port %s of %s, which is not a configured host", ErrBlocked, port, host)
	}
	return nil
}

func (g *guard) checkAddr(host string, ip netip.Addr) error {
	ip = ip.WithZone("").Unmap()
	for _, p := range g.denied {
		if p.Contains(ip) {
			return fmt.Errorf("%w: %s is at %s, which is not a public address; add the host to the configuration if it is meant", ErrBlocked, host, ip)
		}
	}
	return nil
}

func (g *guard) configured(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return g.allowed[canonical(addr)] || err == nil && g.allowed[canonical(host)]
}

// canonical makes a host or host:port comparable; brackets of an IPv6 host without a port go.
func canonical(host string) string {
	h := strings.ToLower(host)
	if strings.HasPrefix(h, "[") && strings.HasSuffix(h, "]") {
		h = h[1 : len(h)-1]
	}
	return h
}
