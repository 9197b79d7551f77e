package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"callboard/bot"
)

// Rules says how the rules are that hide entities. It names what is hidden, so it is for operators: only the daemon's own
// user can ask for it.
func (a *App) Rules(context.Context) ([]bot.Finding, error) {
	const part = "rules"
	report := a.Policy()
	if report == nil {
		return []bot.Finding{{Part: part, Grade: bot.Sound, Text: "there are none: everybody who may ask sees everything"}}, nil
	}
	var out []bot.Finding
	say := func(grade bot.Grade, fix, format string, args ...any) {
		out = append(out, bot.Finding{Part: part, Grade: grade, Fix: fix, Text: fmt.Sprintf(format, args...)})
	}
	if report.Why != "" {
		say(bot.Wrong, "see that the source can be read, and that policy.path names the file in it", "%s", report.Why)
	}
	for _, p := range report.Problems {
		say(bot.Wrong, p.Fix, "%s: %s", p.Origin.Place(), p.Sentence())
	}
	for _, f := range report.Failures {
		say(bot.Wrong, "correct its condition; until then the rule counts for it", "%s cannot judge %s: %v", f.Rule, f.Entity, f.Err)
	}
	for _, r := range report.Rules {
		for _, ref := range r.Unknown {
			say(bot.Doubtful, "correct "+r.Rule.Place, "%s lets %s see, whom the catalog does not have", r.Rule.Name, ref)
		}
		for _, ref := range r.Empty {
			say(bot.Doubtful, "add members, or correct "+r.Rule.Place, "%s lets %s see, which has no members", r.Rule.Name, ref)
		}
		say(bot.Sound, "", "entities that %s hides: %d", r.Rule.Name, r.Hides)
	}
	return out, nil
}

// Rules asks the daemon.
func (c *Client) Rules(ctx context.Context) ([]bot.Finding, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit+clientMargin)
	defer cancel()
	response, err := c.do(ctx, http.MethodGet, "/rules", nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // all was read
	var findings []bot.Finding
	err = json.NewDecoder(response.Body).Decode(&findings)
	return findings, err
}

func (a *App) socketRules(w http.ResponseWriter, r *http.Request) {
	findings, err := a.Rules(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(findings) // a client that went away hears nothing
}

// rules looks at the rules through a session.
func (d *Doctor) rules(ctx context.Context, session Session) {
	findings, err := session.Rules(ctx)
	if err != nil {
		d.say("rules", bot.Doubtful, "ask doctor again; when it stays so, look at the daemon's log, and start it anew", "the daemon does not say how they are: %v", err)
	}
	for _, f := range findings {
		d.Found(f)
	}
}
