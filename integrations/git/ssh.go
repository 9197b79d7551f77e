package git

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"callboard/integrations/outbound"
)

// sshSession runs git-upload-pack on the other side. The connection is closed when its context ends,
// so that no handshake and no read can outlive the deadline.
type sshSession struct {
	conn   net.Conn
	client *ssh.Client
	run    *ssh.Session
	stdin  io.WriteCloser
	stdout io.Reader
	stderr *clipped
	meter  *meter
	undo   func() bool
}

func (s *Source) openSSH(ctx context.Context, m *meter) (_ *sshSession, err error) {
	port := s.at.port
	if port == "" {
		port = "22"
	}
	addr := net.JoinHostPort(s.at.host, port)
	config, done, err := s.sshConfig(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer done()
	conn, err := outbound.Dial(outbound.Options{AllowHosts: []string{addr}})(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	h := &sshSession{conn: conn, meter: m, stderr: &clipped{}}
	h.undo = context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		if err != nil {
			_ = h.Close()
		}
	}()
	c, chans, reqs, err := ssh.NewClientConn(conn, addr, config)
	if err != nil {
		return nil, handshakeError(err, s.at.host)
	}
	h.client = ssh.NewClient(c, chans, reqs)
	return h, h.start(s.at.path)
}

func (h *sshSession) start(path string) (err error) {
	if h.run, err = h.client.NewSession(); err != nil {
		return err
	}
	if h.stdin, err = h.run.StdinPipe(); err != nil {
		return err
	}
	out, err := h.run.StdoutPipe()
	if err != nil {
		return err
	}
	h.stdout = h.meter.wrap(out)
	h.run.Stderr = h.stderr
	return h.run.Start(uploadPack + " '" + strings.ReplaceAll(path, "'", `'\''`) + "'")
}

// Close implements session.
func (h *sshSession) Close() error {
	h.undo()
	if h.client != nil {
		_ = h.client.Close()
	}
	return h.conn.Close()
}

func (h *sshSession) refs(context.Context) (*packp.AdvRefs, error) {
	adv, err := decodeRefs(h.stdout)
	if err == nil || errors.Is(err, ErrEmpty) || !errors.Is(err, packp.ErrEmptyInput) {
		return adv, err
	}
	// The server ended without a word of Git: what it said beside tells why.
	_ = h.run.Wait()
	said := oneLine(h.stderr.String())
	low := strings.ToLower(said)
	for _, part := range []string{"not found", "does not exist", "does not appear to be a git repository", "no such repository", "could not be found"} {
		if strings.Contains(low, part) {
			return nil, fail(ErrNotFound, "no repository here, or the key may not read it (%q): check the path", said)
		}
	}
	if strings.Contains(low, "denied") || strings.Contains(low, "permission") {
		return nil, fail(ErrForbidden, "denies access (%q): give the key read access", said)
	}
	return nil, fail(ErrProtocol, "ended the connection without an answer (%q)", said)
}

func (h *sshSession) pack(_ context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	if err := encodeRequest(h.stdin, req, true); err != nil {
		return nil, err
	}
	if err := h.stdin.Close(); err != nil {
		return nil, err
	}
	return decodePack(io.NopCloser(h.stdout), req)
}

// sshConfig gives the client's side; done releases the connection to an agent.
func (s *Source) sshConfig(ctx context.Context, addr string) (_ *ssh.ClientConfig, done func(), err error) {
	db, err := s.knownHosts()
	if err != nil {
		return nil, nil, err
	}
	auth, done, err := s.sshAuth(ctx)
	if err != nil {
		return nil, nil, err
	}
	user := s.at.user
	if user == "" {
		user = "git"
	}
	return &ssh.ClientConfig{
		User:              user,
		Auth:              []ssh.AuthMethod{auth},
		HostKeyCallback:   db.HostKeyCallback(),
		HostKeyAlgorithms: db.HostKeyAlgorithms(addr),
	}, done, nil
}

func (s *Source) knownHosts() (*knownhosts.HostKeyDB, error) {
	files := s.cfg.KnownHosts
	if len(files) == 0 {
		if home, err := os.UserHomeDir(); err == nil {
			files = append(files, filepath.Join(home, ".ssh", "known_hosts"))
		}
		files = existing(append(files, "/etc/ssh/ssh_known_hosts"))
	}
	if len(files) == 0 {
		return nil, fail(ErrHostKey, "no known_hosts file, so the host cannot be recognised: set known_hosts to a file made with ssh-keyscan and checked by a person")
	}
	db, err := knownhosts.NewDB(files...)
	if err != nil {
		return nil, failWith(ErrConfig, err, "known_hosts cannot be read")
	}
	return db, nil
}

func existing(files []string) []string {
	var out []string
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			out = append(out, f)
		}
	}
	return out
}

func (s *Source) sshAuth(ctx context.Context) (ssh.AuthMethod, func(), error) {
	if s.cfg.SSHKey != nil {
		text, err := s.cfg.SSHKey(ctx)
		if err != nil {
			return nil, nil, failWith(ErrConfig, err, "the ssh key cannot be had")
		}
		signer, err := ssh.ParsePrivateKey([]byte(text))
		if err != nil {
			// Not the parser's error: nothing derived from a key belongs into a log.
			return nil, nil, fail(ErrConfig, "ssh_key is not an unencrypted private key in PEM; load an encrypted one into an agent")
		}
		return ssh.PublicKeys(signer), func() {}, nil
	}
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, nil, fail(ErrAuth, "no ssh key: set ssh_key, or start with an agent (SSH_AUTH_SOCK)")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, nil, failWith(ErrAuth, err, "the ssh agent does not answer")
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return ssh.PublicKeysCallback(agent.NewClient(conn).Signers), func() { stop(); _ = conn.Close() }, nil
}

func handshakeError(err error, host string) error {
	switch {
	case knownhosts.IsHostKeyChanged(err):
		return fail(ErrHostKey, "the key of host %s is not the one in known_hosts: somebody may be in between; if the host's key was really changed, update known_hosts", host)
	case knownhosts.IsHostUnknown(err):
		return fail(ErrHostKey, "host %s is not in known_hosts: add its key, checked against what its owner publishes", host)
	case strings.Contains(err.Error(), "unable to authenticate"):
		return fail(ErrAuth, "refuses the ssh key: add its public half to the repository as a deploy key with read access")
	default:
		return err
	}
}

// clipped keeps the first bytes of what is written to it.
type clipped struct{ buf []byte }

func (c *clipped) Write(p []byte) (int, error) {
	const limit = 1000
	c.buf = append(c.buf, p[:min(len(p), limit-len(c.buf))]...)
	return len(p), nil
}

func (c *clipped) String() string { return string(c.buf) }
