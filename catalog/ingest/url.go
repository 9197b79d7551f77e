package ingest

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// isURL reports whether text is an absolute URL by the rules of browsers (WHATWG), which take
// more than net/url does: any scheme, a host for those that need one.
func isURL(text string) bool {
	text = trimURL(text)
	scheme, rest, found := strings.Cut(text, ":")
	if !found || !isScheme(scheme) {
		return false
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "http", "https", "ws", "wss", "ftp":
		return isAuthority(strings.TrimLeft(rest, `/\`), `/\?#`, true)
	case "file":
		return true
	default:
		authority, found := strings.CutPrefix(rest, "//")
		return !found || isAuthority(authority, "/?#", false)
	}
}

// isScript reports whether a browser would run the URL.
func isScript(text string) bool {
	scheme, _, _ := strings.Cut(trimURL(text), ":")
	return strings.EqualFold(scheme, "javascript")
}

// trimURL drops what the parser of a browser drops before it looks.
func trimURL(text string) string {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(text, "\t\n\r") {
		text = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text)
	}
	return text
}

func isScheme(s string) bool {
	return s != "" && s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z' &&
		all(s, func(c byte) bool { return isAlnum(c) || c == '+' || c == '-' || c == '.' })
}

// isAuthority checks [user[:password]@]host[:port], which ends before one of the bytes of ends.
func isAuthority(s, ends string, special bool) bool {
	if i := strings.IndexAny(s, ends); i >= 0 {
		s = s[:i]
	}
	s = s[strings.LastIndexByte(s, '@')+1:]
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
	}
	if port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 || port[0] == '+' {
			return false
		}
	}
	if strings.HasPrefix(host, "[") {
		address, err := netip.ParseAddr(strings.Trim(host, "[]"))
		return err == nil && address.Is6() && address.Zone() == "" && strings.HasSuffix(host, "]")
	}
	if special && host == "" || host == "" && port != "" {
		return false
	}
	if !special {
		return !strings.ContainsAny(host, " #/:<>?@[\\]^|") && strings.IndexFunc(host, isControl) < 0
	}
	host, err := url.PathUnescape(host)
	return err == nil && !strings.ContainsAny(host, " #%/:<>?@[\\]^|") && strings.IndexFunc(host, isControl) < 0 && isHost(host)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// isHost refuses hosts that end in a number without being an IPv4 address.
func isHost(host string) bool {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := parts[len(parts)-1]
	if !all(last, isDigit) {
		return true
	}
	if len(parts) > 4 {
		return false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 0, 32) // 0x7f and 017 are numbers here, as in browsers
		if err != nil || i < len(parts)-1 && n > 255 || i == len(parts)-1 && n >= 1<<(8*(5-len(parts))) {
			return false
		}
	}
	return true
}
