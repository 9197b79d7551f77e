package outbound

// This test is inside the package because only there a resolver can be put in place.

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// TestGuard_Rebinding answers a name first with a public address and from then on with loopback:
// what counts is the address that is being connected, not one that was looked up before.
func TestGuard_Rebinding(t *testing.T) {
	g := newGuard(nil)
	g.resolver = fakeDNS(t, netip.MustParseAddr("127.0.0.1"))
	for range 2 {
		conn, err := g.dial(t.Context(), "tcp", "rebind.example.test:80")
		if err == nil {
			_ = conn.Close()
		}
		if !errors.Is(err, ErrBlocked) {
			t.Fatalf("got %v, want ErrBlocked", err)
		}
	}
}

// fakeDNS answers every A question with the given address and has no AAAA.
func fakeDNS(t *testing.T, ip netip.Addr) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if out := dnsAnswer(buf[:n], ip); out != nil {
				_, _ = pc.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func dnsAnswer(question []byte, ip netip.Addr) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) == 0 {
		return nil
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class},
			Body:   &dnsmessage.AResource{A: ip.As4()},
		}}
	}
	out, err := m.Pack()
	if err != nil {
		return nil
	}
	return out
}
