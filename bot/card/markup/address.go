package markup

import (
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"callboard/bot/card"
)

// Address is a web or mail address in the form in which it is safe to show and to follow.
type Address struct {
	URL  string // printable ASCII, in full
	Host string // where it really leads: host and port, or the mail address
}

// ParseAddress takes a span's URL apart. It is false for what card.CheckURL refuses: such an address is
// not shown as one. Hosts in other scripts are given in their ASCII form (xn--…), so that a look-alike
// letter is seen.
func ParseAddress(raw string) (Address, bool) {
	if card.CheckURL(raw) != nil {
		return Address{}, false
	}
	u, err := url.Parse(raw)
	if err != nil {
		return Address{}, false
	}
	if strings.EqualFold(u.Scheme, "mailto") {
		to, _, _ := strings.Cut(u.Opaque, "?")
		if !ascii(u.String()) {
			return Address{}, false
		}
		return Address{URL: u.String(), Host: to}, true
	}
	host, err := idna.Punycode.ToASCII(strings.ToLower(u.Hostname()))
	if err != nil || !plain(host) {
		return Address{}, false
	}
	switch port := u.Port(); {
	case port != "":
		u.Host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		u.Host = "[" + host + "]"
	default:
		u.Host = host
	}
	// String escapes what a path or query may not hold; what is left must print as it is.
	full := u.String()
	if strings.ContainsAny(full, " \"<>`") || !plain(full) {
		return Address{}, false
	}
	return Address{URL: full, Host: u.Host}, true
}

// Claims reports whether the words of a link look like an address of their own that leads to another
// host than the link does. Such words are not shown: the address is.
func (a Address) Claims(words string) bool {
	w := strings.ToLower(strings.Trim(Terminal(words), " <>()[]\"'"))
	if w == "" || w == strings.ToLower(a.URL) {
		return false
	}
	_, rest, isURL := strings.Cut(w, "://")
	if !isURL {
		rest = w
		if !strings.HasPrefix(w, "www.") && !strings.Contains(w, "@") {
			return false
		}
	}
	claimed, _, _ := strings.Cut(rest, "/")
	return claimed != a.Host
}
