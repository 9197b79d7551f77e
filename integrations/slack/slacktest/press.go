package slacktest

import (
	"bytes"
	"maps"
	"strings"
)

// Surface is what has something to press: a [Message] or a [*View].
type Surface interface {
	all() []object
	frame(s *Server, user string) object
}

func (m Message) all() []object { return m.Blocks }
func (v *View) all() []object   { return v.Blocks }

// frame says where on the screen something is pressed. A message that one person sees is not sent along.
func (m Message) frame(s *Server, user string) object {
	ch := s.channel(m.Channel)
	container := object{"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": m.To != ""}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	more := object{
		"container": container, "channel": object{"id": ch.ID, "name": ch.Name}, "state": object{"values": object{}},
		"response_url": s.newResponse(ch.ID, user, &m),
	}
	if m.To == "" {
		more["message"] = m.wire(false)
	}
	return more
}

func (v *View) frame(*Server, string) object {
	return object{"container": object{"type": "view", "view_id": v.ID}}
}

// Press presses a button by the words on it.
func (s *Server) Press(user string, on Surface, label string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	block, e := find(on, func(e object) bool { return str(e, "type") == "button" && words(sub(e, "text")) == label })
	if e == nil {
		s.tb.Fatalf("slack: there is no button %q, but %q", label, buttons(on.all()))
	}
	action := object{"type": "button", "text": e["text"]}
	if has(e, "value") {
		action["value"] = e["value"]
	}
	return s.act(user, on, block, e, action, knobs)
}

// Choose chooses an option by its words, in a menu, or in one that was searched before.
func (s *Server) Choose(user string, on Surface, label string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	block, e := find(on, func(e object) bool { return s.option(user, e, label) != nil })
	if e == nil {
		s.tb.Fatalf("slack: no menu offers %q", label)
	}
	action := object{"type": e["type"], "selected_option": s.option(user, e, label)}
	if has(e, "placeholder") {
		action["placeholder"] = e["placeholder"]
	}
	return s.act(user, on, block, e, action, knobs)
}

func find(on Surface, match func(object) bool) (block, element object) {
	for _, b := range on.all() {
		for _, e := range elements(b) {
			if match(e) {
				return b, e
			}
		}
	}
	return nil, nil
}

// option gives the option of an element with these words, nil for none.
func (s *Server) option(user string, e object, label string) object {
	options := objects(e, "options")
	for _, g := range objects(e, "option_groups") {
		options = append(options, objects(g, "options")...)
	}
	if strings.HasSuffix(str(e, "type"), "external_select") {
		s.mu.Lock()
		options = objects(s.offered[user], str(e, "action_id"))
		s.mu.Unlock()
	}
	for _, o := range options {
		if words(sub(o, "text")) == label {
			return o
		}
	}
	return nil
}

func (s *Server) act(user string, on Surface, block, e, action object, knobs []Knob) *Delivery {
	s.tb.Helper()
	s.mu.Lock()
	more := on.frame(s, user)
	action["action_id"], action["block_id"], action["action_ts"] = e["action_id"], block["block_id"], s.ts()
	s.mu.Unlock()
	more["actions"] = []object{action}
	view, _ := on.(*View)
	return s.interact(user, "block_actions", s.shaped(knobs), more, view)
}

// Search types into the menu with this placeholder or label, which asks the bot, and gives what it offers.
func (s *Server) Search(user string, on Surface, menu, typed string, knobs ...Knob) []string {
	s.tb.Helper()
	block, e := find(on, func(e object) bool {
		return strings.HasSuffix(str(e, "type"), "external_select") && words(sub(e, "placeholder")) == menu
	})
	for _, b := range on.all() {
		if e == nil && str(b, "type") == "input" && words(sub(b, "label")) == menu {
			block, e = b, sub(b, "element")
		}
	}
	if e == nil {
		s.tb.Fatalf("slack: there is no menu %q to search", menu)
	}
	s.mu.Lock()
	more := on.frame(s, user)
	s.mu.Unlock()
	delete(more, "response_url")
	view, _ := on.(*View)
	maps.Copy(more, object{"action_id": e["action_id"], "block_id": block["block_id"], "value": typed})
	return s.interact(user, "block_suggestion", s.shaped(knobs), more, view).Options
}

// suggested keeps the options that the bot offers, to choose from, and gives their words. The caller holds the lock.
func (s *Server) suggested(d *Delivery, answer []byte) []string {
	options := s.judgeOptions(bytes.TrimSpace(answer))
	if s.offered == nil {
		s.offered = map[string]object{}
	}
	if s.offered[d.user] == nil {
		s.offered[d.user] = object{}
	}
	kept := []any{}
	var labels []string
	for _, o := range options {
		kept = append(kept, o)
		labels = append(labels, words(sub(o, "text")))
	}
	s.offered[d.user][str(d.payload, "action_id")] = kept
	return labels
}
