package cardtest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"callboard/bot/card"
)

// HostileTexts gives texts that attack a surface which prints them as they are: terminals by control
// sequences, chats by mentions and markup, readers by what they do not see. All may come out of a
// catalog. Each names itself in ASCII letters that any rendering keeps.
func HostileTexts() map[string]string {
	return map[string]string{
		"colour":       "colour \x1b[31mred\x1b[0m \x1b[8mhidden\x1b[28m",
		"clear":        "clear \x1b[2J\x1b[H\x1bc\x1b[3J",
		"title":        "title \x1b]0;owned\x07 \x1b]2;owned\x1b\\",
		"hyperlink":    "hyperlink \x1b]8;;https://evil.example\x1b\\https://good.example\x1b]8;;\x1b\\",
		"clipboard":    "clipboard \x1b]52;c;cm0gLXJmIH4K\x07",
		"answerback":   "answerback \x05\x1b[c\x1b[6n\x1b[21t\x1bP$qm\x1b\\",
		"c1":           "c1 \u009b31m\u009d8;;https://evil.example\u009c \u0085next\x9b31m",
		"backspace":    "backspace rm -rf\b\b\b\b\b\b\b\bls\x7f\r\voverwritten",
		"lines":        "lines one\ntwo\r\nthree\n\n> forged prompt\u2028four\u2029five",
		"bidi":         "bidi \u202egnp.exe\u202c \u2066isolate\u2069 \u200f\u061c\u202atxt",
		"zero-width":   "zero-width pay\u200bments\u200c\u200d\u2060\ufeff\u00ad\u180e",
		"tags":         "tags \U000e0001\U000e0068\U000e0069\U000e007f \ufe00\ufe0f\U000e0100",
		"fillers":      "fillers \u115f\u1160\u3164\uffa0\u2800\u034f",
		"zalgo":        "zalgo p" + strings.Repeat("\u0336\u0489", 200) + "ay",
		"invalid":      "invalid \xff\xfe\xc0\xaf\xed\xa0\x80 \ufffe\uffff",
		"null":         "null \x00\x01\x02",
		"slack":        "slack <!channel> <!here> <!subteam^S012345> <@U012345> <#C012345> <https://evil.example|https://good.example> *b* _i_ ~s~ `c` &lt;!channel&gt;",
		"discord":      "discord @everyone @here <@&123> <@123> <#456> [good.example](https://evil.example) ||spoiler|| **b** # h",
		"html":         "html <script>alert(1)</script> <img src=x onerror=alert(1)> &amp;",
		"homograph":    "homograph раураl.example",
		"spaces":       "spaces" + strings.Repeat(" ", 300) + "far\u00a0\u3000\tout",
		"format":       "format %s %d %n {{.}} ${{ secrets.TOKEN }} $(id) `id`",
		"five-k":       "five-k " + strings.Repeat("0123456789", 500),
		"mailto":       "mailto javascript:alert(1) data:text/html,x vbscript:x",
		"regional":     "regional " + strings.Repeat("🇩🇪", 40) + strings.Repeat("👨‍👩‍👧‍👦", 20),
		"soft-newline": "soft-newline \x0b\x0c\x1c\x1d\x1e\x1f",
	}
}

// hostile puts each hostile text at each place of a card that takes catalog text, and addresses that
// lead elsewhere than they seem to.
func hostile() []Sample {
	texts := HostileTexts()
	var all []Sample
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		s := texts[name]
		line := card.Line(strings.ToValidUTF8(s, "\ufffd"))
		all = append(all, Sample{"hostile-" + name, &card.Card{
			Title: cut(line, card.MaxTitle), Tags: []string{cut(line, card.MaxTag)}, Summary: cut(line, card.MaxSummary),
			Fields: []card.Field{
				{Label: "Text", Value: card.T(s), Source: cut(line, card.MaxTitle)},
				{Label: "Code", Value: card.Code(s)},
				{Label: "Link", Value: card.Link(s, "https://real.example/path")},
				{Label: "Gap", Gap: &card.Gap{What: "not declared", Fix: cut(line, card.MaxTitle)}},
			},
			Items:   []card.Item{{Text: card.T(s), Detail: card.T(s), Action: cut("who-owns "+line, card.MaxCommand)}},
			Notes:   []card.Note{{Status: card.Warn, Text: card.T(s)}},
			Footer:  card.T(s),
			Actions: []card.Action{{Label: cut(line, card.MaxLabel), Command: cut("find "+line, card.MaxCommand)}},
		}})
	}
	return append(all, Sample{"hostile-addresses", addresses()})
}

// addresses are links as a card may hold them at worst: built by Link, which drops the words' address
// where it must not be followed.
func addresses() *card.Card {
	c := &card.Card{Title: "Addresses", Summary: "links that are not what they seem"}
	for _, l := range []struct{ words, address string }{
		{"plain", "https://real.example/path?q=1#top"},
		{"https://good.example/login", "https://evil.example/login"},
		{"good.example", "https://evil.example"},
		{"script", "javascript:alert(1)"},
		{"data", "data:text/html;base64,PHNjcmlwdD4="},
		{"userinfo", "https://good.example@evil.example/"},
		{"file", "file:///etc/passwd"},
		{"no host", "https:///path"},
		{"escape in address", "https://evil.example/\x1b]8;;\x07"},
		{"bidi in address", "https://evil.example/\u202egnp.exe"},
		{"look-alike letters", "https://\u0440\u0430\u0443\u0440\u0430l.example/"},
		{"port", "https://real.example:8443/"},
		{"IPv6", "http://[2001:db8::1]:8080/x"},
		{"mail", "mailto:team@acme.example?subject=hello"},
		{"markup", "https://evil.example/<!channel>|x"},
		{"", "https://real.example/without/words"},
	} {
		c.Fields = append(c.Fields, card.Field{Label: "Link " + strconv.Itoa(len(c.Fields)+1), Value: card.Link(l.words, l.address)})
	}
	return c
}

// cut keeps at most n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n]))
	}
	return s
}
