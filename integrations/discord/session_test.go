package discord_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/integrations/discord/discordtest"
)

// What people do, what they see, and who sees it.
func TestSession(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, echo)
			must := func(del *discordtest.Delivery) {
				t.Helper()
				if err := del.Err(); err != nil {
					t.Fatal(err, d.logs)
				}
			}
			must(d.Command(discordtest.Ada, discordtest.General, "/who-owns", "checkout"))
			m := d.Channel(discordtest.General).Last(discordtest.Ada)
			if !strings.Contains(m.Lines(), "you said who-owns checkout") {
				t.Errorf("Ada sees %s", m.Lines())
			}
			if len(d.Channel(discordtest.General).SeenBy(discordtest.Grace)) != 0 {
				t.Error("Grace sees an answer that is for Ada")
			}
			must(d.Press(discordtest.Ada, m, "Share"))
			if m := d.Channel(discordtest.General).Last(discordtest.Ada); !strings.Contains(m.Lines(), "you said share it") {
				t.Errorf("after the button Ada sees %s", m.Lines())
			}
			must(d.Command(discordtest.Ada, incident, "/callboard", "who-owns checkout"))
			if m := d.Channel(incident).Last(discordtest.Grace); !strings.Contains(m.Lines(), "you said who-owns checkout") {
				t.Errorf("in an open channel Grace sees %s", m.Lines())
			}
			must(d.DM(discordtest.Ada, "who-owns checkout"))
			<-time.After(2 * time.Second)
			if m := d.Direct(discordtest.Ada).Last(discordtest.Ada); !strings.Contains(m.Lines(), "you said who-owns checkout") {
				t.Errorf("in a direct message Ada sees %s", m.Lines())
			}
			must(d.Mention(discordtest.Grace, incident, "who-owns cart"))
			<-time.After(2 * time.Second)
			if m := d.Channel(incident).Last(discordtest.Ada); !strings.Contains(m.Lines(), "you said who-owns cart") {
				t.Errorf("a mention in an open channel: %s", m.Lines())
			}
			must(d.Mention(discordtest.Grace, discordtest.General, "who-owns cart"))
			<-time.After(2 * time.Second)
			m = d.Channel(discordtest.General).Last(discordtest.Grace)
			must(d.Press(discordtest.Grace, m, "Show"))
			if m := d.Channel(discordtest.General).Last(discordtest.Grace); !strings.Contains(m.Lines(), "you said who-owns cart") {
				t.Errorf("a mention elsewhere: %s", m.Lines())
			}
			if m := d.Channel(discordtest.General).Last(discordtest.Ada); strings.Contains(m.Lines(), "you said who-owns cart") {
				t.Error("Ada sees the answer to Grace")
			}
		})
	})
}

// Answers that take long are promised first, whoever may see them.
func TestSession_Late(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, func(ctx context.Context, req *bot.Request) bot.Reply {
				<-time.After(5 * time.Second)
				r := says("late " + req.Text)
				if strings.Contains(req.Text, "surprise") || strings.Contains(req.Text, "--share") && !strings.Contains(req.Text, "wrong") {
					r.Visibility = bot.Public
				}
				return r
			})
			for text, public := range map[string]bool{"a": false, "b --share": true, "surprise": true, "wrong --share": false} {
				before := len(d.Channel(discordtest.General).SeenBy(discordtest.Grace))
				del := d.Command(discordtest.Ada, discordtest.General, "/callboard", "text:"+text)
				if err := del.Err(); err != nil || del.Took() > time.Second {
					t.Fatalf("%v after %v; %s", err, del.Took(), d.logs)
				}
				<-time.After(10 * time.Second)
				if m := d.Channel(discordtest.General).Last(discordtest.Ada); !strings.Contains(m.Lines(), "late "+text) {
					t.Errorf("%s: Ada sees %s; %s", text, m.Lines(), d.logs)
				}
				if seen := len(d.Channel(discordtest.General).SeenBy(discordtest.Grace)) > before; seen != public {
					t.Errorf("%s: Grace sees it: %v", text, seen)
				}
			}
		})
	})
}

func TestSession_Autocomplete(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, func(_ context.Context, req *bot.Request) bot.Reply {
				if req.Kind != bot.Complete {
					return says(req.Text)
				}
				return bot.Reply{Choices: []bot.Choice{{Text: req.Text + "out", Hint: "service"}, {Text: req.Text + strings.Repeat("x", 200)}}}
			})
			if got := d.Autocomplete(discordtest.Ada, discordtest.General, "/who-owns", "check"); len(got) != 1 || got[0] != "checkout — service" {
				t.Errorf("offered: %q", got)
			}
			if got := d.Autocomplete(discordtest.Ada, discordtest.General, "/callboard", "text:who-owns check"); len(got) != 1 || got[0] != "who-owns checkout — service" {
				t.Errorf("offered: %q", got)
			}
		})
	})
}

// form is one with two pages, the first of which takes two modals.
func form() *card.Form {
	f := &card.Form{Title: "A long form", Command: "fill it", Pages: []card.Page{{Submit: "Next"}, {Submit: "Do it"}}}
	for i := range 7 {
		f.Pages[0].Inputs = append(f.Pages[0].Inputs, card.Input{Name: "in" + string(rune('a'+i)), Label: "Input " + string(rune('A'+i)), Kind: card.LineInput, Required: true})
	}
	f.Pages[1].Inputs = []card.Input{
		{Name: "who", Label: "Owner", Kind: card.EntityInput, Required: true},
		{Name: "colour", Label: "Colour", Kind: card.ChoiceInput, Options: []card.Option{{Value: "r", Label: "Red"}, {Value: "g", Label: "Green"}}},
	}
	return f
}

func TestSession_Form(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, func(_ context.Context, req *bot.Request) bot.Reply {
				f := form()
				f.Values = req.Values
				switch {
				case req.Kind == bot.Complete:
					return bot.Reply{Choices: []bot.Choice{{Text: "who-owns user:default/ada"}, {Text: "who-owns user:default/adam"}}}
				case req.Kind != bot.Submission:
					return bot.Reply{Form: f}.Fine()
				case req.Page == 0 && req.Values["ing"] == "bad":
					return bot.Reply{Form: f.Refused(map[string]string{"ing": "not good"})}
				case req.Page == 0:
					f.At = 1
					return bot.Reply{Form: f}.Fine()
				}
				return says("got " + req.Values["ina"] + req.Values["inf"] + req.Values["ing"] + " " + req.Values["who"] + " " + req.Values["colour"])
			})
			must := func(del *discordtest.Delivery) {
				t.Helper()
				if err := del.Err(); err != nil {
					t.Fatal(err, d.logs)
				}
			}
			press := func(label string) {
				t.Helper()
				must(d.Press(discordtest.Ada, d.Channel(discordtest.General).Last(discordtest.Ada), label))
			}
			must(d.Command(discordtest.Ada, discordtest.General, "/callboard", "form"))
			for i := range 5 {
				d.Fill(discordtest.Ada, "Input "+string(rune('A'+i)), string(rune('1'+i)))
			}
			must(d.Submit(discordtest.Ada))
			press("Continue")
			d.Fill(discordtest.Ada, "Input F", "6")
			d.Fill(discordtest.Ada, "Input G", "bad")
			must(d.Submit(discordtest.Ada))
			if m := d.Channel(discordtest.General).Last(discordtest.Ada); !strings.Contains(m.Lines(), "Input G: not good") {
				t.Errorf("what is wrong is not said: %s", m.Lines())
			}
			press("Correct it")
			d.Fill(discordtest.Ada, "Input G", "7")
			must(d.Submit(discordtest.Ada))
			press("Continue")
			d.Fill(discordtest.Ada, "Owner", "ada")
			d.Fill(discordtest.Ada, "Colour", "Green")
			must(d.Submit(discordtest.Ada))
			if m := d.Channel(discordtest.General).Last(discordtest.Ada); !strings.Contains(m.Lines(), "got 167 user:default/ada g") {
				t.Errorf("Ada sees %s", m.Lines())
			}
		})
	})
}

// A thread is as open as its channel, but for a private one, which fewer people read.
func TestSession_Thread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, echo)
		const public, private = "600000000000000021", "600000000000000022"
		d.AddChannel(discordtest.ChannelSpec{ID: public, Name: "what happened", Type: 11, Parent: incident})
		d.AddChannel(discordtest.ChannelSpec{ID: private, Name: "inc-secret", Type: 12, Parent: incident})
		for thread, want := range map[string]string{public: "you said hello", private: "press to see it"} {
			d.Mention(discordtest.Ada, thread, "hello")
			<-time.After(3 * time.Second)
			if m := d.Channel(thread).Last(discordtest.Grace); !strings.Contains(m.Content, want) {
				t.Errorf("in %s: %s; %s", thread, m.Content, d.logs)
			}
		}
	})
}

// A form of somebody else opens for nobody, and neither does one that is forgotten.
func TestSession_ForeignForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, func(context.Context, *bot.Request) bot.Reply { return bot.Reply{Form: form()}.Fine() })
		d.Command(discordtest.Ada, incident, "/callboard", "form")
		for i := range 5 {
			d.Fill(discordtest.Ada, "Input "+string(rune('A'+i)), "x")
		}
		d.Submit(discordtest.Ada)
		on := d.Channel(incident).Last(discordtest.Ada)
		if !on.Ephemeral() {
			t.Fatal("others see the way into the form")
		}
		d.Press(discordtest.Ada, on, "Continue")
		d.CloseModal(discordtest.Ada)
		<-time.After(25 * time.Hour)
		d.Press(discordtest.Ada, on, "Continue")
		if m := d.Channel(incident).Last(discordtest.Ada); !strings.Contains(m.Content, "do not have this form") {
			t.Errorf("Ada sees %s", m.Content)
		}
	})
}

// A command that is too long for a button works all the same, until the program ends.
func TestSession_LongCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := "find " + strings.Repeat("word ", 60) + "end"
		d := openDesk(t, overGateway, func(_ context.Context, req *bot.Request) bot.Reply {
			r := says(req.Text)
			r.Card.Actions = []card.Action{{Label: "Again", Command: long}}
			return r
		})
		d.Command(discordtest.Ada, incident, "/callboard", "hello")
		m := d.Channel(incident).Last(discordtest.Ada)
		d.Press(discordtest.Ada, m, "Again")
		if m := d.Channel(incident).Last(discordtest.Ada); m.Content != long {
			t.Errorf("asked %q", m.Content)
		}
		d.Press(discordtest.Ada, m.WithButton("Old", "r0:=ABC"), "Old")
		if m := d.Channel(incident).Last(discordtest.Ada); !strings.Contains(m.Content, "any more") {
			t.Errorf("Ada sees %q", m.Content)
		}
	})
}

// What was entered into a form that could not be taken is there still.
func TestSession_FormFault(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			f := &card.Form{Title: "Short", Command: "fill it", Pages: []card.Page{{Submit: "Do", Inputs: []card.Input{{Name: "a", Label: "A", Kind: card.LineInput}}}}}
			d := openDesk(t, mode, func(_ context.Context, req *bot.Request) bot.Reply {
				if req.Kind != bot.Submission {
					return bot.Reply{Form: f}.Fine()
				}
				if tries++; tries < 3 {
					if tries == 2 {
						<-time.After(3 * time.Second) // the answer comes later
					}
					return bot.Reply{Card: &card.Card{Summary: "our fault"}, Outcome: bot.Fault}
				}
				return says("got " + req.Values["a"])
			})
			d.Command(discordtest.Ada, incident, "/callboard", "form")
			d.Fill(discordtest.Ada, "A", "all that I wrote")
			for range 2 {
				d.Submit(discordtest.Ada)
				<-time.After(5 * time.Second)
				m := d.Channel(incident).Last(discordtest.Ada)
				if !strings.Contains(m.Content, "our fault") {
					t.Fatalf("Ada sees %s; %s", m.Lines(), d.logs)
				}
				d.Press(discordtest.Ada, m, "Try again")
			}
			d.Submit(discordtest.Ada)
			if m := d.Channel(incident).Last(discordtest.Ada); m.Content != "got all that I wrote" {
				t.Errorf("Ada sees %s; %s", m.Content, d.logs)
			}
		})
	})
}
