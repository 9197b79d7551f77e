package markup

import (
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"callboard/bot/card"
)

// maxHost is how long a host may be in the DNS.
const maxHost = 253

// Address is a web or mail address in the form in which it is safe to show and to follow.
type Address struct {
	URL  string // printable ASCII, in full
	Host string // where it really leads: host and port, or the mail address
	Site string // the domain that one owner has registered, with all hosts below it; Host where there is none
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
		return bounded(Address{URL: escape(u.String()), Host: escape(to), Site: escape(to)})
	}
	host, err := idna.Punycode.ToASCII(strings.ToLower(u.Hostname()))
	if err != nil || len(host) > maxHost || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-._:") != "" {
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
	return bounded(Address{URL: escape(u.String()), Host: u.Host, Site: site(u.Host)})
}

// site gives the registered domain of a host by the public suffix list: acme.example for
// git.acme.example, but not github.io for acme.github.io, where everybody may have a host.
func site(host string) string {
	registered, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil || net.ParseIP(strings.Trim(host, "[]")) != nil || strings.Contains(host, ":") {
		return host
	}
	return registered
}

// bounded refuses an address that has grown too long by escaping.
func bounded(a Address) (Address, bool) {
	if len(a.URL) > card.MaxURL {
		return Address{}, false
	}
	return a, true
}

// escape writes as %XX what url.URL lets through in queries and mail addresses: bytes that are not
// printable ASCII, and those that end an address where it stands in other text.
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte("\"<>`", c) >= 0 {
			b.WriteString("%" + digits[c>>4:c>>4+1] + digits[c&15:c&15+1])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Claims reports whether the words of a link look like an address of their own, or hold one, that leads to
// another host than the link does. Such words are not shown: the address is.
func (a Address) Claims(words string) bool {
	shown := strings.ToLower(Terminal(words))
	if strings.TrimSpace(shown) == strings.ToLower(a.URL) {
		return false
	}
	for w := range strings.FieldsSeq(shown) {
		if a.claims(strings.Trim(w, "<>()[]\"'")) {
			return true
		}
	}
	return false
}

// claims is Claims for one word in lower case.
func (a Address) claims(w string) bool {
	_, rest, isURL := strings.Cut(w, "://")
	if !isURL {
		name, host, _ := strings.Cut(w, "@")
		isMail := name != "" && strings.Contains(host, ".")
		return (isMail || strings.HasPrefix(w, "www.")) && beforeSlash(w) != a.Host
	}
	return beforeSlash(rest) != a.Host || strings.Contains(rest, "://")
}

func beforeSlash(s string) string {
	before, _, _ := strings.Cut(s, "/")
	return before
}
