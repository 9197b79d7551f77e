package git_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// sshServer is an ssh server that runs git-upload-pack for one key.
type sshServer struct {
	addr  string
	key   string // private key of the client, PEM
	known string // known_hosts file with the server's key
	host  ssh.Signer
}

func serveSSH(t *testing.T) *sshServer {
	t.Helper()
	_, host := newKey(t)
	keyPEM, client := newKey(t)
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(client.PublicKey().Marshal()) {
			return nil, errors.New("unknown key")
		}
		return &ssh.Permissions{}, nil
	}}
	config.AddHostKey(host)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveConn(t, conn, config)
		}
	}()
	s := &sshServer{addr: l.Addr().String(), key: keyPEM, host: host, known: filepath.Join(t.TempDir(), "known_hosts")}
	write(t, s.known, knownhosts.Line([]string{s.addr}, host.PublicKey())+"\n")
	return s
}

func serveConn(t *testing.T, conn net.Conn, config *ssh.ServerConfig) {
	t.Helper()
	defer func() { _ = conn.Close() }()
	_, chans, reqs, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(reqs)
	for nc := range chans {
		ch, chReqs, err := nc.Accept()
		if err != nil {
			return
		}
		for r := range chReqs {
			if r.Type != "exec" {
				_ = r.Reply(false, nil)
				continue
			}
			_ = r.Reply(true, nil)
			runUploadPack(t, ch, string(r.Payload[4:]))
			break
		}
	}
}

func runUploadPack(t *testing.T, ch ssh.Channel, command string) {
	t.Helper()
	defer func() { _ = ch.Close() }()
	path, ok := strings.CutPrefix(command, "git-upload-pack '")
	if !ok {
		return
	}
	cmd := exec.CommandContext(t.Context(), "git", "upload-pack", "--strict", strings.TrimSuffix(path, "'"))
	cmd.Env, cmd.Stdout, cmd.Stderr = gittest.Env(), ch, ch.Stderr()
	stdin, err := cmd.StdinPipe() // not cmd.Stdin: git may end before its input does
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(stdin, ch)
		_ = stdin.Close()
	}()
	status := struct{ Code uint32 }{}
	if cmd.Run() != nil {
		status.Code = 1
	}
	_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(status))
}

func newKey(t *testing.T) (string, ssh.Signer) {
	t.Helper()
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(priv, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), signer
}

func TestSource_Fetch_SSHErrors(t *testing.T) {
	repo := gittest.Repo(t, first())
	empty := gittest.Repo(t)
	s := serveSSH(t)
	other := serveSSH(t)
	wrongKey := filepath.Join(t.TempDir(), "known_hosts")
	write(t, wrongKey, knownhosts.Line([]string{s.addr}, other.host.PublicKey())+"\n")
	noKey := filepath.Join(t.TempDir(), "known_hosts")
	write(t, noKey, "# nobody\n")
	good := git.Config{URL: "ssh://git@" + s.addr + repo, SSHKey: token(s.key), KnownHosts: []string{s.known}}
	for name, tc := range map[string]struct {
		change func(*git.Config)
		want   error
		text   string
	}{
		"changed host key": {func(c *git.Config) { c.KnownHosts = []string{wrongKey} }, git.ErrHostKey, "somebody may be in between"},
		"unknown host":     {func(c *git.Config) { c.KnownHosts = []string{noKey} }, git.ErrHostKey, "is not in known_hosts"},
		"no known_hosts":   {func(c *git.Config) { c.KnownHosts = []string{noKey + "-missing"} }, git.ErrConfig, "known_hosts"},
		"other key":        {func(c *git.Config) { c.SSHKey = token(other.key) }, git.ErrAuth, "deploy key"},
		"junk key":         {func(c *git.Config) { c.SSHKey = token("hunter2-secret") }, git.ErrConfig, "ssh_key"},
		"no repository":    {func(c *git.Config) { c.URL += "-missing" }, git.ErrNotFound, "no repository"},
		"empty repository": {func(c *git.Config) { c.URL = "ssh://git@" + s.addr + empty }, git.ErrEmpty, "no commits"},
		"missing branch":   {func(c *git.Config) { c.Branch = "nope" }, git.ErrBranch, "it has main"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			tc.change(&cfg)
			_, err := open(t, cfg).Fetch(t.Context())
			checkError(t, err, tc.want, tc.text, "ssh://git@"+s.addr)
		})
	}
	if tree := fetch(t, open(t, good)); len(content(t, tree)) != 5 {
		t.Error("the good configuration does not work")
	}
}
