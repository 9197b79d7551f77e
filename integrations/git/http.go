package git

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"callboard/integrations/outbound"
)

const (
	uploadPack   = "git-upload-pack"
	infoRefs     = "/info/refs"
	advertMIME   = "application/x-git-upload-pack-advertisement"
	resultMIME   = "application/x-git-upload-pack-result"
	requestMIME  = "application/x-git-upload-pack-request"
	gitUserAgent = "git/callboard" // some servers speak Git only to agents that begin with "git/"
)

// session is one conversation with a remote: first its refs, then at most one pack.
type session interface {
	refs(ctx context.Context) (*packp.AdvRefs, error)
	pack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error)
	Close() error
}

// httpSession speaks Git's smart HTTP protocol, version 0, which every server knows.
type httpSession struct {
	client         *http.Client
	home           *url.URL // as configured; credentials go only there
	base           *url.URL // where home redirected to
	user, password string
	meter          *meter
}

func (s *Source) openHTTP(token string, m *meter) *httpSession {
	home := &url.URL{Scheme: s.at.scheme, Host: s.at.hostPort(), Path: strings.TrimSuffix(s.at.path, "/")}
	h := &httpSession{home: home, base: home, password: token, meter: m, user: s.cfg.User}
	if h.user == "" {
		h.user = s.at.basicUser(s.cfg.Forge)
	}
	client := *s.http
	client.CheckRedirect = h.checkRedirect
	h.client = &client
	return h
}

// Close implements session; there is nothing to end between HTTP requests.
func (h *httpSession) Close() error { return nil }

// checkRedirect follows a moved repository within its origin, and elsewhere only where no credentials
// are involved: a token for one host must not be shown to another, and without it the answer would be
// a misleading "access denied".
func (h *httpSession) checkRedirect(req *http.Request, via []*http.Request) error {
	if req.Method != http.MethodGet {
		return fail(ErrRedirect, "redirects in the middle of a transfer, to %s: set git to the repository's real address", req.URL.Host)
	}
	if h.password != "" && !outbound.SameOrigin(h.home, req.URL) {
		return fail(ErrRedirect, "redirects to %s, where its credentials are not sent: if that is the right place, set git to the address there", req.URL.Host)
	}
	return outbound.CheckRedirect(req, via)
}

func (h *httpSession) refs(ctx context.Context) (*packp.AdvRefs, error) {
	u := *h.base
	u.Path += infoRefs
	u.RawQuery = "service=" + uploadPack
	resp, err := h.do(ctx, http.MethodGet, &u, nil, advertMIME)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	final := *resp.Request.URL
	path, ok := strings.CutSuffix(final.Path, infoRefs)
	if !ok {
		return nil, fail(ErrAuth, "leads to a page at %s, probably to log in: set a token with read access", final.Host)
	}
	h.base = &url.URL{Scheme: final.Scheme, Host: final.Host, Path: path}
	if mime, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); mime != advertMIME {
		return nil, fail(ErrProtocol, "answers, but not as a Git server does (%q): check the address", oneLine(mime))
	}
	return decodeRefs(h.meter.wrap(resp.Body))
}

func (h *httpSession) pack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	var body bytes.Buffer
	if err := encodeRequest(&body, req, false); err != nil {
		return nil, err
	}
	u := *h.base
	u.Path += "/" + uploadPack
	resp, err := h.do(ctx, http.MethodPost, &u, &body, resultMIME) //nolint:bodyclose // closed with the answer that decodePack gives
	if err != nil {
		return nil, err
	}
	return decodePack(readCloser{h.meter.wrap(resp.Body), resp.Body}, req)
}

func (h *httpSession) do(ctx context.Context, method string, u *url.URL, body io.Reader, accept string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fail(ErrConfig, "the address cannot be asked")
	}
	req.Header.Set("User-Agent", gitUserAgent)
	req.Header.Set("Accept", accept)
	if body != nil {
		req.Header.Set("Content-Type", requestMIME)
	}
	if h.password != "" && outbound.SameOrigin(h.home, u) {
		req.SetBasicAuth(h.user, h.password)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, connectError(err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		failure := h.statusError(resp.StatusCode)
		if after, limited := comeBack(resp, time.Now()); limited {
			failure = fail(ErrNetwork, "had too many requests (%d): to be asked again in %s", resp.StatusCode, after)
			failure.After = after
		}
		return nil, failure
	}
	return resp, nil
}

// statusError says what an HTTP status means for the operator. The body is not shown: it comes from
// anybody and may repeat the request.
func (h *httpSession) statusError(code int) *Error {
	switch {
	case code == http.StatusUnauthorized && h.password == "":
		return fail(ErrAuth, "asks for credentials (401): set a token with read access, or check the address, since forges answer this for unknown repositories too")
	case code == http.StatusUnauthorized:
		return fail(ErrAuth, "refuses the credentials (401): the token is wrong, expired or revoked")
	case code == http.StatusForbidden:
		return fail(ErrForbidden, "denies access (403): the token may lack the right to read this repository")
	case code == http.StatusNotFound, code == http.StatusGone:
		return fail(ErrNotFound, "no repository here (%d): check the address; a private one looks the same to a token that may not read it", code)
	case code == http.StatusTooManyRequests:
		return fail(ErrNetwork, "asks to come back later (429): poll less often")
	case code >= 500:
		return fail(ErrNetwork, "has a problem of its own (%d): trying again later", code)
	default:
		return fail(ErrProtocol, "answers with status %d: check the address", code)
	}
}

// connectError sorts the errors of an HTTP exchange that had no answer.
func connectError(err error) error {
	var own *Error
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &cert):
		return failWith(ErrTLS, cert.Err, "its certificate is not trusted: set outbound.ca to the certificate of your authority")
	case errors.Is(err, http.ErrSchemeMismatch):
		return fail(ErrTLS, "does not speak TLS on this port: check scheme and port")
	case errors.Is(err, outbound.ErrBlocked), errors.Is(err, outbound.ErrRedirect):
		return failWith(ErrRedirect, withoutURL(err), "redirects to a place that is not allowed")
	default:
		return withoutURL(err)
	}
}

// withoutURL takes off net/http's wrapping, which repeats the address.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func encodeRequest(w io.Writer, req *packp.UploadPackRequest, flush bool) error {
	if err := req.UploadRequest.Encode(w); err != nil {
		return err
	}
	if err := req.UploadHaves.Encode(w, flush); err != nil {
		return err
	}
	return pktline.NewEncoder(w).EncodeString("done\n")
}

func decodeRefs(r io.Reader) (*packp.AdvRefs, error) {
	adv := packp.NewAdvRefs()
	err := adv.Decode(r)
	switch {
	case errors.Is(err, packp.ErrEmptyAdvRefs), err == nil && adv.IsEmpty():
		return nil, fail(ErrEmpty, "the repository has no commits yet: push one")
	case err != nil:
		return nil, failWith(brokenKind(err), err, "its list of branches cannot be read")
	}
	return adv, nil
}

func decodePack(r io.ReadCloser, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	resp := packp.NewUploadPackResponse(req)
	if err := resp.Decode(r); err != nil {
		_ = r.Close()
		return nil, failWith(ErrProtocol, err, "its answer cannot be read")
	}
	return resp, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}
