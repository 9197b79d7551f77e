package main

import (
	"slices"
	"strings"
	"testing"

	"callboard/bot/command"
)

// The sessions of people in chats, on each platform in each mode: a verb that works on one only fails here.

func TestChat_WhoOwns(t *testing.T) {
	onEveryStage(t, "", func(t *testing.T, s session) {
		card := s.asks("ada", general, "/who-owns checkout", "checkout", "team-pay", "#pay-eng", "[Share]")
		if !card.alone {
			t.Error("the answer is for everybody, want it for the asker alone")
		}
		if !strings.HasPrefix(card.notice, "checkout: ") || strings.Contains(card.notice, "\n") {
			t.Errorf("the notification is %q, want the answer in one line", card.notice)
		}
		if seen := s.Seen("grace", general); len(seen) != 0 {
			t.Errorf("grace sees %d messages, want none", len(seen))
		}

		s.Press("ada", card, "Share")
		shared := s.sees("grace", general, "checkout", "team-pay")
		if shared.alone || slices.Contains(shared.buttons, "Share") {
			t.Errorf("shared as %+v", shared)
		}

		s.asks("ada", general, "/who-owns checkout-web --share", "checkout-web", "team-pay")
		s.sees("grace", general, "checkout-web", "team-pay")
	})
}

func TestChat_EveryWayIn(t *testing.T) {
	onEveryStage(t, "", func(t *testing.T, s session) {
		s.asks("ada", general, "/callboard who-owns checkout", "checkout", "team-pay", "[Share]")
		if answer := s.says("ada", general, "who-owns checkout", "checkout", "team-pay"); !answer.alone {
			t.Errorf("a mention is answered to everybody: %s", answer.text)
		}

		question := s.Thread("grace", general, "who has checkout?")
		if answer := s.says("ada", question, "who-owns checkout", "checkout", "team-pay"); !answer.alone {
			t.Errorf("in a thread everybody sees the answer: %s", answer.text)
		}
		if seen := s.Seen("grace", question); strings.Contains(seen[len(seen)-1].text, "team-pay") {
			t.Errorf("grace sees ada's answer: %s", seen[len(seen)-1].text)
		}
		if answer := s.says("grace", question, "who-owns checkout", "checkout", "team-pay", "[Share]"); !answer.alone {
			t.Errorf("who is not linked is answered to everybody: %s", answer.text)
		}

		if answer := s.says("grace", direct, "who-owns checkout", "checkout", "team-pay"); answer.alone {
			t.Error("in a direct message the answer is gone with the next start, want a message")
		}
	})
}

func TestChat_Incident(t *testing.T) {
	onEveryStage(t, "", func(t *testing.T, s session) {
		s.asks("grace", incident, "/callboard who-owns checkout", "checkout", "team-pay")
		if answer := s.sees("ada", incident, "checkout", "team-pay"); answer.alone || slices.Contains(answer.buttons, "Share") {
			t.Errorf("in a channel of an incident, by a command: %+v", answer)
		}
		s.sees("ada", s.Say("grace", incident, "runbook checkout errors"), "High error rate", "Roll back")
		question := s.Thread("grace", incident, "who has the web shop?")
		s.sees("ada", s.Say("grace", question, "who-owns checkout-web"), "checkout-web", "team-pay")
	})
}

func TestChat_TypoAndPick(t *testing.T) {
	onEveryStage(t, "", func(t *testing.T, s session) {
		pick := s.asks("ada", general, "/who-owns billing", `"billing" matches 2 entities`)
		if len(pick.buttons) < 2 || pick.buttons[0] == pick.buttons[1] {
			t.Fatalf("buttons %q, want two that differ", pick.buttons)
		}
		s.Press("ada", pick, pick.buttons[0])
		if choice := s.sees("ada", general, "billing", "team-pay", "[Share]"); !choice.alone || choice.edits != 1 || len(s.Seen("ada", general)) != 1 {
			t.Errorf("%+v, want it for the asker alone in place of the question", choice)
		}

		typo := s.asks("ada", general, "/who-owns chekout", `No entity "chekout"`, "checkout")
		if !typo.alone || !strings.Contains(typo.notice, `No entity "chekout"`) || slices.Contains(typo.buttons, "Share") {
			t.Errorf("a typo is answered by %+v", typo)
		}
		s.Press("ada", typo, typo.buttons[0])
		if answer := s.sees("ada", general, "checkout", "service", "team-pay", "[Share]"); !answer.alone {
			t.Errorf("the answer to a typo is for everybody: %s", answer.text)
		}
		if seen := s.Seen("grace", general); len(seen) != 0 {
			t.Errorf("grace sees %d messages, want none", len(seen))
		}

		verb := s.asks("ada", general, "/callboard whoowns checkout", "Did you mean: who-owns")
		s.Press("ada", verb, "who-owns")
		s.sees("ada", general, "checkout", "service", "team-pay")
	})
}

func TestChat_Link(t *testing.T) {
	onEveryStage(t, "", func(t *testing.T, s session) {
		s.Command("grace", general, "/callboard link")
		s.reads("grace", "You in the catalog", "Anything they should know")
		s.Find("grace", "You in the catalog", "byron")
		s.Submit("grace")
		s.reads("grace", "this person has another account already")

		s.Find("grace", "You in the catalog", "hopper")
		s.Fill("grace", "Anything they should know", "first day <!channel> @everyone")
		s.Submit("grace")
		s.reads("grace", "I asked the operators to link this account to Grace Hopper")
		asked := s.sees("ada", ops, "Grace Hopper", s.Account("grace"), "first day")
		if asked.alone || asked.edits != 0 {
			t.Errorf("%+v, want one message for everybody there", asked)
		}

		// By a mention no form can be opened: a button leads to it, and to what is wrong, for who asked alone.
		s.reaches("grace", general, "link user:default/nobody", "no such person", "You in the catalog")

		// The same again: the operators see one message.
		s.asks("grace", general, "/callboard link user:default/grace", "I asked the operators")
		if n := len(s.Seen("ada", ops)); n != 1 {
			t.Errorf("the operators see %d messages, want 1", n)
		}
	})
}

func TestChat_RunbookAndDocs(t *testing.T) {
	onEveryStage(t, "", func(t *testing.T, s session) {
		sections := s.asks("ada", general, "/runbook checkout", "2 sections", "High error rate", "Latency")
		s.Press("ada", sections, "High error rate")
		s.sees("ada", general, "More than 1 % of checkouts fail", "Open the dashboard", "Roll back", "docs/runbook.md")

		found := s.asks("ada", general, "/callboard docs idempotency", "1 section matches", "Keys")
		s.Press("ada", found, found.buttons[0])
		s.sees("ada", general, "The same idempotency key gives the same answer", "docs/index.md", "[Share]")
	})
}

func TestChat_Home(t *testing.T) {
	onEveryStage(t, "", func(t *testing.T, s session) {
		page := s.opens("ada", "My services", "Ada Byron", "checkout-web")
		s.Press("ada", page, "Who am I?")
		welcome := s.opens("grace", "Welcome", "[Link my account]")
		s.Press("grace", welcome, "Link my account")
		s.reads("grace", "You in the catalog")
	})
}

func TestChat_Unlinked(t *testing.T) {
	onEveryStage(t, "", func(t *testing.T, s session) {
		s.asks("ada", general, "/callboard whoami", "Ada Byron (user:default/ada)", "team-pay")
		s.asks("grace", general, "/callboard whoami", "Person", "unknown", "no User of the catalog carries", "link gets you added")
		s.asks("grace", general, "/who-owns checkout", "checkout", "team-pay")
	})
}

// verbs has a question for each verb, and what its answer to ada holds.
func verbs() map[string]struct {
	line  string
	holds []string
} {
	return map[string]struct {
		line  string
		holds []string
	}{
		"who-owns": {"who-owns checkout", []string{"checkout", "team-pay", "#pay-eng"}},
		"runbook":  {"runbook checkout errors", []string{"High error rate", "More than 1 % of checkouts fail", "Roll back"}},
		"links":    {"links checkout", []string{"Graphs", "https://graphs.example.com/checkout"}},
		"deps":     {"deps checkout --up", []string{"checkout-web"}},
		"find":     {"find kind:api", []string{"1 entity matches", "billing"}},
		"docs":     {"docs idempotency", []string{"1 section matches", "Keys"}},
		"stale":    {"stale", []string{"Nothing is wrong"}},
		"explain":  {"explain checkout", []string{"catalog-info.yaml", "Ada"}},
		"home":     {"home", []string{"My services", "checkout-web"}},
		"health":   {"health", []string{"OK", "8 entities"}},
		"whoami":   {"whoami", []string{"Ada Byron", "team-pay"}},
		"link":     {"link", []string{"Ada Byron"}}, // who is linked is told as whom
		"help":     {"help", []string{"What I can do", "who-owns"}},
	}
}

// Each verb answers. A new one needs a row.
func TestChat_EveryVerb(t *testing.T) {
	rows := verbs()
	all := command.All(command.Deps{})
	if len(rows) != len(all) {
		t.Errorf("%d rows for %d verbs", len(rows), len(all))
	}
	onEveryStage(t, "", func(t *testing.T, s session) {
		for _, verb := range all {
			row, found := rows[verb.Name]
			if !found {
				t.Errorf("no row for %s", verb.Name)
				continue
			}
			s.asks("ada", general, "/callboard "+row.line, row.holds...)
		}
	})
}

// hiding is a rule by which only those see what is confidential who own it.
const hiding = "policy:\n  visibility:\n  - { name: not-yet, when: 'entity.metadata.labels[\"confidential\"] == \"true\"', owners: true }\n"

// What a rule hides is, for whom it hides it, as if it were not there.
func TestChat_Hidden(t *testing.T) {
	onEveryStage(t, hiding, func(t *testing.T, s session) {
		s.asks("ada", general, "/who-owns merger", "merger", "team-pay")
		hidden := s.asks("grace", general, "/who-owns merger", `No entity "merger"`)
		unknown := s.asks("grace", general, "/who-owns mergex", `No entity "mergex"`)
		if got := strings.ReplaceAll(unknown.text, "mergex", "merger"); got != hidden.text {
			t.Errorf("what is hidden:\n%s\nwhat is not there:\n%s", hidden.text, got)
		}
		s.asks("ada", general, "/callboard find kind:component", "3 entities match", "merger")
		if found := s.asks("grace", general, "/callboard find kind:component", "2 entities match"); strings.Contains(found.text, "merger") {
			t.Errorf("grace finds it:\n%s", found.text)
		}
	})
}

// Who asks too fast is told so, and others are answered.
func TestChat_Flood(t *testing.T) {
	const most = 200 // the more slowly a machine asks, the more it may
	onEveryStage(t, "", func(t *testing.T, s session) {
		refused := func() bool {
			return slices.ContainsFunc(s.Seen("grace", general), func(n note) bool { return strings.Contains(n.text, "You ask faster than I may answer") })
		}
		for range most {
			if s.Command("grace", general, "/who-owns checkout"); refused() {
				break
			}
		}
		s.Until("grace is told to wait", refused)
		s.asks("ada", general, "/who-owns checkout", "checkout", "team-pay")
	})
}
