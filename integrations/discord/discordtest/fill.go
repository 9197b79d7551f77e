package discordtest

import (
	"slices"
	"strconv"
	"strings"
)

// filler fills in the options of a command as a person's client does.
type filler struct {
	s          *Server
	user       string
	resolved   object
	completing bool
	focused    int // type of the option that is completed
}

// data is the data of a command interaction.
func (f *filler) data(command object, options []object) object {
	o := object{"id": command["id"], "name": command["name"], "type": 1, "options": orEmpty(options)}
	if guild := str(command, "guild_id"); guild != "" {
		o["guild_id"] = guild
	}
	if len(f.resolved) > 0 {
		o["resolved"] = f.resolved
	}
	return o
}

// fill gives the options of a command, of a group or of a subcommand.
func (f *filler) fill(command object, text string) []object {
	declared := objects(command, "options")
	if len(declared) > 0 && num(declared[0], "type") <= optionGroup {
		name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
		i := slices.IndexFunc(declared, func(o object) bool { return str(o, "name") == name })
		if i < 0 {
			f.s.fatal("discord: /%s has no subcommand %q", str(command, "name"), name)
		}
		return []object{{"name": name, "type": declared[i]["type"], "options": orEmpty(f.fill(declared[i], rest))}}
	}
	values, last := assign(declared, text, f.completing)
	var options []object
	for _, o := range declared {
		name := str(o, "name")
		typed, there := values[name]
		focused := f.completing && name == last
		if !there && !focused {
			if flag(o, "required") && !f.completing {
				f.s.fatal("discord: /%s asks for %q", str(command, "name"), name)
			}
			continue
		}
		filled := object{"name": name, "type": o["type"], "value": f.value(o, typed, focused)}
		if focused {
			if !flag(o, "autocomplete") {
				f.s.fatal("discord: the option %q has no autocomplete", name)
			}
			filled["focused"], f.focused = true, num(o, "type")
		}
		options = append(options, filled)
	}
	return options
}

// value gives the value of an option: what is chosen by its name, or what is typed, by the type.
func (f *filler) value(o object, typed string, focused bool) any {
	if focused {
		return typed
	}
	choices := objects(o, "choices")
	for _, c := range choices {
		if str(c, "name") == typed || snowflake(c["value"]) == typed {
			return c["value"]
		}
	}
	if len(choices) > 0 {
		f.s.fatal("discord: the option %q does not offer %q", str(o, "name"), typed)
	}
	if v, offered := f.s.offeredValue(f.user, typed); offered && flag(o, "autocomplete") {
		return v
	}
	switch num(o, "type") {
	case optionInteger, optionNumber:
		n, err := strconv.ParseFloat(typed, 64)
		if err != nil {
			f.s.fatal("discord: the option %q takes a number, not %q", str(o, "name"), typed)
		}
		return n
	case optionBool:
		return typed == "true" || typed == "True"
	case optionUser, optionMention:
		return f.person(typed)
	case optionChannel:
		return f.room(typed)
	}
	if n := num(o, "max_length"); n > 0 && len([]rune(typed)) > n {
		f.s.fatal("discord: the option %q takes at most %d characters", str(o, "name"), n)
	}
	return typed
}

func (f *filler) person(typed string) string {
	u := f.s.user(strings.Trim(typed, "<@!>"))
	if u == nil {
		f.s.fatal("discord: there is nobody %q to choose", typed)
	}
	if f.resolved["users"] == nil {
		f.resolved["users"], f.resolved["members"] = object{}, object{}
	}
	sub(f.resolved, "users")[u.ID] = u.wire()
	member := u.member()
	delete(member, "user")
	sub(f.resolved, "members")[u.ID] = member
	return u.ID
}

func (f *filler) room(typed string) string {
	c := f.s.channel(strings.Trim(typed, "<#>"))
	if c == nil {
		f.s.fatal("discord: there is no channel %q to choose", typed)
	}
	if f.resolved["channels"] == nil {
		f.resolved["channels"] = object{}
	}
	sub(f.resolved, "channels")[c.ID] = c.wire(f.s)
	return c.ID
}

// fatal ends the test. The lock goes with the function that took it by [Server.locked].
func (s *Server) fatal(format string, args ...any) {
	s.tb.Helper()
	s.tb.Fatalf(format, args...)
}

// locked runs under the lock, and gives it back also when the test ends in there.
func (s *Server) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// assign gives each declared option what is typed for it, and the name of the option that the text ends in.
func assign(declared []object, text string, completing bool) (values map[string]string, last string) {
	values = map[string]string{}
	byName := func(name string) object {
		i := slices.IndexFunc(declared, func(o object) bool { return str(o, "name") == name })
		if i < 0 {
			return nil
		}
		return declared[i]
	}
	all := typedWords(text)
	if completing && (text == "" || strings.HasSuffix(text, " ")) {
		all = append(all, "")
	}
	for i, word := range all {
		if name, value, ok := named(word); ok && byName(name) != nil {
			values[name], last = value, name
			continue
		}
		next := slices.IndexFunc(declared, func(o object) bool { _, taken := values[str(o, "name")]; return !taken })
		if next < 0 { // the last text takes the rest
			for _, o := range slices.Backward(declared) {
				if num(o, "type") == optionString && len(objects(o, "choices")) == 0 {
					last = str(o, "name")
					values[last] = strings.TrimSpace(values[last] + " " + word)
					break
				}
			}
			continue
		}
		if word == "" && (!completing || i < len(all)-1) {
			continue
		}
		last = str(declared[next], "name")
		values[last] = word
	}
	return values, last
}

// named reads name:value, --name=value and --name.
func named(word string) (name, value string, ok bool) {
	if long, isFlag := strings.CutPrefix(word, "--"); isFlag {
		name, value, ok = strings.Cut(long, "=")
		if !ok {
			return long, "true", true
		}
		return name, value, true
	}
	return strings.Cut(word, ":")
}

// typedWords splits what a person types; quotation marks hold words together.
func typedWords(text string) []string {
	var all []string
	var b strings.Builder
	quoted, begun := false, false
	for _, r := range text {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			if begun {
				all = append(all, b.String())
			}
			b.Reset()
			begun = false
		default:
			b.WriteRune(r)
			begun = true
		}
	}
	if begun {
		all = append(all, b.String())
	}
	return all
}
