package bot

import (
	"encoding/json"
	"strings"
	"unicode"

	"callboard/bot/card"
)

// For reports whether everybody at the address may see the reply.
func (r Reply) For(a Address) bool {
	return r.Visibility == Public || a.Private || a.Open && r.Visibility != Guarded
}

// Shown is the card of a reply, or its JSON for those who asked for it.
func (r Reply) Shown() *card.Card {
	if !r.JSON || r.Card == nil {
		return r.Card
	}
	encoded, err := json.MarshalIndent(r.Card, "", " ")
	if err != nil {
		return r.Card
	}
	return &card.Card{Summary: r.Card.Summary, Body: card.Lines("```json\n" + string(encoded) + "\n```")}
}

// Typable gives text without what nobody types: control characters, those that turn the direction of writing, and what is no
// text; line breaks become spaces. Answers repeat the text, in the values of their buttons too.
func Typable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || unicode.Is(unicode.Zs, r): // clients put no-break spaces behind mentions
			return ' '
		case r == '\u200b' || r == '\u2060' || r == '\ufeff': // of no width; what is copied from a card may hold them
			return -1
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), unicode.Is(unicode.Noncharacter_Code_Point, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text))
}
