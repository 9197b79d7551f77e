package slacktest

import (
	"net/url"
	"slices"
	"strings"
)

// richText judges a rich_text block.
func (j *judge) richText(at string, b object) {
	if _, isList := b["elements"].([]any); !isList {
		j.say(at+"/elements", "must be an array")
		return
	}
	for i, raw := range list(b, "elements") {
		where := index(at+"/elements", i)
		e, _ := raw.(object)
		switch str(e, "type") {
		case "rich_text_section":
			j.only(where, e, "type", "elements")
			j.inlines(where, e)
		case "rich_text_quote", "rich_text_preformatted":
			j.only(where, e, "type", "elements", "border", "language")
			j.inlines(where, e)
		case "rich_text_list":
			j.richList(where, e)
		default:
			j.say(where+"/type", "unsupported type: %q", str(e, "type"))
		}
	}
}

func (j *judge) richList(at string, e object) {
	j.only(at, e, "type", "elements", "style", "indent", "border", "offset")
	if style := str(e, "style"); style != "bullet" && style != "ordered" {
		j.say(at+"/style", "must be bullet or ordered, not %q", style)
	}
	if n, _ := num(e, "indent"); n < 0 || n > maxIndent {
		j.say(at+"/indent", "must be from 0 to %d", maxIndent)
	}
	if len(list(e, "elements")) == 0 {
		j.say(at+"/elements", "must have at least 1 item")
	}
	for i, raw := range list(e, "elements") {
		where := index(at+"/elements", i)
		item, _ := raw.(object)
		if str(item, "type") != "rich_text_section" {
			j.say(where+"/type", "a list holds rich_text_section, not %q", str(item, "type"))
			continue
		}
		j.inlines(where, item)
	}
}

// inlines judges what stands in a line.
func (j *judge) inlines(at string, parent object) {
	for i, raw := range list(parent, "elements") {
		where := index(at+"/elements", i)
		e, isObject := raw.(object)
		if !isObject {
			j.say(where, "must be an object")
			continue
		}
		j.style(where, e)
		kind := str(e, "type")
		if str(parent, "type") == "rich_text_preformatted" && kind != "text" && kind != "link" {
			j.say(where+"/type", "preformatted text holds text and link, not %q", kind)
			continue
		}
		j.inline(where, kind, e)
	}
}

func (j *judge) inline(at, kind string, e object) {
	switch kind {
	case "text":
		j.only(at, e, "type", "text", "style")
		if str(e, "text") == "" {
			j.say(at+"/text", "must be more than 0 characters")
		}
		j.characters(at+"/text", str(e, "text"))
	case "link":
		j.only(at, e, "type", "url", "text", "style", "unsafe")
		j.most(at+"/url", str(e, "url"), maxURL)
		j.characters(at+"/text", str(e, "text"))
		j.link(at, str(e, "url"), str(e, "text"))
	case "emoji":
		j.only(at, e, "type", "name", "skin_tone", "unicode", "style", "display_url")
	case "user", "usergroup", "channel", "team":
		j.only(at, e, "type", kind+"_id", "style")
		j.mention(at, map[string]string{"user": "@", "usergroup": "!subteam^"}[kind], str(e, kind+"_id"))
	case "broadcast":
		if r := str(e, "range"); r != "here" && r != "channel" && r != "everyone" {
			j.say(at+"/range", "must be here, channel or everyone")
		}
		j.mention(at, "!", str(e, "range"))
	case "color":
		j.only(at, e, "type", "value")
	case "date":
		j.only(at, e, "type", "timestamp", "format", "url", "fallback", "style")
		if n, ok := e["timestamp"].(float64); !ok || n <= 0 {
			j.say(at+"/timestamp", "must be a number of seconds")
		}
		if !strings.Contains(str(e, "format"), "{") {
			j.say(at+"/format", "names no part of a date")
		}
	default:
		j.say(at+"/type", "unsupported type: %q", kind)
	}
}

// style asks for flags only, and at least one.
func (j *judge) style(at string, e object) {
	v, there := e["style"]
	if !there {
		return
	}
	style, isObject := v.(object)
	if !isObject || len(style) == 0 {
		j.say(at+"/style", "must be an object that is not empty")
	}
	for key, value := range style {
		if _, isFlag := value.(bool); !isFlag || !slices.Contains([]string{"bold", "italic", "strike", "code", "underline"}, key) {
			j.say(at+"/style", "unknown style %s", key)
		}
	}
}

// mention notes a live mention that nobody allowed. Without a sign it is none.
func (j *judge) mention(at, sign, id string) {
	if sign == "" || slices.Contains(j.mentions, sign+id) || slices.Contains(j.mentions, "*") {
		return
	}
	j.warn(at, "a live mention: %s%s", sign, id)
}

// mrkdwn judges text in which Slack reads markup: what stands in <> must be a mention, a date or a link, and of
// & there are only &amp; &lt; &gt;.
func (j *judge) mrkdwn(at, s string) {
	for rest := s; ; {
		i := strings.IndexAny(rest, "<>&")
		if i < 0 {
			return
		}
		c := rest[i]
		rest = rest[i+1:]
		switch c {
		case '>':
			if i > 0 { // at the beginning of a line it quotes
				j.warn(at, "a > that is not escaped")
			}
		case '&':
			if !strings.HasPrefix(rest, "amp;") && !strings.HasPrefix(rest, "lt;") && !strings.HasPrefix(rest, "gt;") {
				j.warn(at, "an & that is not escaped")
			}
		case '<':
			inside, after, closed := strings.Cut(rest, ">")
			if !closed || strings.ContainsAny(inside, "<\n") {
				j.warn(at, "a < that is not escaped: %.40q", rest)
				continue
			}
			j.marked(at, inside)
			rest = after
		}
	}
}

// marked judges what stands between < and >.
func (j *judge) marked(at, inside string) {
	target, label, _ := strings.Cut(inside, "|")
	switch lower := strings.ToLower(target); {
	case strings.HasPrefix(lower, "@"):
		j.mention(at, "@", target[1:])
	case strings.HasPrefix(lower, "#c"):
	case strings.HasPrefix(lower, "!date^"):
		parts := strings.Split(target, "^")
		if len(parts) < 3 || label == "" || strings.Trim(parts[1], "0123456789") != "" {
			j.warn(at, "a date that is not complete: <%s>", inside)
		}
	case strings.HasPrefix(lower, "!"):
		j.mention(at, "!", lower[1:])
	default:
		j.link(at, strings.ReplaceAll(target, "&amp;", "&"), readable(label))
	}
}

// autolinks asks for no bare mentions that Slack would bring to life without verbatim.
func (j *judge) autolinks(at, s string) {
	for _, live := range []string{"@channel", "@here", "@everyone"} {
		if strings.Contains(strings.ToLower(s), live) {
			j.mention(at, "!", live[1:])
		}
	}
}

// link asks for an address that leads where its words say.
func (j *judge) link(at, address, label string) {
	to := j.address(at, address)
	if to == nil {
		return
	}
	for word := range strings.FieldsSeq(label) {
		claimed, err := url.Parse(strings.Trim(word, "()[]<>,.;\"'"))
		if err == nil && claimed.Host != "" && !strings.EqualFold(claimed.Host, to.Host) {
			j.warn(at, "a link to %s that says %q", to.Host, label)
		}
	}
}

func (j *judge) address(at, address string) *url.URL {
	to, err := url.Parse(address)
	switch {
	case err != nil:
		j.warn(at, "a link that is no address: %.60q", address)
		return nil
	case to.Scheme == "mailto":
		return nil
	case to.Scheme != "http" && to.Scheme != "https" || to.Host == "":
		j.warn(at, "a link to something else than a web page: %.60q", address)
		return nil
	case to.User != nil:
		j.warn(at, "a link with a user name in it: %.60q", address)
	}
	return to
}
