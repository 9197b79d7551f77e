package slacktest

import (
	"maps"
	"strings"
)

// Command gives a slash command, "/who-owns" with the text "checkout", and waits for the acknowledgement.
func (s *Server) Command(user, channel, command, text string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	made := s.shaped(knobs)
	s.mu.Lock()
	u, ch := s.mustUser(user), s.mustChannel(channel)
	trigger, response := s.newTrigger(user, ""), s.newResponse(channel, user, nil)
	s.mu.Unlock()
	return s.deliver(&Delivery{
		ResponseURL: response, TriggerID: trigger, kind: slashCommand, shape: made, user: user, channel: channel,
		payload: object{
			"token": "deprecated", "team_id": made.team, "team_domain": "example", "channel_id": channel, "channel_name": ch.Name,
			"user_id": user, "user_name": u.Name, "command": command, "text": text, "api_app_id": made.app,
			"is_enterprise_install": "false", "response_url": response, "trigger_id": trigger,
		},
	})
}

// Mention writes a text that mentions the bot in a channel, or with [InThread] below a message.
func (s *Server) Mention(user, channel, text string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	return s.speak("app_mention", user, channel, "<@"+s.BotUser+"> "+text, knobs)
}

// DM writes to the bot in the conversation of the two.
func (s *Server) DM(user, text string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	s.mu.Lock()
	id := s.direct(user).ID
	s.mu.Unlock()
	return s.speak("message", user, id, text, knobs)
}

// Say writes a message that the bot does not hear of, and gives its id.
func (s *Server) Say(user, channel, text string) string {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(s.mustChannel(channel), user, text, "").TS
}

// speak writes a message and tells the bot of it.
func (s *Server) speak(kind, user, channel, text string, knobs []Knob) *Delivery {
	s.tb.Helper()
	made := s.shaped(knobs)
	s.mu.Lock()
	u, ch := s.mustUser(user), s.mustChannel(channel)
	m := s.write(ch, user, text, made.thread)
	inner := object{
		"type": kind, "user": user, "text": text, "ts": m.TS, "channel": channel, "event_ts": m.TS, "team": u.TeamID,
		"client_msg_id": s.id("msg"),
		"blocks": []object{{"type": "rich_text", "block_id": s.id("b"), "elements": []object{{
			"type": "rich_text_section", "elements": []object{{"type": "text", "text": text}},
		}}}},
	}
	s.mu.Unlock()
	if kind == "message" {
		inner["channel_type"] = "im"
	}
	if u.TeamID != s.TeamID {
		inner["user_team"], inner["source_team"] = u.TeamID, u.TeamID
	}
	if u.Bot || u.WorkflowBot {
		inner["bot_id"] = "B" + strings.TrimPrefix(user, "U")
	}
	if made.thread != "" {
		inner["thread_ts"] = made.thread
	}
	return s.event(inner, made, user, channel)
}

// OpenHome opens the app's Home tab, or with [OnTab] another.
func (s *Server) OpenHome(user string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	made := s.shaped(knobs)
	s.mu.Lock()
	s.mustUser(user)
	inner := object{
		"type": "app_home_opened", "user": user, "channel": s.direct(user).ID, "tab": made.tab, "event_ts": s.ts(),
	}
	if v := s.homes[user]; v != nil {
		inner["view"] = v.wire()
	}
	s.mu.Unlock()
	return s.event(inner, made, user, "")
}

// Join lets somebody join a channel; the bot's own user joins it when it is the one.
func (s *Server) Join(user, channel string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	s.mu.Lock()
	ch := s.mustChannel(channel)
	ch.Members = append(ch.Members, user)
	inner := object{
		"type": "member_joined_channel", "user": user, "channel": channel, "channel_type": "C", "team": s.TeamID,
		"event_ts": s.ts(),
	}
	s.mu.Unlock()
	return s.event(inner, s.shaped(knobs), user, channel)
}

// Event sends any event of the Events API; inner is the part that has the event's own type.
func (s *Server) Event(inner map[string]any, knobs ...Knob) *Delivery {
	s.tb.Helper()
	return s.event(inner, s.shaped(knobs), str(inner, "user"), str(inner, "channel"))
}

func (s *Server) event(inner object, made shape, user, channel string) *Delivery {
	s.mu.Lock()
	id := made.eventID
	if id == "" {
		id = s.id("Ev")
	}
	now := s.now().Unix()
	s.mu.Unlock()
	return s.deliver(&Delivery{
		EventID: id, kind: event, shape: made, user: user, channel: channel,
		payload: object{
			"token": "deprecated", "team_id": made.team, "api_app_id": made.app, "event": inner, "type": "event_callback",
			"event_id": id, "event_time": now, "is_ext_shared_channel": false, "event_context": "4-" + id,
			"authorizations": []object{{
				"enterprise_id": nil, "team_id": made.team, "user_id": s.BotUser, "is_bot": true, "is_enterprise_install": false,
			}},
		},
	})
}

// VerifyURL asks the bot to prove that it listens for events, and reports whether it gave the challenge back.
func (s *Server) VerifyURL(knobs ...Knob) bool {
	s.tb.Helper()
	d := s.deliver(&Delivery{kind: event, shape: s.shaped(knobs), payload: object{
		"token": "deprecated", "challenge": "a-challenge", "type": "url_verification",
	}})
	return d.OK() && strings.Contains(d.Answer(), "a-challenge")
}

// Shortcut uses a global shortcut.
func (s *Server) Shortcut(user, callback string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	return s.interact(user, "shortcut", s.shaped(knobs), object{"callback_id": callback}, nil)
}

// MessageShortcut uses a shortcut on a message.
func (s *Server) MessageShortcut(user string, on Message, callback string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	s.mu.Lock()
	ch := s.mustChannel(on.Channel)
	more := object{
		"callback_id": callback, "channel": object{"id": ch.ID, "name": ch.Name}, "message": on.wire(false),
		"message_ts": on.TS, "response_url": s.newResponse(ch.ID, user, nil),
	}
	s.mu.Unlock()
	return s.interact(user, "message_action", s.shaped(knobs), more, nil)
}

// interact sends an interaction; view is the one that it happens in, if any.
func (s *Server) interact(user, kind string, made shape, more object, view *View) *Delivery {
	s.tb.Helper()
	s.mu.Lock()
	u := s.mustUser(user)
	viewID := ""
	if view != nil {
		viewID = view.ID
	}
	trigger := s.newTrigger(user, viewID)
	payload := object{
		"type": kind, "token": "deprecated", "api_app_id": made.app, "trigger_id": trigger, "action_ts": s.ts(),
		"team": object{"id": made.team, "domain": "example"}, "enterprise": nil, "is_enterprise_install": false,
		"user": object{"id": user, "username": u.Name, "name": u.Name, "team_id": u.TeamID},
	}
	if view != nil {
		payload["view"] = view.wire()
	}
	maps.Copy(payload, more)
	s.mu.Unlock()
	return s.deliver(&Delivery{
		TriggerID: trigger, ResponseURL: str(more, "response_url"), kind: interaction, shape: made, payload: payload,
		user: user, view: viewID, channel: str(sub(more, "channel"), "id"),
	})
}
