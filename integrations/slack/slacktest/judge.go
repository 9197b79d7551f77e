package slacktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// judge looks at one payload and notes what is outside the rules, each with the place.
type judge struct {
	mentions []string // that may be sent
	surface  string   // message, modal, home
	faults   []string // what Slack refuses
	house    []string // what Slack takes, but a bot must not send: live mentions, links that lie
	blockIDs []string
	markdown int
	tables   int
}

func (j *judge) say(at, format string, args ...any) {
	j.faults = append(j.faults, fmt.Sprintf(format, args...)+" [json-pointer:"+at+"]")
}

func (j *judge) warn(at, format string, args ...any) {
	j.house = append(j.house, fmt.Sprintf(format, args...)+" ["+at+"]")
}

// CheckMessage gives what is wrong with a message: JSON with text and blocks, as chat.postMessage takes it.
func CheckMessage(message []byte) []string {
	return check("message", message, func(j *judge, o object) string { return j.message(o, false) })
}

// CheckView gives what is wrong with a view: JSON as views.open or views.publish take it.
func CheckView(view []byte) []string {
	return check("modal", view, func(j *judge, o object) string {
		j.surface = str(o, "type")
		return j.view(j.surface, o)
	})
}

func check(surface string, payload []byte, by func(*judge, object) string) []string {
	var o object
	if err := json.Unmarshal(payload, &o); err != nil {
		return []string{err.Error()}
	}
	j := &judge{surface: surface}
	code := by(j, o)
	faults := append(j.faults, j.house...)
	if code != "" && len(faults) == 0 {
		faults = append(faults, code)
	}
	return faults
}

// judgeMessage judges what a message says. The caller holds the lock.
func (s *Server) judgeMessage(where string, args object) *failure {
	j := &judge{mentions: s.options.AllowMentions, surface: "message"}
	public := where == "chat.postMessage" || str(args, "response_type") == "in_channel" // others do not unfurl
	code := j.message(args, public && !s.options.AllowUnfurls)
	return s.verdict(where, j, code)
}

// message judges the arguments of a message and gives Slack's error code, "" for none.
func (j *judge) message(args object, noUnfurls bool) string {
	text, blocks := str(args, "text"), list(args, "blocks")
	if str(args, "mrkdwn") != "false" {
		j.mrkdwn("/text", text)
	}
	j.characters("/text", text)
	if _, isList := args["blocks"].([]any); !isList && has(args, "blocks") {
		j.say("/blocks", "must be an array")
	}
	j.blocks(blocks, maxMessageBlocks)
	if flag(args, "link_names") || str(args, "parse") == "full" {
		j.warn("/parse", "link_names and parse=full make mentions of plain names")
	}
	if noUnfurls {
		j.unfurls(args)
	}
	if has(args, "markdown_text") && (text != "" || len(blocks) > 0) {
		return "markdown_text_conflict"
	}
	if code := j.metadata(args["metadata"]); code != "" {
		return code
	}
	switch {
	case utf8.RuneCountInString(text) > maxMessageText:
		j.say("/text", "must be less than %d characters", maxMessageText+1)
		return "msg_too_long"
	case len(j.faults) > 0:
		return "invalid_blocks"
	case len(blocks) > 0 && len(encode(blocks)) > maxBlocksJSON:
		j.say("/blocks", "take %d bytes, more than %d", len(encode(blocks)), maxBlocksJSON)
		return "msg_blocks_too_long"
	}
	return ""
}

// unfurls asks that a message with links switches unfurling off.
func (j *judge) unfurls(args object) {
	media := !has(args, "unfurl_media") || flag(args, "unfurl_media")
	if !flag(args, "unfurl_links") && !media {
		return
	}
	content := str(args, "text") + string(encode(list(args, "blocks")))
	if strings.Contains(content, "http://") || strings.Contains(content, "https://") {
		j.warn("/unfurl_media", "a message with links must say unfurl_links and unfurl_media false")
	}
}

func (j *judge) metadata(v any) string {
	m, isObject := v.(object)
	switch {
	case v == nil, isObject && str(m, "event_type") == "" && m["event_payload"] == nil:
		return "" // there is none
	case str(m, "event_type") == "" || m["event_payload"] == nil:
		j.say("/metadata", "needs event_type and event_payload")
		return "invalid_metadata_format"
	case len(encode(m)) > maxMetadataJSON:
		j.say("/metadata", "takes %d bytes, more than %d", len(encode(m)), maxMetadataJSON)
		return "metadata_too_large"
	}
	return ""
}

// judgeView judges a view of a kind. The caller holds the lock.
func (s *Server) judgeView(where, kind string, view object) *failure {
	j := &judge{mentions: s.options.AllowMentions, surface: kind}
	code := j.view(kind, view)
	return s.verdict(where, j, code)
}

func (j *judge) view(kind string, view object) string {
	if str(view, "type") != kind {
		j.say("/view/type", "must be %s, not %q", kind, str(view, "type"))
		return "invalid_arguments"
	}
	blocks := list(view, "blocks")
	if _, isList := view["blocks"].([]any); !isList {
		j.say("/view/blocks", "must be an array")
	}
	j.blocks(blocks, maxViewBlocks)
	j.most("/view/private_metadata", str(view, "private_metadata"), maxPrivate)
	j.most("/view/callback_id", str(view, "callback_id"), maxID)
	j.most("/view/external_id", str(view, "external_id"), maxID)
	keys := []string{"type", "blocks", "private_metadata", "callback_id", "external_id"}
	if kind == "modal" {
		keys = append(keys, "title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled")
		j.plain("/view/title", view["title"], maxViewTitle)
		for _, key := range []string{"submit", "close"} {
			if has(view, key) {
				j.plain("/view/"+key, view[key], maxViewTitle)
			}
		}
		if !has(view, "submit") && slices.ContainsFunc(onlyObjects(blocks), func(b object) bool { return str(b, "type") == "input" }) {
			j.say("/view/submit", "missing, but there are input blocks")
		}
	}
	j.only("/view", view, keys...)
	if n := len(encode(view)); n > maxViewJSON {
		j.say("/view", "takes %d bytes, more than %d", n, maxViewJSON)
		return "view_too_large"
	}
	if len(j.faults) > 0 {
		return "invalid_arguments"
	}
	return ""
}

// judgeOptions judges the answer to a block_suggestion.
func (s *Server) judgeOptions(answer []byte) []object {
	var o object
	j := &judge{mentions: s.options.AllowMentions, surface: "options"}
	if err := json.Unmarshal(answer, &o); err != nil {
		s.violate("options: options are no JSON: %v", err)
		return nil
	}
	var all []object
	switch {
	case has(o, "options") && has(o, "option_groups"):
		j.say("", "options and option_groups, not both")
	case has(o, "option_groups"):
		all = j.optionGroups("/option_groups", o)
	default:
		if _, isList := o["options"].([]any); !isList {
			j.say("/options", "must be an array")
		}
		j.options("/options", list(o, "options"), 0, maxOptions)
		all = objects(o, "options")
	}
	if s.verdict("options", j, "") != nil || len(j.faults) > 0 {
		for _, f := range j.faults {
			s.violate("options: %s", f)
		}
		return nil
	}
	return all
}

// verdict notes violations, and gives the failure that Slack would.
func (s *Server) verdict(where string, j *judge, code string) *failure {
	for _, h := range j.house {
		s.violate("%s: %s", where, h)
	}
	if code == "" {
		return nil
	}
	var messages []string
	for _, f := range j.faults {
		s.violate("%s: %s: %s", where, code, f)
		messages = append(messages, "[ERROR] "+f)
	}
	if len(j.faults) == 0 {
		s.violate("%s: %s", where, code)
	}
	return fail(code, messages...)
}

// most asks for at most so many characters.
func (j *judge) most(at, s string, limit int) {
	if utf8.RuneCountInString(s) > limit {
		j.say(at, "must be less than %d characters", limit+1)
	}
}

// some asks for one to so many characters that people can read.
func (j *judge) some(at, s string, limit int) {
	if s == "" {
		j.say(at, "must be more than 0 characters")
	}
	j.most(at, s, limit)
	j.characters(at, s)
}

// only asks for no keys but these.
func (j *judge) only(at string, o object, keys ...string) {
	for key := range o {
		if !slices.Contains(keys, key) {
			j.say(at, "invalid additional property: %s", key)
		}
	}
}

func index(at string, i int) string { return at + "/" + strconv.Itoa(i) }

// characters asks for no characters that turn a line around or hide in it.
func (j *judge) characters(at, s string) {
	for _, r := range s {
		switch {
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			j.warn(at, "holds a character that turns the direction of writing: %U", r)
			return
		case r < 0x20 && r != '\n' && r != '\t' && r != '\r', r >= 0x7f && r <= 0x9f:
			j.warn(at, "holds a control character: %U", r)
			return
		}
	}
}
