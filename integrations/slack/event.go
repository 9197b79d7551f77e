package slack

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"callboard/bot"
)

// turn is one event that asks something, with all that is needed to answer it.
type turn struct {
	kind        string // for metrics
	request     bot.Request
	responseURL string
	trigger     string
	channelName string // what Slack calls the channel beside the event; "" where it does not say
	message     string // ts of the message that a button is on
	ephemeral   bool   // that message is seen by the asker only
	view        bool   // a button on the home tab or in a modal: there is no message to answer beside
	viewID      string // of the form that was submitted
	firstInput  string // block of its first input
	below       string // ts of the message below which an answer for everybody begins a thread
}

// fromCommand reads a slash command. Fields come from the form body only, which is what is signed.
func (s *Slack) fromCommand(form url.Values) (*turn, error) {
	get := form.Get
	if err := s.ours(get("api_app_id"), get("team_id"), get("enterprise_id")); err != nil {
		return nil, err
	}
	verb, known := s.options.Commands[get("command")]
	if !known {
		return nil, errUnroutable
	}
	return &turn{
		kind: "command", responseURL: get("response_url"), trigger: get("trigger_id"), channelName: get("channel_name"),
		request: bot.Request{
			Kind: bot.Typed, ID: idOf("command", get("trigger_id")), User: s.user(get("user_id")), Address: s.address(get("channel_id"), ""),
			Text: strings.TrimSpace(verb + " " + readable(get("text"), "")),
		},
	}, nil
}

// idOf makes the id of an event; without a key there is none, and repetitions are not recognised.
func idOf(kind, key string) string {
	if key == "" {
		return ""
	}
	return kind + ":" + key
}

func (s *Slack) user(id string) bot.ChatUser {
	return bot.ChatUser{Platform: platform, Workspace: s.options.Team, ID: id}
}

// address is where an event came from. Whether it is open, locate finds out.
func (s *Slack) address(channel, thread string) bot.Address {
	return bot.Address{
		Platform: platform, Workspace: s.options.Team, Channel: channel, Thread: thread, Private: s.places.IsDirect(channel),
	}
}

// outer is the envelope of an event of the Events API.
type outer struct {
	Type           string          `json:"type"`
	Challenge      string          `json:"challenge"`
	TeamID         string          `json:"team_id"`
	APIAppID       string          `json:"api_app_id"`
	EventID        string          `json:"event_id"`
	Event          json.RawMessage `json:"event"`
	Authorizations []struct {
		EnterpriseID string `json:"enterprise_id"`
		TeamID       string `json:"team_id"`
		UserID       string `json:"user_id"`
		IsBot        bool   `json:"is_bot"`
	} `json:"authorizations"`
}

// inner is what is read of the events themselves.
type inner struct {
	Type        string `json:"type"`
	SubType     string `json:"subtype"`
	User        string `json:"user"`
	BotID       string `json:"bot_id"`
	WorkflowID  string `json:"workflow_id"`
	Text        string `json:"text"`
	TS          string `json:"ts"`
	ThreadTS    string `json:"thread_ts"`
	Channel     string `json:"channel"`
	ChannelType string `json:"channel_type"`
	UserTeam    string `json:"user_team"`
	Tab         string `json:"tab"`
}

// fromEvent reads an event of the Events API: a mention, a direct message, the home tab.
func (s *Slack) fromEvent(o *outer) (*turn, error) {
	if o.Type == "app_rate_limited" {
		s.log.Error("Slack holds events back: more than 30,000 came within an hour")
	}
	teams := []string{o.TeamID}
	for _, a := range o.Authorizations {
		teams = append(teams, a.TeamID, a.EnterpriseID)
	}
	if err := s.ours(o.APIAppID, teams...); err != nil {
		return nil, err
	}
	if o.Type != "event_callback" {
		return nil, errUnroutable
	}
	var e inner
	if err := json.Unmarshal(o.Event, &e); err != nil {
		return nil, fmt.Errorf("an event: %w: %w", errMalformed, err)
	}
	if e.UserTeam != "" && e.UserTeam != s.options.Team && !s.installedIn(o, e.UserTeam) {
		return nil, errForeignWorkspace // somebody of another company, in a shared channel
	}
	self := s.selfID()
	for _, a := range o.Authorizations {
		if a.IsBot && self == "" {
			self = a.UserID // auth.test has not answered yet
		}
	}
	if e.BotID != "" || e.WorkflowID != "" || e.User == "" || e.User == self {
		return nil, errUnroutable // only people ask
	}
	t := &turn{request: bot.Request{ID: idOf("event", o.EventID), User: s.user(e.User), Text: readable(e.Text, self)}}
	switch {
	case e.Type == "app_mention" && e.SubType == "":
		t.kind, t.request.Kind = "mention", bot.Mention
		t.request.Address, t.below = s.address(e.Channel, e.ThreadTS), e.TS
	case e.Type == "message" && e.SubType == "" && e.ChannelType == "im":
		s.places.Direct(e.Channel) // events come of the bot's own direct messages only
		t.kind, t.request.Kind = "message", bot.Mention
		t.request.Address = s.address(e.Channel, e.ThreadTS)
	case e.Type == "app_home_opened" && e.Tab == "home":
		t.kind, t.request.Kind, t.request.Text = "home", bot.Home, "home"
		t.request.Address = bot.Address{Platform: platform, Workspace: s.options.Team, Private: true}
	default:
		return nil, errUnroutable
	}
	return t, nil
}

// installedIn reports whether a workspace is one of those of the enterprise that the app is installed in. The team of the event
// itself does not say that: in a shared channel it may be the other company's.
func (s *Slack) installedIn(o *outer, team string) bool {
	for _, a := range o.Authorizations {
		if a.TeamID == team && a.EnterpriseID == s.options.Team {
			return true
		}
	}
	return false
}

// readable turns text as Slack encodes it into what the person sees: markup is taken apart first, then entities
// are decoded, so that what was typed as text is never taken for markup. Mentions of the bot itself go.
func readable(text, self string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "<")
		b.WriteString(before)
		if !found {
			break
		}
		inside, rest, closed := strings.Cut(after, ">")
		if !closed {
			b.WriteString("<" + after)
			break
		}
		b.WriteString(word(inside, self))
		if strings.TrimSpace(b.String()) == "" { // "@callboard: who-owns x" begins with the bot's name, not with a colon
			rest = strings.TrimLeft(rest, " \u00a0,:")
		}
		text = rest
	}
	decoded := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(b.String())
	return bot.Typable(decoded)
}

// word is how a piece of markup reads: @U1 for a person, #C1 for a channel, the address of a link, and what was typed where
// Slack made the link of it. The label of a link that somebody made may say anything, so that its address counts.
func word(markup, self string) string {
	target, label, labelled := strings.Cut(markup, "|")
	switch {
	case target == "":
		return label
	case strings.HasPrefix(target, "@"):
		if target[1:] == self {
			return ""
		}
		return target
	case strings.HasPrefix(target, "#"):
		return target
	case strings.HasPrefix(target, "!") && strings.Contains(target, "^") && labelled: // a user group, a date
		return label
	case strings.HasPrefix(target, "!"):
		return "@" + strings.TrimPrefix(strings.TrimPrefix(target, "!"), "subteam^")
	}
	for _, made := range []string{"mailto:", "tel:", "http://", "https://"} {
		if rest, is := strings.CutPrefix(target, made); is && labelled && strings.EqualFold(strings.TrimSuffix(rest, "/"), strings.TrimSuffix(label, "/")) {
			return label
		}
	}
	return strings.TrimPrefix(strings.TrimPrefix(target, "mailto:"), "tel:")
}
