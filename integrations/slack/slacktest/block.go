package slacktest

import "slices"

// blockRule judges one type of block. Keys are what it may have beside type and block_id.
type blockRule struct {
	keys  []string
	judge func(j *judge, at string, b object)
}

// blockRules are the types of blocks that are known here; others of Slack need a line when they are first sent.
func blockRules() map[string]blockRule {
	return map[string]blockRule{
		"section":   {[]string{"text", "fields", "accessory", "expand"}, (*judge).section},
		"header":    {[]string{"text"}, func(j *judge, at string, b object) { j.plain(at+"/text", b["text"], maxHeader) }},
		"divider":   {nil, func(*judge, string, object) {}},
		"context":   {[]string{"elements"}, (*judge).context},
		"actions":   {[]string{"elements"}, (*judge).actions},
		"image":     {[]string{"alt_text", "title", "image_url", "slack_file"}, (*judge).image},
		"input":     {[]string{"label", "element", "dispatch_action", "hint", "optional"}, (*judge).input},
		"rich_text": {[]string{"elements"}, (*judge).richText},
		"markdown":  {[]string{"text"}, (*judge).markdownBlock},
		"table":     {[]string{"rows", "column_settings"}, (*judge).table},
	}
}

// blocks judges all blocks of a payload.
func (j *judge) blocks(blocks []any, limit int) {
	if len(blocks) > limit {
		j.say("/blocks", "no more than %d items allowed", limit)
	}
	rules := blockRules()
	for i, raw := range blocks {
		at := index("/blocks", i)
		b, isObject := raw.(object)
		if !isObject {
			j.say(at, "must be an object")
			continue
		}
		rule, known := rules[str(b, "type")]
		if !known {
			j.say(at+"/type", "unsupported type: %q", str(b, "type"))
			continue
		}
		j.blockID(at, b)
		j.only(at, b, append([]string{"type", "block_id"}, rule.keys...)...)
		rule.judge(j, at, b)
	}
}

func (j *judge) blockID(at string, b object) {
	id := str(b, "block_id")
	j.most(at+"/block_id", id, maxID)
	if id != "" && slices.Contains(j.blockIDs, id) {
		j.say(at+"/block_id", "block_id %q is not unique", id)
	}
	j.blockIDs = append(j.blockIDs, id)
}

func (j *judge) section(at string, b object) {
	if !has(b, "text") && !has(b, "fields") {
		j.say(at, "needs text or fields")
	}
	if has(b, "text") {
		j.text(at+"/text", b["text"], maxText)
	}
	fields := list(b, "fields")
	if len(fields) > maxFields || has(b, "fields") && len(fields) == 0 {
		j.say(at+"/fields", "1 to %d items allowed", maxFields)
	}
	for i, f := range fields {
		j.text(index(at+"/fields", i), f, maxFieldText)
	}
	if has(b, "accessory") {
		j.elements(at+"/accessory", []any{b["accessory"]}, "button image overflow static_select external_select users_select "+
			"conversations_select channels_select multi_static_select multi_external_select multi_users_select "+
			"multi_conversations_select multi_channels_select checkboxes radio_buttons datepicker timepicker workflow_button")
	}
}

func (j *judge) context(at string, b object) {
	all := list(b, "elements")
	if len(all) == 0 || len(all) > maxContext {
		j.say(at+"/elements", "1 to %d items allowed", maxContext)
	}
	for i, e := range all {
		o, _ := e.(object)
		if str(o, "type") == "image" {
			j.elements(index(at+"/elements", i), []any{e}, "image")
			continue
		}
		j.text(index(at+"/elements", i), e, maxText)
	}
}

func (j *judge) actions(at string, b object) {
	all := list(b, "elements")
	if len(all) == 0 || len(all) > maxElements {
		j.say(at+"/elements", "1 to %d items allowed", maxElements)
	}
	j.elements(at+"/elements", all, "button overflow static_select external_select users_select conversations_select "+
		"channels_select multi_static_select multi_external_select multi_users_select multi_conversations_select "+
		"multi_channels_select checkboxes radio_buttons datepicker timepicker datetimepicker workflow_button")
}

func (j *judge) image(at string, b object) {
	j.some(at+"/alt_text", str(b, "alt_text"), maxAlt)
	if has(b, "title") {
		j.plain(at+"/title", b["title"], maxAlt)
	}
	if has(b, "image_url") == has(b, "slack_file") {
		j.say(at, "needs either image_url or slack_file")
	}
	j.most(at+"/image_url", str(b, "image_url"), maxURL)
}

func (j *judge) input(at string, b object) {
	j.plain(at+"/label", b["label"], maxLabel)
	if has(b, "hint") {
		j.plain(at+"/hint", b["hint"], maxLabel)
	}
	j.elements(at+"/element", []any{b["element"]}, "plain_text_input static_select external_select users_select "+
		"conversations_select channels_select multi_static_select multi_external_select multi_users_select "+
		"multi_conversations_select multi_channels_select checkboxes radio_buttons datepicker timepicker datetimepicker "+
		"email_text_input number_input url_text_input file_input rich_text_input")
	if str(sub(b, "element"), "type") == "file_input" && j.surface != "modal" {
		j.say(at+"/element", "file_input is for modals")
	}
}

func (j *judge) markdownBlock(at string, b object) {
	if j.surface != "message" {
		j.say(at, "markdown blocks are for messages")
	}
	text := str(b, "text")
	j.some(at+"/text", text, maxMarkdown)
	if j.markdown += len([]rune(text)); j.markdown > maxMarkdown {
		j.say(at+"/text", "all markdown blocks together may have %d characters", maxMarkdown)
	}
}

func (j *judge) table(at string, b object) {
	const maxRows, maxCells = 100, 20
	if j.tables++; j.tables > 1 {
		j.say(at, "only_one_table_allowed")
	}
	rows := list(b, "rows")
	if len(rows) == 0 || len(rows) > maxRows {
		j.say(at+"/rows", "1 to %d items allowed", maxRows)
	}
	for i, raw := range rows {
		row, _ := raw.([]any)
		if len(row) == 0 || len(row) > maxCells {
			j.say(index(at+"/rows", i), "1 to %d cells allowed", maxCells)
		}
		for k, cell := range onlyObjects(row) {
			where := index(index(at+"/rows", i), k)
			switch str(cell, "type") {
			case "raw_text":
				j.some(where+"/text", str(cell, "text"), maxText)
			case "rich_text":
				j.richText(where, cell)
			case "raw_number":
			default:
				j.say(where+"/type", "unsupported type: %q", str(cell, "type"))
			}
		}
	}
}

// plain judges a text object that must be plain_text.
func (j *judge) plain(at string, raw any, limit int) {
	t, isObject := raw.(object)
	if !isObject {
		j.say(at, "missing required text object")
		return
	}
	if str(t, "type") != "plain_text" {
		j.say(at+"/type", "must be plain_text, not %q", str(t, "type"))
		return
	}
	j.text(at, t, limit)
}

// text judges a text object of either type.
func (j *judge) text(at string, raw any, limit int) {
	t, isObject := raw.(object)
	if !isObject {
		j.say(at, "missing required text object")
		return
	}
	j.some(at+"/text", str(t, "text"), limit)
	switch str(t, "type") {
	case "plain_text":
		j.only(at, t, "type", "text", "emoji")
	case "mrkdwn":
		j.only(at, t, "type", "text", "verbatim")
		j.mrkdwn(at+"/text", str(t, "text"))
		if !flag(t, "verbatim") {
			j.autolinks(at+"/text", str(t, "text"))
		}
	default:
		j.say(at+"/type", "must be plain_text or mrkdwn, not %q", str(t, "type"))
	}
}
