package discordtest

import (
	"context"
	"net"
	"sync"
)

// network gives listeners and connects to them: on loopback, or through pipes within the process, which the clock
// of testing/synctest can wait for.
type network struct {
	memory bool

	mu    sync.Mutex
	hosts map[string]*pipes
}

func (n *network) listen(host string) (net.Listener, string, error) {
	if !n.memory {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, "", err
		}
		return l, "http://" + l.Addr().String(), nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts == nil {
		n.hosts = map[string]*pipes{}
	}
	p := &pipes{host: host, arrivals: make(chan net.Conn), done: make(chan struct{})}
	n.hosts[host] = p
	return p, "http://" + host, nil
}

// dial connects as net.Dialer does.
func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	p := n.hosts[host]
	n.mu.Unlock()
	if p == nil {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	ours, theirs := net.Pipe()
	select {
	case p.arrivals <- theirs:
		return ours, nil
	case <-p.done:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: p.Addr(), Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pipes is a listener that is reached through pipes.
type pipes struct {
	host     string
	arrivals chan net.Conn
	done     chan struct{}
	once     sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.arrivals:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr  { return p }
func (p *pipes) Network() string { return "pipe" }
func (p *pipes) String() string  { return p.host }
