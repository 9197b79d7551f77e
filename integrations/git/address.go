package git

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
)

const (
	schemeLocal = "local"
	schemeSSH   = "ssh"

	forgeGitHub    = "github"
	forgeGitLab    = "gitlab"
	forgeGitea     = "gitea"
	forgeBitbucket = "bitbucket"
	forgeNone      = "none"
)

// address says where a repository is. It never holds a password.
type address struct {
	scheme string // https, http, ssh or local
	user   string // ssh only
	host   string // without port; empty for local
	port   string // empty: the scheme's own
	path   string // of the repository; for local a path on this machine
	given  string // as the operator wrote it
}

// parseAddress reads what an operator wrote as a repository's address.
func parseAddress(s string) (address, error) {
	if strings.Contains(s, "://") {
		return parseURL(s)
	}
	if user, host, path, ok := splitSCP(s); ok {
		a := address{scheme: schemeSSH, user: user, host: host, path: path, given: s}
		return a, a.check()
	}
	if s == "" {
		return address{}, fail(ErrConfig, "git: set the address of the repository")
	}
	path, err := filepath.Abs(s)
	if err != nil {
		return address{}, failWith(ErrConfig, err, "the path %q cannot be resolved", s)
	}
	return address{scheme: schemeLocal, path: path, given: s}, nil
}

func parseURL(s string) (address, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" {
		// The parser's own text would repeat the address with whatever secret is in it.
		return address{}, fail(ErrConfig, "the address of the repository cannot be read as a URL")
	}
	a := address{scheme: strings.ToLower(u.Scheme), host: u.Hostname(), port: u.Port(), path: u.Path}
	switch a.scheme {
	case "https", "http":
		if u.User != nil {
			return a, fail(ErrConfig, "the address holds credentials, which would end up in logs: take them out and set token")
		}
	case schemeSSH:
		if _, has := u.User.Password(); has {
			return a, fail(ErrConfig, "the address holds a password: take it out and set ssh_key, or use an agent")
		}
		a.user = u.User.Username()
	case "file":
		return a, fail(ErrConfig, "file:// is not supported: write the path itself, which is opened in place")
	default:
		return a, fail(ErrConfig, "%q is not supported: use https, ssh or a path", oneLine(u.Scheme)+"://")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return a, fail(ErrConfig, "the address has a query or fragment, which a repository does not: take it out")
	}
	a.given = a.url()
	return a, a.check()
}

// check refuses what no server could mean.
func (a address) check() error {
	if a.host == "" || strings.HasPrefix(a.host, "-") || strings.Trim(a.path, "/") == "" || strings.HasPrefix(a.path, "-") {
		return fail(ErrConfig, "the address needs a host and the path of a repository")
	}
	return nil
}

// splitSCP recognises user@host:path and host:path, as ssh users write it. Whatever has a slash
// before its first colon is a path on this machine.
func splitSCP(s string) (user, host, path string, ok bool) {
	before, path, found := strings.Cut(s, ":")
	if !found || before == "" || path == "" || strings.ContainsAny(before, `/\`) {
		return "", "", "", false
	}
	if u, h, has := strings.Cut(before, "@"); has {
		return u, h, path, true
	}
	return "", before, path, true
}

// String gives the address for people and logs.
func (a address) String() string { return a.given }

func (a address) url() string {
	u := url.URL{Scheme: a.scheme, Host: a.hostPort(), Path: a.path}
	if a.user != "" {
		u.User = url.User(a.user)
	}
	return u.String()
}

func (a address) hostPort() string {
	if a.port != "" {
		return net.JoinHostPort(a.host, a.port)
	}
	if strings.Contains(a.host, ":") {
		return "[" + a.host + "]"
	}
	return a.host
}

// endpoints lists what may be connected although it is private: the address itself, and https on the
// same host, where a plain http address may redirect to.
func (a address) endpoints() []string {
	port := a.port
	if port == "" && a.scheme == "http" {
		port = "80"
	}
	if port == "" {
		port = "443"
	}
	return []string{net.JoinHostPort(a.host, port), net.JoinHostPort(a.host, "443")}
}

func (a address) forge(configured string) string {
	if configured != "" {
		return configured
	}
	host := strings.ToLower(a.host)
	for _, f := range []struct{ part, forge string }{
		{"github", forgeGitHub},
		{"gitlab", forgeGitLab},
		{"gitea", forgeGitea},
		{"forgejo", forgeGitea},
		{"codeberg", forgeGitea},
		{"bitbucket.org", forgeBitbucket},
	} {
		if strings.Contains(host, f.part) {
			return f.forge
		}
	}
	return forgeNone
}

// web gives the address below which the files of a branch are shown, ending in a slash, or "".
func (a address) web(forge, branch string) string {
	view := map[string]string{forgeGitHub: "blob", forgeGitLab: "-/blob", forgeGitea: "src/branch", forgeBitbucket: "src"}[a.forge(forge)]
	if a.scheme == schemeLocal || view == "" || branch == "" {
		return ""
	}
	u := url.URL{Scheme: "https", Host: a.hostPort()}
	if a.scheme == "http" {
		u.Scheme = "http"
	}
	if a.scheme == schemeSSH {
		u.Host = address{host: a.host}.hostPort() // the port is the one of ssh
	}
	u.Path = "/" + strings.TrimSuffix(strings.Trim(a.path, "/"), ".git") + "/" + view + "/" + branch + "/"
	return u.String()
}

// basicUser is the user name that a forge expects beside a token.
func (a address) basicUser(forge string) string {
	switch a.forge(forge) {
	case forgeGitHub:
		return "x-access-token"
	case forgeGitLab:
		return "oauth2"
	case forgeBitbucket:
		return "x-token-auth"
	default:
		return "git"
	}
}
