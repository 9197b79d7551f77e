package ingest

import (
	"math"
	"strconv"
	"strings"
)

// The core schema of YAML 1.2, which decides what an unquoted scalar is. It differs from what
// yaml.v3 does by itself: 0777 is 777, dates, 0b101 and 1_000 are text.

// coreKind gives the kind of a plain scalar.
func coreKind(s string) valueKind {
	if s == "" {
		return nullKind
	}
	switch s[0] {
	case '~', 'n', 'N', 't', 'T', 'f', 'F':
		switch s {
		case "~", "null", "Null", "NULL":
			return nullKind
		case "true", "True", "TRUE", "false", "False", "FALSE":
			return boolKind
		}
	case '+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if isNumber(s) {
			return numberKind
		}
	}
	return textKind
}

func isTrue(s string) bool { return s[0] == 't' || s[0] == 'T' }

func isNumber(s string) bool {
	switch {
	case strings.HasPrefix(s, "0o"):
		return all(s[2:], func(c byte) bool { return '0' <= c && c <= '7' })
	case strings.HasPrefix(s, "0x"):
		return all(s[2:], func(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' })
	}
	switch s {
	case ".nan", ".NaN", ".NAN":
		return true
	}
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	switch s {
	case ".inf", ".Inf", ".INF":
		return true
	}
	whole := digits(s)
	rest := s[whole:]
	fraction := 0
	if strings.HasPrefix(rest, ".") {
		fraction = digits(rest[1:])
		rest = rest[1+fraction:]
	}
	if whole == 0 && fraction == 0 {
		return false
	}
	if rest == "" {
		return true
	}
	if rest[0]|0x20 != 'e' {
		return false
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		rest = rest[1:]
	}
	return all(rest, isDigit)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func digits(s string) int {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return i
		}
	}
	return len(s)
}

// all reports whether s is not empty and every byte of it is ok.
func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return s != ""
}

// appendNumber writes a number of the core schema as JavaScript writes it: numbers have the
// precision of a float64, and those that JSON cannot hold become null.
func appendNumber(b []byte, s string) []byte {
	f := parseNumber(s)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(b, "null"...)
	case f == 0:
		return append(b, '0')
	case math.Abs(f) >= 1e21 || math.Abs(f) < 1e-6:
		b = strconv.AppendFloat(b, f, 'e', -1, 64)
		// strconv writes two digits of exponent at least, JavaScript one: e-09 is e-9.
		if n := len(b); b[n-4] == 'e' && b[n-2] == '0' {
			b[n-2] = b[n-1]
			b = b[:n-1]
		}
		return b
	default:
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
}

func parseNumber(s string) float64 {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'o' || s[1] == 'x') {
		base := 8.0
		if s[1] == 'x' {
			base = 16
		}
		f := 0.0
		for _, c := range []byte(strings.ToLower(s[2:])) {
			if c >= 'a' {
				c -= 'a' - '9' - 1
			}
			f = f*base + float64(c-'0')
		}
		return f
	}
	switch strings.TrimLeft(s, "+-.") {
	case "inf", "Inf", "INF":
		return math.Inf(1)
	case "nan", "NaN", "NAN":
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(s, 64) // out of range is infinite, as in JavaScript
	return f
}

// keyText is what a scalar reads as when it is the key of a mapping: 1: a has the key "1".
func keyText(v *value) string {
	switch v.kind {
	case nullKind:
		return ""
	case boolKind, numberKind:
		return string(v.appendJSON(nil))
	default:
		return v.text
	}
}
