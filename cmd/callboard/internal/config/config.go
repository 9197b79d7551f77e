// Package config reads callboard.yaml: strictly, with every default in one place, and with secrets
// by reference only.
//
// Only cmd imports it. Drivers own their configuration; internal/app fills it from here.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"callboard/catalog"
	"callboard/catalog/secret"
)

// FileName is where the subcommands look for their configuration unless -c says otherwise.
const FileName = "callboard.yaml"

// maxBytes is the most that a configuration file may be long.
const maxBytes = 1 << 20

// Config is the content of one callboard.yaml, with defaults filled in and relative paths joined to
// the folder of the file.
type Config struct {
	Data      string    `yaml:"data"`     // folder of the store and the mirrors
	Database  string    `yaml:"database"` // "" is SQLite in Data, the only one so far
	HTTP      HTTP      `yaml:"http"`
	Catalog   Catalog   `yaml:"catalog"`
	Console   Console   `yaml:"console"`
	Outbound  Outbound  `yaml:"outbound"`
	Slack     Slack     `yaml:"slack"`
	Discord   Discord   `yaml:"discord"`
	Identity  Identity  `yaml:"identity"`
	Operators Operators `yaml:"operators"`
	Policy    Policy    `yaml:"policy"`
	Log       Log       `yaml:"log"`

	Integrations Integrations `yaml:"integrations"`
}

// HTTP is the server for metrics, health, webhooks and the catalog's API.
type HTTP struct {
	Listen string `yaml:"listen"` // host:port; port 0 picks a free one
	URL    string `yaml:"url"`    // base URL by which others reach it; "" when they cannot
}

// Local reports whether only programs on this machine can reach the server.
func (h HTTP) Local() bool {
	host, _, err := net.SplitHostPort(h.Listen)
	ip := net.ParseIP(host)
	return err == nil && h.URL == "" && (strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback())
}

// Catalog says where descriptors come from and how often to look.
type Catalog struct {
	Poll    time.Duration `yaml:"poll"`  // between two looks at a source, 1s to 24h
	Depth   int           `yaml:"depth"` // commits of history to keep, at least 1
	Sources []Source      `yaml:"sources"`
}

// Source is one Git repository.
type Source struct {
	Name       string     `yaml:"name"`        // unique; [a-z0-9-]
	Git        string     `yaml:"git"`         // https, ssh or http URL, user@host:path, or a local path
	Ref        string     `yaml:"ref"`         // branch or tag; "" is the default branch
	Paths      []string   `yaml:"paths"`       // globs of descriptor files
	Token      secret.Ref `yaml:"token"`       // for https
	Trusted    bool       `yaml:"trusted"`     // may define User, Group and Template
	Kinds      []string   `yaml:"kinds"`       // kinds it may define; empty is all that its trust allows
	Insecure   bool       `yaml:"insecure"`    // plain http is meant
	SSHKey     secret.Ref `yaml:"ssh_key"`     // private key for ssh
	KnownHosts string     `yaml:"known_hosts"` // file; "" is the user's own
	App        *App       `yaml:"app"`         // GitHub App, in place of a token
	Forge      string     `yaml:"forge"`       // github, gitlab, gitea, bitbucket or none; "" tells by the host
	Web        string     `yaml:"web"`         // base URL of the repository in a browser; "" derives it from Git
	Limits     Limits     `yaml:"limits"`
}

// App is a GitHub App installation.
type App struct {
	ID           int64      `yaml:"id"`
	Installation int64      `yaml:"installation"`
	Key          secret.Ref `yaml:"key"` // PEM private key
}

// Limits bound what one source may cost.
type Limits struct {
	Files     int           `yaml:"files"`      // in the tree
	Bytes     Size          `yaml:"bytes"`      // received by one fetch
	FileBytes Size          `yaml:"file_bytes"` // of one descriptor
	Deadline  time.Duration `yaml:"deadline"`   // of one fetch, 1s to 6h
}

// Console says who sits at the terminal. Reads need nobody; writes need the operating-system user
// to be mapped.
type Console struct {
	User  catalog.Ref            `yaml:"user"`  // the asker where the operating-system user is not in Users
	Users map[string]catalog.Ref `yaml:"users"` // operating-system user → catalog user
}

// Outbound says how other systems are reached.
type Outbound struct {
	Proxy string   `yaml:"proxy"` // URL of an HTTP proxy; the environment is not asked
	CA    string   `yaml:"ca"`    // PEM file of further certificate authorities
	Allow []string `yaml:"allow"` // hosts from which placeholders may read
}

// Log says what is logged, on standard error.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // text or json
}

// Size is a number of bytes. It is written as 1MiB, 64KiB, 2GiB or a plain number.
type Size int64

// UnmarshalText reads a Size.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit := string(text), int64(1)
	for suffix, factor := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if n, found := strings.CutSuffix(number, suffix); found {
			number, unit = strings.TrimSpace(n), factor
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return fmt.Errorf("%s is not a size: write 64KiB, 1MiB, 2GiB or a number of bytes", quote(string(text)))
	}
	*s = Size(n * unit)
	return nil
}

// String gives the shortest form that UnmarshalText reads.
func (s Size) String() string {
	for _, unit := range []struct {
		suffix string
		factor Size
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if s != 0 && s%unit.factor == 0 {
			return strconv.FormatInt(int64(s/unit.factor), 10) + unit.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// Default gives the configuration of an empty file: everything but sources.
func Default() *Config {
	return &Config{
		Data:    "data",
		HTTP:    HTTP{Listen: "127.0.0.1:8080"},
		Catalog: Catalog{Poll: time.Minute, Depth: 1000},
		Slack:   Slack{Commands: defaultCommands()},
		Discord: Discord{Commands: defaultCommands()},
		Log:     Log{Level: "info", Format: "text"},
	}
}

// defaultCommands are the slash commands of every chat unless the configuration says otherwise.
func defaultCommands() []string { return []string{"callboard", "who-owns", "runbook"} }

// DefaultSource gives a source with everything but its name and address.
func DefaultSource() Source {
	return Source{
		Paths:  []string{"**/catalog-info.yaml"},
		Limits: Limits{Files: 500_000, Bytes: 1 << 30, FileBytes: 1 << 20, Deadline: 10 * time.Minute},
	}
}

// Load reads the file at path. Mistakes in it come all at once, as an *InvalidError. A file that
// everybody may write is refused, and so is a secret file that everybody may read.
func Load(path string) (*Config, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	data, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("configuration file %s: %w; callboard init writes one, and -c FILE names another", path, fs.ErrNotExist)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("configuration: %w; run as the user who runs the daemon, or let this one read the file", err)
	}
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	config, d, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	d.checkSecretFiles(config)
	d.checkWebhookFiles(config.Integrations)
	if err := d.err(); err != nil {
		return nil, err
	}
	return config, nil
}

// Parse reads the text of a configuration file called name, whose folder is the base of relative
// paths. It looks at no other file. Mistakes come all at once, as an *InvalidError.
func Parse(name string, data []byte) (*Config, error) {
	config, _, err := parse(name, data)
	return config, err
}

func parse(name string, data []byte) (*Config, *decoder, error) {
	d := &decoder{file: name, lines: map[string]int{}, wrong: map[string]bool{}}
	config := Default()
	if root := d.document(data); root != nil {
		d.decode(root, "", config)
	}
	if d.nodes > maxNodes {
		d.mistakes = nil // what was read up to here says little
		d.mistake("", "the file holds more than %d values", maxNodes)
		return nil, nil, d.err()
	}
	d.validate(config)
	if err := d.err(); err != nil {
		return nil, nil, err
	}
	config.anchor(filepath.Dir(name))
	return config, d, nil
}

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New(path + " is not a file")
	case info.Mode().Perm()&0o002 != 0:
		return nil, fmt.Errorf("everybody on this machine may change %s (mode %04o), so it cannot be trusted: chmod o-w it", path, info.Mode().Perm())
	}
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxBytes+1))
}

// anchor joins the relative paths of c to dir; those within a repository lose their leading slash.
func (c *Config) anchor(dir string) {
	c.Data = under(dir, c.Data)
	c.Outbound.CA = under(dir, c.Outbound.CA)
	c.Integrations.anchor(dir)
	c.Policy.Path = strings.TrimPrefix(c.Policy.Path, "/")
	for _, ref := range []*secret.Ref{&c.Slack.BotToken, &c.Slack.AppToken, &c.Slack.SigningSecret, &c.Discord.Token} {
		*ref = ref.Under(dir)
	}
	for i := range c.Catalog.Sources {
		s := &c.Catalog.Sources[i]
		if s.Transport() == Local {
			s.Git = under(dir, s.Git)
		}
		for j, p := range s.Paths {
			s.Paths[j] = strings.TrimPrefix(p, "/")
		}
		s.KnownHosts = under(dir, s.KnownHosts)
		s.Token = s.Token.Under(dir)
		s.SSHKey = s.SSHKey.Under(dir)
		if s.App != nil {
			s.App.Key = s.App.Key.Under(dir)
		}
	}
}

func under(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
