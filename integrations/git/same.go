package git

import (
	"path"
	"strings"
)

// Same gives what all addresses of one repository at a forge have in common, https and ssh, clone
// address and page in a browser: host and path in lower case, as in git.example.com/acme/catalog. It is
// "" for local paths and whatever is no address. Ports are left out, since each scheme has its own; so
// two forges on one host can seem to have the same repository.
func Same(url string) string {
	at, err := parseAddress(url)
	if err != nil || at.scheme == schemeLocal {
		return ""
	}
	repository := strings.TrimSuffix(path.Clean("/"+at.path), ".git")
	return strings.ToLower(at.host + repository)
}
