package backstage

import (
	"bytes"
	"encoding/json"
	"strings"
)

// The functions here read JSON that Callboard wrote itself, so they are lenient: of broken JSON they give
// what comes before the break. They make nothing of what is not wanted, which is why they exist.

// eachMember gives the members of the object raw in their order, keys as they are quoted.
func eachMember(raw []byte, visit func(quoted, value []byte)) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return
	}
	for i = skipSpace(raw, i+1); i < len(raw) && raw[i] == '"'; {
		key := i
		i = skipString(raw, i)
		quoted := raw[key:i]
		if i = skipSpace(raw, i); i >= len(raw) || raw[i] != ':' {
			return
		}
		value := skipSpace(raw, i+1)
		i = skipValue(raw, value)
		visit(quoted, raw[value:i])
		if i = skipSpace(raw, i); i < len(raw) && raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
}

// eachItem gives the items of the array raw in their order.
func eachItem(raw []byte, visit func(value []byte)) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '[' {
		return
	}
	for i = skipSpace(raw, i+1); i < len(raw) && raw[i] != ']'; {
		value := i
		if i = skipValue(raw, i); i == value {
			return // no value stands here
		}
		visit(raw[value:i])
		if i = skipSpace(raw, i); i < len(raw) && raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
	}
}

// member gives the value of the member called key, or nil.
func member(raw []byte, key string) []byte {
	var found []byte
	eachMember(raw, func(quoted, value []byte) {
		if found == nil && isText(quoted, key) {
			found = value
		}
	})
	return found
}

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') {
		i++
	}
	return i
}

// skipString gives the end of the string that begins at i.
func skipString(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

// skipValue gives the end of the value that begins at i.
func skipValue(raw []byte, i int) int {
	depth := 0
	for i < len(raw) {
		switch c := raw[i]; c {
		case '"':
			i = skipString(raw, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i = skipWord(raw, i)
		}
		if depth == 0 {
			return i
		}
	}
	return len(raw)
}

// skipWord gives the end of a number, true, false or null.
func skipWord(raw []byte, i int) int {
	for i < len(raw) && !strings.ContainsRune("\"{}[],: \n\t\r", rune(raw[i])) {
		i++
	}
	return i
}

// unquote gives the text of a JSON string.
func unquote(quoted []byte) string {
	if body := inner(quoted); bytes.IndexByte(body, '\\') < 0 {
		return string(body)
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // broken text reads as ""; see the top of this file
	return text
}

// inner gives what stands between the quotes.
func inner(quoted []byte) []byte {
	if len(quoted) < 2 {
		return nil
	}
	return quoted[1 : len(quoted)-1]
}

// isText reports whether the JSON string reads as text.
func isText(quoted []byte, text string) bool {
	return string(inner(quoted)) == text || unquote(quoted) == text
}

// quote writes text as JSON.
func quote(text string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // text always encodes
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
