package slack

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/bot/card/cardtest"
	"callboard/integrations/slack/slacktest"
)

// fullForm has two pages that are full in every way.
func fullForm(word func(n int) string) *card.Form {
	f := &card.Form{Title: word(card.MaxFormTitle), Command: "link", Values: map[string]string{}}
	for p := range 2 {
		page := card.Page{Intro: card.T(word(card.MaxText)), Submit: word(card.MaxSubmit)}
		for i := range card.MaxInputs {
			in := card.Input{Name: "in_" + strconv.Itoa(p) + "_" + strconv.Itoa(i), Label: word(card.MaxInputLabel), Hint: word(card.MaxHint), Error: word(card.MaxErrorLength), Required: i%2 == 0}
			in.Kind = []card.InputKind{card.LineInput, card.LinesInput, card.ChoiceInput, card.EntityInput}[i%4]
			if in.Kind == card.ChoiceInput {
				for n := range card.MaxOptions {
					in.Options = append(in.Options, card.Option{Value: strconv.Itoa(n), Label: word(card.MaxOptionText)})
				}
				f.Values[in.Name] = "99"
			} else if p == 0 {
				f.Values[in.Name] = word(card.MaxValue)
			}
			page.Inputs = append(page.Inputs, in)
		}
		f.Pages = append(f.Pages, page)
	}
	return f
}

// A form at the limits of package card, of honest, right-to-left and hostile texts, is one that Slack takes.
func TestModal_Limits(t *testing.T) {
	texts := cardtest.HostileTexts()
	texts["latin"], texts["rtl"], texts["wide"], texts["blank"] = "lorem ipsum ", "צוות תשלומים ", "支払いサービス", " \u200b"
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			word := func(n int) string {
				r := []rune(card.Line(strings.ToValidUTF8(strings.Repeat(text, 1+n/len([]rune(text))), "?")))
				return string(r[:min(n, len(r))])
			}
			f := fullForm(word)
			view, err := modal(f, "C1", "17.1")
			if err != nil {
				t.Fatal(err)
			}
			encoded, err := json.Marshal(view)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range slacktest.CheckView(encoded) {
				t.Errorf("Slack refuses: %s", fault)
			}
			if name == "latin" && strings.Count(string(encoded), `"type":"input"`) != card.MaxInputs {
				t.Error("an input is missing")
			}
		})
	}
}

// What does not fit between two pages is said at the page, which stays with what was entered.
func TestModal_Metadata(t *testing.T) {
	f := fullForm(func(n int) string { return strings.Repeat("x", n) })
	for i := range f.Pages {
		for j := range f.Pages[i].Inputs {
			f.Pages[i].Inputs[j].Error = ""
		}
	}
	f.At = 1 // the values of page 0 would have to travel
	if _, err := modal(f, "C1", ""); err == nil {
		t.Fatal("more than Slack keeps was taken")
	}
	encoded, err := json.Marshal(submitted(&turn{firstInput: "in_0_0"}, bot.Reply{Form: f}.Fine()))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"response_action":"errors"`, `"in_0_0"`, "longer than Slack keeps"} {
		if !strings.Contains(string(encoded), want) {
			t.Errorf("%s lacks %s", encoded, want)
		}
	}
	for name := range f.Values {
		f.Values[name] = "fits"
	}
	view, err := modal(f, "C1", "")
	if err != nil {
		t.Fatal(err)
	}
	state, err := readState(view.PrivateMetadata)
	if err != nil || state.Page != 1 || len(view.PrivateMetadata) > maxMetadata {
		t.Fatalf("%+v, %v", state, err)
	}
	for _, in := range f.Pages[0].Inputs {
		if want := f.Values[in.Name]; state.Values[in.Name] != want {
			t.Errorf("%s is %q on the next page, want %q", in.Name, state.Values[in.Name], want)
		}
	}
}

// A text that is cut ends with an ellipsis, also where its first piece just fits.
func TestWriting_SaysCut(t *testing.T) {
	for _, first := range []int{maxSection - 1, maxSection, maxSection + 1} {
		var w writing
		w.say(strings.Repeat("a", first), nil)
		w.say(" more", &look{Bold: true})
		w.link("and a link", "https://acme.example", nil)
		encoded, err := json.Marshal(w.section())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(encoded), card.Ellipsis) || strings.Count(string(encoded), card.Ellipsis) > 1 {
			t.Errorf("of %d characters, and more, the end is %s", first, encoded[max(0, len(encoded)-200):])
		}
	}
}
