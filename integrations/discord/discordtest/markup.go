package discordtest

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// mentionPattern finds what pings when allowed_mentions lets it: <@1>, <@!1>, <@&1>, @everyone, @here.
func mentionPattern() *regexp.Regexp { return regexp.MustCompile(`<@([!&]?)(\d+)>|@(everyone|here)`) }

// linkPattern finds links with words: [words](address), also with <> around the address.
func linkPattern() *regexp.Regexp {
	return regexp.MustCompile(`\[((?:\\.|[^\]\\])*)\]\(\s*<?([^)\s>]+)>?[^)]*\)`)
}

// words judges text that people see, with its markup.
func (j *judge) words(at, text string) {
	j.characters(at, text)
	for _, m := range linkPattern().FindAllStringSubmatch(text, -1) {
		j.link(at, m[2])
		u, err := url.Parse(m[2])
		if err != nil {
			continue
		}
		for said := range strings.FieldsSeq(strings.ReplaceAll(m[1], `\`, "")) {
			v, err := url.Parse(said)
			if err == nil && v.Host != "" && !strings.EqualFold(v.Host, u.Host) {
				j.warn(at, "a link to %s that says %s", u.Host, said)
			}
		}
	}
}

func (j *judge) link(at, address string) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "discord":
		j.warn(at, "a link to something else than a web page: %.60q", address)
	case u.User != nil:
		j.warn(at, "a link with a user name in it: %.60q", address)
	}
}

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

// allowed judges allowed_mentions, and finds what would ping in the text. It must be there: without it Discord pings
// whoever the text names.
func (j *judge) allowed(at string, o object, text string) {
	at += ".allowed_mentions"
	a := sub(o, "allowed_mentions")
	if a == nil {
		j.warn(at, "missing: a message without allowed_mentions pings everybody whom it names")
		return
	}
	parse := texts(a, "parse")
	for i, p := range parse {
		if p != "users" && p != "roles" && p != "everyone" {
			j.say(index(at+".parse", i), badChoice, "Value must be one of {'everyone', 'roles', 'users'}.")
		}
	}
	for _, of := range []string{"users", "roles"} {
		ids := list(a, of)
		if len(ids) > maxMentioned {
			j.say(at+"."+of, badLength, "Must be between 0 and %d in length.", maxMentioned)
		}
		if len(ids) > 0 && slices.Contains(parse, of) {
			j.say(at, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", "parse:[%q] and %s: [ids...] are mutually exclusive.", of, of)
		}
	}
	if flag(a, "replied_user") && has(o, "message_reference") {
		j.live(at, "@replied")
	}
	for _, m := range mentionPattern().FindAllStringSubmatch(text, -1) {
		of, who := "users", "@"+m[2]
		switch {
		case m[3] != "":
			of, who = "everyone", "@"+m[3]
		case m[1] == "&":
			of, who = "roles", "&"+m[2]
		}
		if slices.Contains(parse, of) || m[2] != "" && slices.ContainsFunc(list(a, of), func(v any) bool { return snowflake(v) == m[2] }) {
			j.live(at, who)
		}
	}
}

func (j *judge) live(at, who string) {
	if !slices.Contains(j.mentions, who) && !slices.Contains(j.mentions, "*") {
		j.warn(at, "live mention: %s", who)
	}
}
