package outbound

import (
	"fmt"
	"io"
	"net/http"
)

// transport caps the bodies of answers and, where a proxy resolves names, checks those names.
type transport struct {
	guard    *guard
	next     *http.Transport
	max      int64
	viaProxy bool
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.viaProxy {
		if err := t.guard.checkName(req.URL.Hostname(), port(req.URL)); err != nil {
			closeBody(req.Body)
			return nil, err
		}
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil || t.max < 0 {
		return resp, err
	}
	if resp.ContentLength > t.max && req.Method != http.MethodHead {
		closeBody(resp.Body)
		return nil, fmt.Errorf("%w: %d bytes announced, at most %d taken", ErrTooLarge, resp.ContentLength, t.max)
	}
	resp.Body = &cappedBody{ReadCloser: resp.Body, left: t.max, max: t.max}
	return resp, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the real transport.
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

func closeBody(b io.Closer) {
	if b != nil {
		_ = b.Close()
	}
}

// cappedBody fails with ErrTooLarge at the first byte over the cap; an answer of exactly the cap passes.
type cappedBody struct {
	io.ReadCloser
	left, max int64
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n = int(b.left)
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, b.max)
	}
	b.left -= int64(n)
	return n, err
}
