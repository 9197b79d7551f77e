package git

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"callboard/integrations/outbound"
)

// Config describes one source. The zero value of every field but Name, URL and Dir is a sensible default.
type Config struct {
	Name   string // letters, digits, '.', '_' and '-'; names the mirror's folder
	URL    string // https://…, ssh://…, user@host:path, or a path on this machine; no credentials within
	Branch string // branch, tag or full ref name; empty: what the remote's HEAD points to
	Dir    string // folder of the mirrors; not used for a local path
	Depth  int    // commits of history to keep; 0: DefaultDepth, below 0: all
	Forge  string // github, gitlab, gitea, bitbucket or none, for links; empty: told by the host's name

	User     string                                // for HTTP basic authentication; empty: what the forge expects beside a token
	Token    func(context.Context) (string, error) // access token or password over HTTP; nil: anonymous
	App      *AppCredentials                       // GitHub App, instead of Token
	Insecure bool                                  // allow http://, which shows tokens and content to the network

	SSHKey     func(context.Context) (string, error) // private key, PEM, unencrypted; nil: the agent of SSH_AUTH_SOCK
	KnownHosts []string                              // files; empty: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts

	Proxy  string // http(s)://host:port for https and http sources; never taken from the environment
	CAFile string // PEM file of certificates to trust beside the system's

	Limits Limits
}

// Limits bound what one source may cost. A field at zero means its default.
type Limits struct {
	Bytes         int64         // taken over the network by one Fetch; default 1 GiB
	Files         int           // in the tree; default 500,000
	Depth         int           // of folders; default 64
	FileBytes     int64         // of a file read by Open or ReadFile; default 1 MiB
	WideFileBytes int64         // of a file read by ReadLimit, and of blobs asked from the server; default 8 MiB
	Commits       int           // that one question about the past looks at; default 50,000
	Deadline      time.Duration // of one Fetch; default 10 minutes
	Stall         time.Duration // without a byte from the server; default 1 minute
}

// DefaultDepth is the number of commits kept when Config.Depth is 0.
const DefaultDepth = 1000

func (l Limits) withDefaults() Limits {
	orDefault(&l.Bytes, 1<<30)
	orDefault(&l.Files, 500_000)
	orDefault(&l.Depth, 64)
	orDefault(&l.FileBytes, 1<<20)
	orDefault(&l.WideFileBytes, 8<<20)
	orDefault(&l.Commits, 50_000)
	orDefault(&l.Deadline, 10*time.Minute)
	orDefault(&l.Stall, time.Minute)
	l.WideFileBytes = max(l.WideFileBytes, l.FileBytes)
	return l
}

func orDefault[T int | int64 | time.Duration](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

func (c *Config) validate(at address) error {
	if !safeName(c.Name) {
		return fail(ErrConfig, "source name %q: use letters, digits, '.', '_' and '-'", c.Name)
	}
	if c.Token != nil && c.App != nil {
		return fail(ErrConfig, "set a token or a GitHub App, not both")
	}
	if at.scheme == "http" && !c.Insecure {
		return fail(ErrConfig, "plain http shows tokens and content to the network: use https, or set insecure: true on this source")
	}
	if at.scheme != schemeLocal && c.Dir == "" {
		return fail(ErrConfig, "no folder for the mirror")
	}
	switch c.Forge {
	case "", forgeGitHub, forgeGitLab, forgeGitea, forgeBitbucket, forgeNone:
		return nil
	}
	return fail(ErrConfig, "forge %q: use github, gitlab, gitea, bitbucket or none", c.Forge)
}

func safeName(name string) bool {
	if name == "" || len(name) > 100 || strings.HasPrefix(name, ".") {
		return false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r) {
			return false
		}
	}
	return true
}

func (c *Config) mirrorDir() string { return filepath.Join(c.Dir, c.Name+".git") }

// named says whose configuration an error is about; the address may hold what must not be shown.
func named(name string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		out := *e
		out.URL = "source " + oneLine(name)
		return &out
	}
	return err
}

// withHost lets a client reach the host of a configured address.
func withHost(o outbound.Options, address string) outbound.Options {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		o.AllowHosts = append(o.AllowHosts, u.Host)
	}
	return o
}
