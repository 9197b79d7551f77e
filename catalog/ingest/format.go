package ingest

import "strings"

// The formats of names and keys, in loops where Backstage has regular expressions: they run for
// every document of a catalog.

const maxName = 63 // characters of a name, a label or a part of a prefix

func isLower(c byte) bool    { return 'a' <= c && c <= 'z' || isDigit(c) }
func isAlnum(c byte) bool    { return isLower(c) || 'A' <= c && c <= 'Z' }
func isNameByte(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' }
func isTagByte(c byte) bool  { return isLower(c) || c == ':' || c == '+' || c == '#' }

// isName: letters, digits, and - _ . within.
func isName(s string) bool {
	return len(s) <= maxName && all(s, isNameByte) && isAlnum(s[0]) && isAlnum(s[len(s)-1])
}

// isLabel: a DNS label, which is what a namespace must be.
func isLabel(s string) bool {
	return len(s) <= maxName && all(s, func(c byte) bool { return isLower(c) || c == '-' }) && s[0] != '-' && s[len(s)-1] != '-'
}

func isSubdomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if !isLabel(part) {
			return false
		}
	}
	return true
}

// isKey: the key of a label or annotation, [prefix/]name.
func isKey(s string) bool {
	prefix, name, found := strings.Cut(s, "/")
	if !found {
		return isName(s)
	}
	return isSubdomain(prefix) && isName(name)
}

func isTag(s string) bool {
	if s == "" || len(s) > maxName || s[0] == '-' || s[len(s)-1] == '-' || strings.Contains(s, "--") {
		return false
	}
	return all(s, func(c byte) bool { return isTagByte(c) || c == '-' })
}

func isAPIVersion(s string) bool {
	prefix, suffix, found := strings.Cut(s, "/")
	if !found {
		prefix, suffix = "a", s
	}
	return isSubdomain(prefix) && len(suffix) <= maxName && all(suffix, isAlnum)
}

func isKind(s string) bool {
	return len(s) <= maxName && all(s, isAlnum) && !isDigit(s[0])
}

// repair turns text into the nearest one that consists of allowed bytes and single dashes, or "".
func repair(s string, allowed func(byte) bool) string {
	var b strings.Builder
	dash := false
	for _, c := range []byte(s) {
		if !allowed(c) || c == '-' {
			dash = b.Len() > 0
			continue
		}
		if dash {
			b.WriteByte('-')
			dash = false
		}
		b.WriteByte(c)
	}
	out := b.String()
	if len(out) > maxName {
		out = out[:maxName]
	}
	return strings.Trim(out, "-_.")
}

// hasTemplate reports whether text holds the syntax of a template language.
func hasTemplate(s string) bool {
	return strings.Contains(s, "{{") || strings.Contains(s, "{%") || strings.Contains(s, "{#")
}
