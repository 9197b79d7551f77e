package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

	"callboard/bot/card"
)

// RenderJSON writes a card as indented JSON. Characters that a terminal would obey or hide are
// escaped, so that it may be one that reads it.
func RenderJSON(w io.Writer, c *card.Card) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return err
	}
	_, err := io.WriteString(w, escapeUnprintable(text.String()))
	return err
}

// escapeUnprintable works on JSON text, where what cannot be printed can only be inside a string.
func escapeUnprintable(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
