package catalog

import (
	"net/url"
	"slices"
	"strings"
)

// place is a URL reduced to what tells two places apart, in lower case.
type place struct {
	host  string // without port, credentials and www
	path  string // "" or starting with a slash; none at its end
	query string
}

// parsePlace reads a URL with a scheme, or Git's git@host:path.
func parsePlace(text string) (place, bool) {
	if len(text) > maxAddressLen {
		return place{}, false
	}
	text = strings.ToLower(strings.TrimSpace(text))
	if user, rest, found := strings.Cut(text, "@"); found && !strings.Contains(text, "://") && !strings.ContainsAny(user, "/: ") {
		if host, file, isGit := strings.Cut(rest, ":"); isGit && strings.Contains(file, "/") {
			text = "ssh://" + host + "/" + strings.TrimPrefix(file, "/")
		}
	}
	if !strings.Contains(text, "://") {
		return place{}, false
	}
	if p, ok := plainPlace(text); ok {
		return p, true
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return place{}, false
	}
	p := place{strings.TrimPrefix(u.Hostname(), "www."), strings.TrimRight(u.Path, "/"), u.RawQuery}
	if strings.HasPrefix(u.Fragment, "/") { // pages of single-page applications
		p.path += "/#" + strings.TrimRight(u.Fragment, "/")
	}
	return p, true
}

// plainPlace reads what nearly all URLs are: a web address without port, credentials, fragment and escapes.
// It agrees with the long way and takes a tenth of its time; a catalog has many URLs.
func plainPlace(text string) (place, bool) {
	scheme, rest, _ := strings.Cut(text, "://")
	if scheme != "https" && scheme != "http" {
		return place{}, false
	}
	path := len(rest) // where the host ends
	query := len(rest)
	for i := range len(rest) {
		switch c := rest[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		case c == '/' && path == len(rest):
			path = i
		case c == '?' && path < len(rest) && query == len(rest):
			query = i
		case path == len(rest), c != '/' && c != '=' && c != '&':
			return place{}, false
		}
	}
	if path == 0 {
		return place{}, false
	}
	p := place{host: strings.TrimPrefix(rest[:path], "www."), path: strings.TrimRight(rest[path:query], "/")}
	if query < len(rest) {
		p.query = rest[query+1:]
	}
	return p, true
}

// String gives the place with its query.
func (p place) String() string {
	if p.query == "" {
		return p.host + p.path
	}
	return p.host + p.path + "?" + p.query
}

func (p place) segments() []string {
	return strings.FieldsFunc(p.path, func(r rune) bool { return r == '/' })
}

// repository splits the URL of a file or directory at a forge into the repository (host/org/name)
// and the path within it. Without a word such as blob or tree the whole URL is the repository.
func (p place) repository() (repository, file string) {
	segments := p.segments()
	if i := slices.Index(segments, "_git"); i >= 0 && i+1 < len(segments) { // Azure
		values, _ := url.ParseQuery(p.query) // what could be read is enough
		return p.host + "/" + strings.Join(segments[:i+2], "/"), strings.Trim(values.Get("path"), "/")
	}
	for i, segment := range segments {
		if i < 2 || !isTreeWord(segment) || i+1 >= len(segments) {
			continue
		}
		end, from := i, i+2
		if segments[end-1] == "-" { // GitLab
			end--
		}
		if segment == "src" && slices.Contains([]string{"branch", "commit", "tag"}, segments[i+1]) { // Gitea
			from++
		}
		return p.host + "/" + strings.Join(segments[:end], "/"), strings.Join(segments[min(from, len(segments)):], "/")
	}
	return strings.TrimSuffix(p.host+"/"+strings.Join(segments, "/"), ".git"), ""
}

func isTreeWord(segment string) bool {
	switch segment {
	case "blob", "tree", "raw", "edit", "blame", "commits", "src":
		return true
	}
	return false
}

// channel gives the id of the chat channel at this URL, or "".
func (p place) channel() string {
	slack := p.host == "slack.com" || strings.HasSuffix(p.host, ".slack.com")
	discord := p.host == "discord.com" || p.host == "discordapp.com"
	if !slack && !discord {
		return ""
	}
	switch segments := p.segments(); {
	case slack && len(segments) > 1 && segments[0] == "archives":
		return segments[1]
	case discord && len(segments) > 2 && segments[0] == "channels":
		return segments[2]
	}
	return ""
}

// repositoryOf reduces a Git URL, or a local path, to the form that places use.
func repositoryOf(gitURL string) string {
	if p, ok := parsePlace(gitURL); ok && p.host != "" {
		repository, _ := p.repository()
		return repository
	}
	return strings.TrimRight(strings.ToLower(strings.TrimPrefix(gitURL, "file://")), "/")
}
