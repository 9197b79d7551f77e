package config

import (
	"errors"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"callboard/catalog/secret"
)

// Transport is how a source is reached.
type Transport string

// The transports.
const (
	HTTPS   Transport = "https"
	Plain   Transport = "http"
	SSH     Transport = "ssh"
	Local   Transport = "local"
	Unknown Transport = ""
)

// Transport tells by the form of s.Git: URLs have a scheme, user@host:path is ssh, all else is a
// local path.
func (s *Source) Transport() Transport {
	scheme, _, found := strings.Cut(s.Git, "://")
	switch {
	case found && slices.Contains([]string{"https", "http", "ssh"}, scheme):
		return Transport(scheme)
	case found:
		return Unknown
	case regexp.MustCompile(`^[\w.-]+@[\w.-]+:`).MatchString(s.Git):
		return SSH
	case regexp.MustCompile(`^[^/]*@[^/]*:`).MatchString(s.Git): // as in user:password@host:path
		return Unknown
	default:
		return Local
	}
}

func (d *decoder) validate(c *Config) {
	if c.Data == "" {
		d.mistake("data", "must name a folder")
	}
	if c.Database != "" { // not shown: it may hold a password
		d.mistake("database", "PostgreSQL is not supported yet: leave it empty, the store is then SQLite in the data folder")
	}
	d.http(c.HTTP)
	d.catalog(c.Catalog)
	for name, user := range c.Console.Users {
		if user.IsZero() && !d.wrong["console.users."+name] {
			d.mistake("console.users", "every operating-system user needs a user of the catalog beside it, as in alice: user:default/alice")
			break
		}
	}
	d.outbound(c.Outbound)
	d.integrations(c.Integrations)
	d.slack(c.Slack, c.HTTP)
	d.discord(c.Discord, c.HTTP)
	d.operators(c.Operators)
	d.policy(c.Policy, c.Catalog)
	d.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	d.oneOf("log.format", c.Log.Format, "text", "json")
}

func (d *decoder) http(h HTTP) {
	if _, port, err := net.SplitHostPort(h.Listen); err != nil || !isPort(port) {
		d.mistake("http.listen", "%s is not host:port, as in 127.0.0.1:8080", quote(h.Listen))
	}
	d.webURL("http.url", h.URL)
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

func (d *decoder) catalog(c Catalog) {
	if c.Poll < time.Second || c.Poll > 24*time.Hour {
		d.mistake("catalog.poll", "%v is out of range: 1s to 24h", c.Poll)
	}
	if c.Depth < 1 || c.Depth > 1_000_000 {
		d.mistake("catalog.depth", "%d is out of range: 1 to 1000000 commits", c.Depth)
	}
	if len(c.Sources) == 0 && len(d.mistakes) == 0 {
		d.mistake("catalog.sources", "there is no source: add one, as in - { name: acme, git: https://git.example.com/acme/catalog.git }")
	}
	first := map[string]string{}
	for i := range c.Sources {
		key := "catalog.sources[" + strconv.Itoa(i) + "]"
		s := &c.Sources[i]
		d.source(key, s)
		if other, found := first[s.Name]; found && s.Name != "" {
			d.mistake(key+".name", "%s is already the name of %s (line %d): every source needs a name of its own", quote(s.Name), other, d.line(other))
			continue
		}
		first[s.Name] = key
	}
}

func (d *decoder) source(key string, s *Source) {
	if !regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`).MatchString(s.Name) {
		d.mistake(key+".name", "%s is not a source name: 1 to 63 lower-case letters, digits and dashes, as in platform-catalog", quote(s.Name))
	}
	d.git(key, s)
	d.credentials(key, s)
	if strings.HasPrefix(s.Ref, "-") || strings.ContainsAny(s.Ref, " \t\n\\~^:?*[") || strings.Contains(s.Ref, "..") {
		d.mistake(key+".ref", "%s is not the name of a branch or tag", quote(s.Ref))
	}
	if len(s.Paths) == 0 {
		d.mistake(key+".paths", `must name at least one file or glob, as in "**/catalog-info.yaml"`)
	}
	for i, p := range s.Paths {
		clean := strings.TrimPrefix(p, "/")
		if !doublestar.ValidatePattern(clean) || clean == "" || slices.Contains(strings.Split(clean, "/"), "..") {
			d.mistake(key+".paths["+strconv.Itoa(i)+"]", "%s is not a path or glob below the repository's root", quote(p))
		}
	}
	d.kinds(key, s)
	d.oneOf(key+".forge", s.Forge, "", "github", "gitlab", "gitea", "bitbucket", "none")
	d.webURL(key+".web", s.Web)
	d.limits(key+".limits", s.Limits)
}

func (d *decoder) git(key string, s *Source) {
	if s.Git == "" || strings.ContainsAny(s.Git, "\x00\n") {
		d.mistake(key+".git", "must be the URL or the local path of a Git repository")
		return
	}
	switch s.Transport() {
	case Unknown:
		d.mistake(key+".git", "is neither an https:// or ssh:// URL, nor user@host:path, nor a local path")
	case HTTPS, Plain, SSH:
		d.gitURL(key, s)
	case Local:
	}
	if s.Insecure && s.Transport() != Plain {
		d.mistake(key+".insecure", "is for http:// only: remove it")
	}
}

func (d *decoder) gitURL(key string, s *Source) {
	if !strings.Contains(s.Git, "://") {
		return // user@host:path
	}
	u, err := url.Parse(s.Git)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") == "" || u.RawQuery != "" || u.Fragment != "" {
		d.mistake(key+".git", "not the URL of a repository, as in https://git.example.com/acme/catalog.git") // not shown: it may hold a password
		return
	}
	if _, has := u.User.Password(); has || u.User != nil && s.Transport() != SSH {
		d.mistake(key+".git", "holds a user name or password: remove it, and set token: env:NAME or token: file:PATH")
	}
	if s.Transport() == Plain && !s.Insecure {
		d.mistake(key+".git", "http:// is not encrypted: use https://, or set insecure: true for this source")
	}
}

// credentials finds settings that would never be used, because their owner believes otherwise.
func (d *decoder) credentials(key string, s *Source) {
	web := s.Transport() == HTTPS || s.Transport() == Plain
	if !s.Token.IsZero() && !web {
		d.mistake(key+".token", "is for https:// only: remove it")
	}
	if !s.SSHKey.IsZero() && s.Transport() != SSH {
		d.mistake(key+".ssh_key", "is for ssh only: remove it")
	}
	if s.KnownHosts != "" && s.Transport() != SSH {
		d.mistake(key+".known_hosts", "is for ssh only: remove it")
	}
	if s.App == nil {
		return
	}
	if !web {
		d.mistake(key+".app", "is for https:// only: remove it")
	}
	if !s.Token.IsZero() {
		d.mistake(key+".app", "stands beside token: a source has one of them")
	}
	if s.App.ID <= 0 || s.App.Installation <= 0 || s.App.Key.IsZero() {
		d.mistake(key+".app", "needs id, installation and key, as in { id: 123, installation: 456, key: file:app.pem }")
	}
}

func (d *decoder) kinds(key string, s *Source) {
	known := []string{"API", "AiResource", "Component", "Domain", "Group", "Location", "Resource", "System", "Template", "User"}
	for i, kind := range s.Kinds {
		at := key + ".kinds[" + strconv.Itoa(i) + "]"
		j := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, kind) })
		switch {
		case j < 0:
			d.mistake(at, "%s is not a kind; the kinds are %s", quote(kind), strings.Join(known, ", "))
			continue
		case slices.Contains([]string{"User", "Group", "Template"}, known[j]) && !s.Trusted:
			d.mistake(at, "only a source with trusted: true may define %s", known[j])
		}
		s.Kinds[i] = known[j]
	}
}

func (d *decoder) limits(key string, l Limits) {
	if l.Files < 1 || l.Files > 10_000_000 {
		d.mistake(key+".files", "%d is out of range: 1 to 10000000", l.Files)
	}
	if l.Bytes < 1<<10 || l.Bytes > 1<<40 {
		d.mistake(key+".bytes", "%s is out of range: 1KiB to 1024GiB", l.Bytes)
	}
	if l.FileBytes < 1<<10 || l.FileBytes > 64<<20 {
		d.mistake(key+".file_bytes", "%s is out of range: 1KiB to 64MiB", l.FileBytes)
	}
	if l.Deadline < time.Second || l.Deadline > 6*time.Hour {
		d.mistake(key+".deadline", "%v is out of range: 1s to 6h", l.Deadline)
	}
}

func (d *decoder) outbound(o Outbound) {
	if o.Proxy != "" {
		u, err := url.Parse(o.Proxy)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			d.mistake("outbound.proxy", "not the URL of a proxy, as in http://proxy.example.com:3128")
		case u.User != nil:
			d.mistake("outbound.proxy", "holds a user name or password: proxies with a login are not supported yet")
		}
	}
	for i, host := range o.Allow {
		if host == "" || strings.ContainsAny(host, "/:@ *") || host != path.Base(host) {
			d.mistake("outbound.allow["+strconv.Itoa(i)+"]", "%s is not a host name alone, as in schemas.example.com", quote(host))
		}
	}
}

func (d *decoder) backstage(b Backstage) {
	first := map[secret.Ref]string{}
	for i, t := range b.Tokens {
		key := "integrations.backstage.tokens[" + strconv.Itoa(i) + "]"
		if (t.Token.IsZero() || t.User.IsZero()) && !d.wrong[key+".token"] && !d.wrong[key+".user"] {
			d.mistake(key, "needs token and user, as in { token: env:BACKSTAGE_TOKEN, user: user:default/ci }")
			continue
		}
		if other, found := first[t.Token]; found && !t.Token.IsZero() {
			d.mistake(key+".token", "%s is the token of %s (line %d) already: every user needs a token of its own", t.Token, other, d.line(other))
			continue
		}
		first[t.Token] = key
	}
}

func (d *decoder) webURL(key, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		d.mistake(key, "not a URL that begins with https:// or http://")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		d.mistake(key, "must be a plain base URL, without user, ? or #")
	}
}

func (d *decoder) oneOf(key, text string, known ...string) {
	if slices.Contains(known, text) {
		return
	}
	words := slices.DeleteFunc(slices.Clone(known), func(word string) bool { return word == "" })
	d.mistake(key, "%s is none of %s", quote(text), strings.Join(words, ", "))
}

// checkSecretFiles refuses secret files that everybody may read. Missing ones are left to their
// source, which fails alone.
func (d *decoder) checkSecretFiles(c *Config) {
	d.secretFile("slack.bot_token", c.Slack.BotToken)
	d.secretFile("slack.app_token", c.Slack.AppToken)
	d.secretFile("slack.signing_secret", c.Slack.SigningSecret)
	d.secretFile("discord.token", c.Discord.Token)
	for i, t := range c.Integrations.Backstage.Tokens {
		d.secretFile("integrations.backstage.tokens["+strconv.Itoa(i)+"].token", t.Token)
	}
	for i := range c.Catalog.Sources {
		s, key := &c.Catalog.Sources[i], "catalog.sources["+strconv.Itoa(i)+"]"
		d.secretFile(key+".token", s.Token)
		d.secretFile(key+".ssh_key", s.SSHKey)
		if s.App != nil {
			d.secretFile(key+".app.key", s.App.Key)
		}
	}
}

func (d *decoder) secretFile(key string, ref secret.Ref) {
	if _, err := secret.Resolve(ref); errors.Is(err, secret.ErrExposed) {
		d.mistake(key, "%v", err)
	}
}
