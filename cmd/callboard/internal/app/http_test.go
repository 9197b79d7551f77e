package app

// Internal, because servers are to be tried on a virtual clock, without a network.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// piped is a listener of connections within the process.
type piped struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *piped) Accept() (net.Conn, error) {
	select {
	case <-p.done:
		return nil, net.ErrClosed
	default:
	}
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *piped) Close() error   { close(p.done); return nil }
func (p *piped) Addr() net.Addr { return &net.TCPAddr{} }

// dial gives a connection, which is taken up when the server likes.
func (p *piped) dial(t *testing.T) *client {
	t.Helper()
	near, far := net.Pipe()
	go func() {
		select {
		case p.conns <- far:
		case <-p.done:
		}
	}()
	c := &client{Conn: near, from: bufio.NewReader(near)}
	t.Cleanup(func() { _ = near.Close() })
	return c
}

type client struct {
	net.Conn

	from *bufio.Reader
}

// trickle sends a text byte by byte, one a second, until it is cut off.
func (c *client) trickle(text string) {
	for i := range len(text) {
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(time.Second) //nolint:forbidigo // virtual time
	}
}

// get asks and gives the status; 0 for a connection that has ended.
func (c *client) get(path string, headers ...string) int {
	_ = c.SetDeadline(time.Now().Add(time.Second))
	go func() {
		_, _ = io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n"+strings.Join(headers, "")+"\r\n")
	}()
	return c.status()
}

// finish ends a request that has begun.
func (c *client) finish(t *testing.T) {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(c, "Host: x\r\n\r\n"); err != nil || c.status() != http.StatusOK {
		t.Errorf("a request that was begun long ago is not answered: %v", err)
	}
}

func (c *client) status() int {
	resp, err := http.ReadResponse(c.from, nil)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body) // small
	return resp.StatusCode
}

// serving runs a server as serveHTTP makes it, of so many connections, in a bubble.
func serving(t *testing.T, most int) *piped {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok") })
	mux.HandleFunc("POST /body", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	p := &piped{conns: make(chan net.Conn), done: make(chan struct{})}
	limited, server := limitConns(p, most), newServer(mux)
	server.ConnState = limited.note
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- serve(ctx, limited, server) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // virtual time, in which trickles notice that it is over
	})
	return p
}

// TestLoris is row 33 of the threat model: who sends slowly, or nothing, or too much, is cut off, and
// others are answered meanwhile.
func TestLoris(t *testing.T) {
	endless := strings.Repeat("x", 10_000)
	for name, tt := range map[string]struct {
		sends string
		limit time.Duration
	}{
		"nothing":        {"", readHeaderTimeout},
		"a slow header":  {"GET /healthz HTTP/1.1\r\nHost: " + endless, readHeaderTimeout},
		"a slow body":    {"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n" + endless, readTimeout},
		"and then a nap": {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const many = 300
				p := serving(t, 2*many)
				head, rest, _ := strings.Cut(tt.sends, endless)
				if rest == "" && head != tt.sends {
					rest = endless
				}
				cut := make(chan struct{}, many)
				for range many {
					c := p.dial(t)
					drained := make(chan struct{})
					go func() {
						defer close(drained)
						_, _ = io.Copy(io.Discard, c) // until it is cut off
					}()
					go func() {
						if _, err := io.WriteString(c, head); err == nil {
							c.trickle(rest)
						}
						<-drained
						cut <- struct{}{}
					}()
				}
				synctest.Wait()
				if status := p.dial(t).get("/healthz"); status != http.StatusOK {
					t.Errorf("somebody else is answered %d", status)
				}
				limit := time.After(tt.limit + 2*time.Second)
				for i := range many {
					select {
					case <-cut:
					case <-limit:
						t.Fatalf("%d of %d are cut off after %v", i, many, tt.limit)
					}
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		bomb := fmt.Sprintf("X-Bomb: %s\r\n", strings.Repeat("x", 2*maxHeaderBytes))
		if status := serving(t, 10).dial(t).get("/healthz", bomb); status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("32 KB of headers are answered %d", status)
		}
	})
}

// TestConns: there are no more connections than may be. Idle ones make room, busy ones are waited for.
func TestConns(t *testing.T) {
	const most, ok = 5, http.StatusOK
	begin := func(t *testing.T, p *piped) *client {
		t.Helper()
		c := p.dial(t)
		_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // before anybody is cut off
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		return c
	}
	for name, before := range map[string]func(t *testing.T, p *piped){
		"many that are idle": func(t *testing.T, p *piped) {
			for range 3 * most {
				if status := p.dial(t).get("/healthz"); status != ok {
					t.Errorf("answered %d", status)
				}
			}
		},
		"some idle, then some busy": func(t *testing.T, p *piped) {
			p.dial(t).get("/healthz")
			p.dial(t).get("/healthz")
			for range most - 1 {
				begin(t, p)
			}
		},
		"busy ones that become idle": func(t *testing.T, p *piped) {
			var busy []*client
			for range most {
				busy = append(busy, begin(t, p))
			}
			if status := p.dial(t).get("/healthz"); status != 0 {
				t.Errorf("beside as many as may be one more is answered %d", status)
			}
			for _, c := range busy {
				c.finish(t)
			}
		},
		"busy ones that are cut off": func(t *testing.T, p *piped) {
			for range most {
				c := begin(t, p)
				go func() { _, _ = io.Copy(io.Discard, c) }()
			}
			time.Sleep(readHeaderTimeout + time.Second) //nolint:forbidigo // virtual time
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := serving(t, most)
				before(t, p)
				synctest.Wait()
				if status := p.dial(t).get("/healthz"); status != ok {
					t.Errorf("one more is answered %d", status)
				}
			})
		})
	}
}

// TestConns_Ends: a full server ends in time.
func TestConns_Ends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &piped{conns: make(chan net.Conn), done: make(chan struct{})}
		limited := limitConns(p, 1)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- serve(ctx, limited, newServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })))
		}()
		go p.dial(t).get("/")
		go p.dial(t).get("/")
		synctest.Wait()
		cancel()
		select {
		case err := <-ended:
			if err != nil && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		case <-time.After(2 * shutdownLimit):
			t.Error("it goes on")
		}
	})
}
