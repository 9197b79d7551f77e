package slacktest

import (
	"slices"
	"strings"
	"time"
)

// elementRule judges one type of element. Keys are what it may have beside type and action_id.
type elementRule struct {
	keys  string
	judge func(j *judge, at string, e object)
}

func elementRules() map[string]elementRule {
	const menu = "placeholder confirm focus_on_load"
	none := func(*judge, string, object) {}
	rules := map[string]elementRule{
		"button":                {"text url value style confirm accessibility_label", (*judge).button},
		"image":                 {"alt_text image_url slack_file", (*judge).image},
		"overflow":              {"options confirm", (*judge).overflow},
		"static_select":         {menu + " options option_groups initial_option", (*judge).static},
		"multi_static_select":   {menu + " options option_groups initial_options max_selected_items", (*judge).static},
		"external_select":       {menu + " initial_option min_query_length", none},
		"multi_external_select": {menu + " initial_options min_query_length max_selected_items", none},
		"checkboxes":            {"options initial_options confirm focus_on_load", (*judge).fewOptions},
		"radio_buttons":         {"options initial_option confirm focus_on_load", (*judge).fewOptions},
		"plain_text_input":      {"initial_value multiline min_length max_length dispatch_action_config focus_on_load placeholder", (*judge).textInput},
		"email_text_input":      {"initial_value dispatch_action_config focus_on_load placeholder", none},
		"url_text_input":        {"initial_value dispatch_action_config focus_on_load placeholder", none},
		"number_input":          {"is_decimal_allowed initial_value min_value max_value dispatch_action_config focus_on_load placeholder", none},
		"datepicker":            {menu + " initial_date", dated("initial_date", time.DateOnly)},
		"timepicker":            {menu + " initial_time timezone", dated("initial_time", "15:04")},
		"datetimepicker":        {"initial_date_time confirm focus_on_load", none},
		"file_input":            {"filetypes max_files", none},
		"rich_text_input":       {"initial_value dispatch_action_config focus_on_load placeholder min_lines max_lines", none},
		"workflow_button":       {"text workflow style accessibility_label", (*judge).button},
	}
	for _, of := range []string{"users", "conversations", "channels"} {
		one := strings.TrimSuffix(of, "s")
		more := menu + " response_url_enabled default_to_current_conversation filter"
		rules[of+"_select"] = elementRule{more + " initial_" + one, none}
		rules["multi_"+of+"_select"] = elementRule{more + " max_selected_items initial_" + of, none}
	}
	return rules
}

func dated(key, layout string) func(*judge, string, object) {
	return func(j *judge, at string, e object) {
		if v := str(e, key); v != "" {
			if _, err := time.Parse(layout, v); err != nil {
				j.say(at+"/"+key, "must look like %s", layout)
			}
		}
	}
}

// elements judges elements of one block; allowed are the types, separated by spaces.
func (j *judge) elements(at string, all []any, allowed string) {
	var ids []string
	for i, raw := range all {
		where := at
		if strings.HasSuffix(at, "/elements") {
			where = index(at, i)
		}
		e, isObject := raw.(object)
		kind := str(e, "type")
		rule, known := elementRules()[kind]
		if !isObject || !known || !slices.Contains(strings.Fields(allowed), kind) {
			j.say(where+"/type", "unsupported type here: %q", kind)
			continue
		}
		id := str(e, "action_id")
		j.most(where+"/action_id", id, maxID)
		if id != "" && slices.Contains(ids, id) {
			j.say(where+"/action_id", "action_id %q is not unique in its block", id)
		}
		ids = append(ids, id)
		j.only(where, e, append(strings.Fields(rule.keys), "type", "action_id")...)
		if has(e, "placeholder") {
			j.plain(where+"/placeholder", e["placeholder"], maxPlaceholder)
		}
		if has(e, "confirm") {
			j.confirm(where+"/confirm", sub(e, "confirm"))
		}
		rule.judge(j, where, e)
	}
}

func (j *judge) button(at string, e object) {
	j.plain(at+"/text", e["text"], maxButton)
	j.most(at+"/value", str(e, "value"), maxButtonValue)
	j.most(at+"/url", str(e, "url"), maxURL)
	if u := str(e, "url"); u != "" {
		j.address(at+"/url", u)
	}
	j.most(at+"/accessibility_label", str(e, "accessibility_label"), maxButton)
	if v := str(e, "style"); v != "" && v != "primary" && v != "danger" {
		j.say(at+"/style", "must be primary or danger, not %q", v)
	}
	if v, there := e["style"]; there && v == "" {
		j.say(at+"/style", "must be primary or danger, not empty")
	}
}

func (j *judge) confirm(at string, c object) {
	j.plain(at+"/title", c["title"], maxConfirmTitle)
	j.text(at+"/text", c["text"], maxConfirmText)
	j.plain(at+"/confirm", c["confirm"], maxConfirmButton)
	j.plain(at+"/deny", c["deny"], maxConfirmButton)
	j.only(at, c, "title", "text", "confirm", "deny", "style")
}

func (j *judge) overflow(at string, e object) {
	j.options(at+"/options", list(e, "options"), 1, maxOverflow)
}

func (j *judge) fewOptions(at string, e object) {
	j.options(at+"/options", list(e, "options"), 1, maxFewOptions)
	j.initials(at, e, objects(e, "options"))
}

func (j *judge) static(at string, e object) {
	if has(e, "options") == has(e, "option_groups") {
		j.say(at, "needs either options or option_groups")
		return
	}
	all := objects(e, "options")
	if has(e, "option_groups") {
		all = j.optionGroups(at+"/option_groups", e)
	} else {
		j.options(at+"/options", list(e, "options"), 1, maxOptions)
	}
	j.initials(at, e, all)
}

// initials asks that what is chosen at first is one of the options, word for word.
func (j *judge) initials(at string, e object, options []object) {
	chosen := objects(e, "initial_options")
	if has(e, "initial_option") {
		chosen = append(chosen, sub(e, "initial_option"))
	}
	for _, c := range chosen {
		if !slices.ContainsFunc(options, func(o object) bool { return string(encode(o)) == string(encode(c)) }) {
			j.say(at+"/initial_option", "is none of the options")
		}
	}
}

func (j *judge) options(at string, all []any, least, most int) {
	if len(all) < least || len(all) > most {
		j.say(at, "%d to %d items allowed", least, most)
	}
	var values []string
	for i, raw := range all {
		where := index(at, i)
		o, isObject := raw.(object)
		if !isObject {
			j.say(where, "must be an object")
			continue
		}
		j.only(where, o, "text", "value", "description", "url")
		j.text(where+"/text", o["text"], maxOption)
		j.most(where+"/value", str(o, "value"), maxOption)
		if str(o, "value") == "" {
			j.say(where+"/value", "must be more than 0 characters")
		}
		if has(o, "description") {
			j.text(where+"/description", o["description"], maxOption)
		}
		if slices.Contains(values, str(o, "value")) {
			j.warn(where+"/value", "value %q is there twice", str(o, "value"))
		}
		values = append(values, str(o, "value"))
	}
}

// optionGroups judges groups and gives all their options.
func (j *judge) optionGroups(at string, e object) []object {
	groups := objects(e, "option_groups")
	if len(groups) > maxOptions {
		j.say(at, "no more than %d items allowed", maxOptions)
	}
	var all []object
	for i, g := range groups {
		where := index(at, i)
		j.plain(where+"/label", g["label"], maxOption)
		j.options(where+"/options", list(g, "options"), 1, maxOptions)
		all = append(all, objects(g, "options")...)
	}
	return all
}

func (j *judge) textInput(at string, e object) {
	shortest, _ := num(e, "min_length")
	longest, limited := num(e, "max_length")
	if shortest < 0 || shortest > maxText || longest < 0 || longest > maxText || limited && shortest > longest {
		j.say(at, "min_length and max_length must be from 0 to %d, in order", maxText)
	}
	j.most(at+"/initial_value", str(e, "initial_value"), maxText)
}
