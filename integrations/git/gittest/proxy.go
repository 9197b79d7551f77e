package gittest

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy stands between a client and a server, and does what networks do.
type Proxy struct {
	URL string // of the server, through the proxy

	mu    sync.Mutex
	to    string // host:port
	fault Fault
	conns map[net.Conn]context.CancelFunc
}

// Fault is what a Proxy does to its connections; the zero Fault is none.
type Fault struct {
	Reset bool // each connection ends at once
	Hang  bool // connections are taken, and that is all
	Rate  int  // bytes a second from the server; 0: as fast as they come
	Cut   int  // bytes from the server after which a connection ends; 0: never
}

// rateSteps is how often a second a slow Proxy passes something on.
const rateSteps = 20

// NewProxy starts a proxy before a server at a URL without a path, until the test ends.
func NewProxy(tb testing.TB, url string) *Proxy {
	tb.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	scheme, to, _ := strings.Cut(url, "://")
	p := &Proxy{URL: scheme + "://" + listener.Addr().String(), to: to, conns: map[net.Conn]context.CancelFunc{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			serving.Go(func() { p.serve(conn) })
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		p.Set(Fault{Reset: true})
		serving.Wait()
	})
	return p
}

// Set changes what the proxy does, and ends what is under way.
func (p *Proxy) Set(f Fault) { p.change(func() { p.fault = f }) }

// Lead makes the proxy lead to another server, and ends what is under way.
func (p *Proxy) Lead(url string) {
	p.change(func() { _, p.to, _ = strings.Cut(url, "://") })
}

func (p *Proxy) change(how func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	how()
	for _, end := range p.conns {
		end()
	}
}

func (p *Proxy) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.mu.Lock()
	to, fault := p.to, p.fault
	p.conns[conn] = cancel
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, conn)
	}()
	switch {
	case fault.Reset:
		reset(conn)
	case fault.Hang:
		<-ctx.Done()
		reset(conn)
	default:
		p.forward(ctx, cancel, conn, to, fault)
	}
}

// reset lets the client see a broken connection, not one that was ended in order.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

func (p *Proxy) forward(ctx context.Context, cancel func(), conn net.Conn, to string, fault Fault) {
	var dialer net.Dialer
	server, err := dialer.DialContext(ctx, "tcp", to)
	if err != nil {
		reset(conn)
		return
	}
	stop := context.AfterFunc(ctx, func() {
		reset(conn)
		_ = conn.Close()
		_ = server.Close()
	})
	defer stop()
	defer func() { _ = server.Close() }()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(server, conn) // the client went away, or was sent away
		cancel()
	})
	both.Go(func() {
		defer cancel()
		_ = fault.pass(ctx, conn, server)
	})
	both.Wait()
}

// pass copies from the server until a connection ends.
func (f Fault) pass(ctx context.Context, conn io.Writer, server io.Reader) error {
	if f.Cut > 0 {
		server = io.LimitReader(server, int64(f.Cut))
	}
	if f.Rate == 0 {
		_, err := io.Copy(conn, server)
		return err
	}
	ticker := time.NewTicker(time.Second / rateSteps)
	defer ticker.Stop()
	for {
		if _, err := io.CopyN(conn, server, int64(f.Rate/rateSteps)); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
