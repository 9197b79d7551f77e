package console_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"callboard/bot/card"
	"callboard/bot/card/cardtest"
	"callboard/integrations/console"
)

func TestRenderJSON(t *testing.T) {
	t.Parallel()
	hostile := &card.Card{Title: "Größe ☕ \x1b[2J\u009b31m\u202emoc \U000e0041\x00 <b>&"}
	for _, c := range append([]*card.Card{hostile}, cards()...) {
		var b strings.Builder
		if err := console.RenderJSON(&b, c); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s: the output holds %U", c.Title, r)
			}
		}
		plain, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decoded(t, string(plain)), decoded(t, b.String())); diff != "" {
			t.Errorf("%s: escaped, it is another card (-want +got):\n%s", c.Title, diff)
		}
	}
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func cards() []*card.Card {
	var out []*card.Card
	for _, s := range cardtest.Samples() {
		out = append(out, s.Card)
	}
	return out
}
