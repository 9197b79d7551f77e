package slack_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/bot/card/cardtest"
	"callboard/integrations/slack/slacktest"
)

// saysCut is what an answer has where something of its card is missing.
const saysCut = "…"

// Every sample card, the largest and the hostile ones too, on every surface: nothing of it is refused, which the fake
// Slack sees to, and where a fact, a row, a note or a button is missing, the answer says that it is cut.
func TestCards_EverySurface(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			var shown *card.Card
			d := openDesk(t, mode, slacktest.Options{Unlimited: true}, func(_ context.Context, req *bot.Request) bot.Reply {
				req.Taken()
				r := bot.Reply{Card: shown, Share: "who-owns x --share"}.Fine()
				if strings.HasSuffix(req.Text, "--share") {
					r.Visibility = bot.Public
				}
				return r
			})
			for i, s := range cardtest.Samples() {
				shown = s.Card
				user, channel := fmt.Sprint("US", i), fmt.Sprint("CS", i)
				d.AddUser(slacktest.User{ID: user, Name: "s"})
				d.AddChannel(slacktest.ChannelSpec{ID: channel, Name: "s", Members: []string{d.BotUser, user}})
				d.Command(user, channel, "/callboard", "a")
				d.Command(user, channel, "/callboard", "a --share")
				d.Mention(user, channel, "a")
				d.DM(user, "a")
				d.OpenHome(user)
				<-time.After(time.Minute)
				d.Press(user, d.Channel(channel).Last(user).WithButton("again"), "again")
				if home := d.Home(user); home != nil && len(home.Buttons()) > 0 {
					d.Press(user, home, home.Buttons()[0])
				}
				<-time.After(time.Minute)
				var seen []string
				for _, m := range append(d.Channel(channel).FromBot(), d.Direct(user).FromBot()...) {
					seen = append(seen, m.Lines())
				}
				if len(seen) < 4 || d.Home(user) == nil {
					t.Errorf("%s: %d answers, home %v", s.Name, len(seen), d.Home(user) != nil)
					continue
				}
				for _, lines := range append(seen, d.Home(user).Lines()) {
					if lost := missing(s.Card, lines); lost != "" && !strings.Contains(lines, saysCut) {
						t.Errorf("%s: %q is missing, and nothing says so:\n%s", s.Name, lost, lines)
					}
				}
			}
		})
	})
}

// missing gives a part of a card that is not among the lines: labels, since texts may be made harmless.
func missing(c *card.Card, lines string) string {
	for _, f := range c.Fields {
		if !strings.Contains(lines, strings.Fields(f.Label)[0]) {
			return f.Label
		}
	}
	for _, it := range c.Items {
		if word := strings.Fields(it.Text.Plain()); len(word) > 0 && ascii(word[0]) && !strings.Contains(lines, word[0]) {
			return word[0]
		}
	}
	for _, n := range c.Notes {
		if word := strings.Fields(n.Text.Plain()); len(word) > 0 && ascii(word[0]) && !strings.Contains(lines, word[0]) {
			return word[0]
		}
	}
	for _, a := range c.Actions {
		if ascii(a.Label) && !strings.Contains(lines, "["+a.Label+"]") {
			return a.Label
		}
	}
	return ""
}

func ascii(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789- ") == ""
}

// A menu that holds a part of the rows says so: the other rows can be read, and asked for.
func TestCards_MenuSaysWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &card.Card{Title: "Many", Summary: "many rows"}
		for i := range 60 {
			c.Items = append(c.Items, card.Item{Text: card.T(fmt.Sprint("service-", i)), Action: fmt.Sprint("who-owns component:default/service-", i)})
		}
		d := openDesk(t, overHTTP, slacktest.Options{}, func(_ context.Context, req *bot.Request) bot.Reply {
			req.Taken()
			return bot.Reply{Card: c}.Fine()
		})
		d.Command("U1", "C1", "/callboard", "a")
		if lines := d.Channel("C1").Last("U1").Lines(); !strings.Contains(lines, "service-59") || !strings.Contains(lines, "[Pick one (") || !strings.Contains(lines, " of 60)") {
			t.Errorf("the menu does not say that it is short:\n%s", lines)
		}
	})
}
