package slack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"callboard/bot"
)

// interaction is what is read of a payload of interactivity. Slack sends the message along that a button is on, and the whole
// of a form: they are left unread, so that no block in them that nobody here knows makes a button useless.
type interaction struct {
	Type        string `json:"type"`
	APIAppID    string `json:"api_app_id"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
	Team        struct {
		ID string `json:"id"`
	} `json:"team"`
	Enterprise struct {
		ID string `json:"id"`
	} `json:"enterprise"`
	User struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"channel"`
	Container struct {
		Type        string `json:"type"`
		ViewID      string `json:"view_id"`
		ChannelID   string `json:"channel_id"`
		MessageTS   string `json:"message_ts"`
		ThreadTS    string `json:"thread_ts"`
		IsEphemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	Actions []json.RawMessage `json:"actions"`
	View    formView          `json:"view"`

	ActionID string `json:"action_id"` // of the select that suggestions are for
	Value    string `json:"value"`     // what was typed there
}

// pressed is what is read of an element that somebody pressed or filled in.
type pressed struct {
	ActionID       string `json:"action_id"`
	ActionTS       string `json:"action_ts"`
	Value          string `json:"value"`
	SelectedOption struct {
		Value string `json:"value"`
	} `json:"selected_option"`
}

// chosen is what was entered, or the option that was chosen.
func (p *pressed) chosen() string {
	if p.Value != "" {
		return p.Value
	}
	return p.SelectedOption.Value
}

// formView is what is read of a form that was submitted.
type formView struct {
	ID              string `json:"id"`
	CallbackID      string `json:"callback_id"`
	PrivateMetadata string `json:"private_metadata"`
	Blocks          []struct {
		Type    string `json:"type"`
		BlockID string `json:"block_id"`
	} `json:"blocks"`
	State struct {
		Values map[string]map[string]pressed `json:"values"` // by block and action
	} `json:"state"`
}

// fromInteraction reads what somebody pressed, chose, typed into a select or submitted.
func (s *Slack) fromInteraction(payload []byte) (*turn, error) {
	var p interaction
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, fmt.Errorf("an interaction: %w: %w", errMalformed, err)
	}
	if err := s.ours(p.APIAppID, p.Team.ID, p.Enterprise.ID); err != nil {
		return nil, err
	}
	if p.User.TeamID != "" && p.User.TeamID != p.Team.ID && p.User.TeamID != s.options.Team {
		return nil, errForeignWorkspace
	}
	t := &turn{responseURL: p.ResponseURL, trigger: p.TriggerID, channelName: p.Channel.Name}
	t.request.User = s.user(p.User.ID)
	t.request.Address = s.address(cmp.Or(p.Container.ChannelID, p.Channel.ID), p.Container.ThreadTS)
	switch p.Type {
	case "block_actions":
		return t, t.action(&p)
	case "view_submission":
		return t, s.submission(t, &p)
	case "block_suggestion":
		return t, t.suggestion(&p)
	default:
		return nil, errUnroutable
	}
}

// action reads a button or a select that repeats a command, which is parsed and authorised like typed text.
func (t *turn) action(p *interaction) error {
	if len(p.Actions) == 0 {
		return errUnroutable
	}
	var a pressed
	if err := json.Unmarshal(p.Actions[0], &a); err != nil {
		return fmt.Errorf("what was pressed: %w: %w", errMalformed, err)
	}
	if a.ActionID != actionRun && !strings.HasPrefix(a.ActionID, actionRun+":") {
		return errUnroutable
	}
	command := a.chosen()
	if command == "" {
		return errUnroutable
	}
	t.kind = "action"
	t.message, t.ephemeral, t.view = p.Container.MessageTS, p.Container.IsEphemeral, p.Container.Type == "view"
	t.request.Kind, t.request.Text = bot.Action, command
	t.request.Address.Private = t.request.Address.Private || t.view
	t.request.ID = idOf("action", strings.Join([]string{p.Container.MessageTS, p.Container.ViewID, a.ActionID, p.User.ID, a.ActionTS}, "/"))
	return nil
}

// submission reads a page of a form.
func (s *Slack) submission(t *turn, p *interaction) error {
	if p.View.CallbackID != formCallback {
		return errUnroutable
	}
	state, err := readState(p.View.PrivateMetadata)
	if err != nil {
		return err
	}
	t.kind, t.view, t.viewID = "submission", true, p.View.ID
	t.request.Kind, t.request.Text, t.request.Page = bot.Submission, state.Command, state.Page
	t.request.ID = idOf("submission", p.TriggerID) // a page that was refused comes again with the same view and hash
	t.request.Values = state.Values
	t.request.Address = s.address(state.Channel, state.Thread)
	if t.request.Address.Channel == "" {
		t.request.Address.Private = true
	}
	for _, b := range p.View.Blocks {
		if b.Type == "input" && t.firstInput == "" {
			t.firstInput = b.BlockID
		}
	}
	for name, actions := range p.View.State.Values {
		for _, a := range actions {
			t.request.Values[name] = a.chosen()
		}
	}
	return nil
}

// suggestion reads what was typed into an external select so far.
func (t *turn) suggestion(p *interaction) error {
	kinds, is := strings.CutPrefix(p.ActionID, actionEntity+":")
	if !is {
		return errUnroutable
	}
	t.kind = "suggestion"
	if kinds != "" {
		t.request.Kinds = strings.Split(kinds, ",")
	}
	words := strings.Fields(strings.ReplaceAll(p.Value, `"`, ""))
	for i, w := range words {
		words[i] = strings.TrimLeft(w, "-–—") // a name that is looked for, never a flag
	}
	t.request.Kind, t.request.Text = bot.Complete, "who-owns "+strings.Join(words, " ")
	return nil
}
