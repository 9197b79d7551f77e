package discordtest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The types of options. Source: interactions/application-commands.
const (
	optionSub     = 1
	optionGroup   = 2
	optionString  = 3
	optionInteger = 4
	optionBool    = 5
	optionUser    = 6
	optionChannel = 7
	optionRole    = 8
	optionMention = 9
	optionNumber  = 10
	optionFile    = 11
)

// namePattern is Discord's own, in the words of Go.
func namePattern() *regexp.Regexp {
	return regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)
}

// commands judges a whole set, as a bulk overwrite sends it.
func (j *judge) commands(all []any) {
	counts := map[int]int{}
	var names []string
	for i, raw := range all {
		at := strconv.Itoa(i)
		c, isObject := raw.(object)
		if !isObject {
			j.say(at, badType, "Only dictionaries may be used in a DictType")
			continue
		}
		j.command(at, c)
		kind := commandType(c)
		counts[kind]++
		name := strconv.Itoa(kind) + " " + str(c, "name")
		if slices.Contains(names, name) {
			j.say(at, "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
		}
		names = append(names, name)
	}
	if counts[1] > maxChatCommands || counts[2] > maxContextCommands || counts[3] > maxContextCommands {
		j.say("", badLength, "Must be %d or fewer in length.", maxChatCommands)
	}
}

func commandType(c object) int {
	if !has(c, "type") {
		return 1
	}
	return num(c, "type")
}

// command judges one application command.
func (j *judge) command(at string, c object) {
	kind := commandType(c)
	if kind < 1 || kind > 3 {
		j.say(at+".type", badChoice, "Value must be one of {1, 2, 3}.")
	}
	name := j.text(at, c, "name", 1, maxCommandName)
	if kind != 1 {
		if str(c, "description") != "" {
			j.say(at+".description", "APPLICATION_COMMAND_DESCRIPTION_EMPTY", "Context menu commands cannot have description")
		}
		if len(list(c, "options")) > 0 {
			j.say(at+".options", "APPLICATION_COMMAND_OPTIONS_EMPTY", "Context menu commands cannot have options")
		}
		return
	}
	j.name(at+".name", name)
	j.text(at, c, "description", 1, maxCommandDetail)
	if p, there := c["default_member_permissions"]; there && p != nil && !isDigits(str(c, "default_member_permissions")) {
		j.say(at+".default_member_permissions", badText, "Must be a bit set as a string.")
	}
	j.commandOptions(at, c, 0)
	if n := commandText(c); n > maxCommandText {
		j.say(at, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (%d)", maxCommandText)
	}
}

func (j *judge) name(at, name string) {
	if name != "" && (!namePattern().MatchString(name) || strings.ToLower(name) != name) {
		j.say(at, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	}
}

// commandText counts names, descriptions and values of a command and all below it.
func commandText(c object) int {
	n := utf8.RuneCountInString(str(c, "name")) + utf8.RuneCountInString(str(c, "description")) + utf8.RuneCountInString(str(c, "value"))
	for _, key := range []string{"options", "choices"} {
		for _, inner := range objects(c, key) {
			n += commandText(inner)
		}
	}
	return n
}

// commandOptions judges the options of a command (depth 0), of a group (1) or of a subcommand (2).
func (j *judge) commandOptions(at string, c object, depth int) {
	all := j.items(at, c, "options", 0, maxCommandOptions)
	var names []string
	optional, subs := false, 0
	for i, o := range all {
		where := index(at+".options", i)
		name := j.text(where, o, "name", 1, maxCommandName)
		j.name(where+".name", name)
		j.text(where, o, "description", 1, maxCommandDetail)
		if slices.Contains(names, name) {
			j.say(where+".name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
		}
		names = append(names, name)
		kind := num(o, "type")
		if kind == optionSub || kind == optionGroup {
			subs++
			if kind == optionGroup && depth > 0 || kind == optionSub && depth > 1 {
				j.say(where+".type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command option type is not valid here")
			}
			j.commandOptions(where, o, 3-kind)
			continue
		}
		if flag(o, "required") && optional {
			j.say(where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options")
		}
		optional = optional || !flag(o, "required")
		j.option(where, o, kind)
	}
	if subs > 0 && subs < len(all) || depth == 1 && subs < len(all) {
		j.say(at+".options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and sub-command group option types are mutually exclusive to all other types")
	}
}

// option judges an option that takes a value.
func (j *judge) option(at string, o object, kind int) {
	if kind < optionString || kind > optionFile {
		j.say(at+".type", badChoice, "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}.")
	}
	hasText := kind == optionString || kind == optionInteger || kind == optionNumber
	choices := len(list(o, "choices"))
	if (choices > 0 || flag(o, "autocomplete")) && !hasText {
		j.say(at, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Options of this type take neither choices nor autocomplete")
	}
	if flag(o, "autocomplete") && choices > 0 {
		j.say(at+".choices", "APPLICATION_COMMAND_OPTION_CHOICES_INVALID", "Choices cannot be set with autocomplete")
	}
	j.choices(at, o, kind)
	j.between(at, o, "min_length", 0, maxStringOption)
	j.between(at, o, "max_length", 1, maxStringOption)
	if kind != optionString && (has(o, "min_length") || has(o, "max_length")) {
		j.say(at, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Only a string has min_length and max_length")
	}
}

// choices judges the choices of an option, or of an answer to autocomplete, where the kind of the option counts too.
func (j *judge) choices(at string, o object, kind int) {
	var names []string
	for i, c := range j.items(at, o, "choices", 0, maxChoices) {
		where := index(at+".choices", i)
		name := j.text(where, c, "name", 1, maxCommandDetail)
		if slices.Contains(names, name) {
			j.say(where+".name", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", "Option choice name already exists")
		}
		names = append(names, name)
		switch v := c["value"].(type) {
		case string:
			j.text(where, c, "value", 1, maxCommandDetail)
			if kind == optionInteger || kind == optionNumber {
				j.say(where+".value", badNumber, "Value %q is not a number.", v)
			}
		case float64:
			if kind == optionString {
				j.say(where+".value", badText, "Could not interpret %v as string.", v)
			}
		default:
			j.say(where+".value", required, "This field is required")
		}
	}
}
