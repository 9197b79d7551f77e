package app

import (
	"net"
	"net/http"
	"sync"
)

// conns bounds how many connections a server has at once. One that comes when there are as many takes the
// place of one that waits for its next request; where there is none it is not taken up until another ends,
// which the server's timeouts make sure of.
type conns struct {
	net.Listener

	slots  chan struct{} // holds one for each connection
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	idle map[net.Conn]struct{}
}

func limitConns(l net.Listener, most int) *conns {
	return &conns{Listener: l, slots: make(chan struct{}, most), closed: make(chan struct{}), idle: map[net.Conn]struct{}{}}
}

// Accept implements net.Listener.
func (c *conns) Accept() (net.Conn, error) {
	select {
	case c.slots <- struct{}{}:
	default:
		c.evict()
		select {
		case c.slots <- struct{}{}:
		case <-c.closed:
			return nil, net.ErrClosed
		}
	}
	conn, err := c.Listener.Accept()
	if err != nil {
		<-c.slots
		return nil, err
	}
	return &slotConn{Conn: conn, free: sync.OnceFunc(func() { <-c.slots })}, nil
}

// Close implements net.Listener.
func (c *conns) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Listener.Close()
}

func (c *conns) evict() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.idle {
		delete(c.idle, conn)
		_ = conn.Close()
		return
	}
}

// note is the server's ConnState: it learns which connections are idle. None is kept for later while there
// are as many as there may be.
func (c *conns) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case state != http.StateIdle:
		delete(c.idle, conn)
	case len(c.slots) == cap(c.slots):
		_ = conn.Close()
	default:
		c.idle[conn] = struct{}{}
	}
}

// slotConn gives its slot back when it is closed.
type slotConn struct {
	net.Conn

	free func()
}

// Close implements net.Conn.
func (c *slotConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}
