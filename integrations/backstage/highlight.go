package backstage

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// highlight shows where the words of a search stand in a document: Backstage cuts the fields at the tags.
type highlight struct {
	PreTag  string            `json:"preTag"`
	PostTag string            `json:"postTag"`
	Fields  map[string]string `json:"fields"`
}

// The tags. No HTML is meant, only something that hardly any text holds; one that does is shown without them.
const (
	preTag  = "<callboard-found>"
	postTag = "</callboard-found>"
)

// highlighted marks words in excerpts, those that begin one or are it, up to the end of the word. It gives nil
// when there are none.
func highlighted(excerpts map[string]string, words []string) *highlight {
	h := highlight{PreTag: preTag, PostTag: postTag, Fields: map[string]string{}}
	for field, text := range excerpts {
		if marked, found := mark(text, words); found {
			h.Fields[field] = marked
		}
	}
	if len(h.Fields) == 0 {
		return nil
	}
	return &h
}

func mark(text string, words []string) (marked string, found bool) {
	lower := strings.ToLower(text)
	if len(lower) != len(text) || strings.Contains(text, preTag) || strings.Contains(text, postTag) {
		return "", false // positions would not fit
	}
	var b strings.Builder
	done := 0
	for done < len(text) {
		start, end := nextWord(lower, words, done)
		if start < 0 {
			break
		}
		b.WriteString(text[done:start] + preTag + text[start:end] + postTag)
		done, found = end, true
	}
	b.WriteString(text[done:])
	return b.String(), found
}

// nextWord gives where the first of the words stands at or behind from, to the end of the word that it
// begins; -1 for none.
func nextWord(lower string, words []string, from int) (start, end int) {
	start = -1
	for _, word := range words {
		if at := strings.Index(lower[from:], word); word != "" && at >= 0 && (start < 0 || from+at < start) {
			start, end = from+at, from+at+len(word)
		}
	}
	for start >= 0 && end < len(lower) {
		r, size := utf8.DecodeRuneInString(lower[end:])
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			break
		}
		end += size
	}
	return start, end
}
