package slacktest

import (
	"slices"
	"strconv"
	"strings"
)

// Lines draws blocks as plain lines, for golden files: buttons as [Label], menus as [Label ▾], links as label <address>.
func Lines(blocks []object) string {
	var all []string
	for _, b := range blocks {
		all = append(all, blockLines(b)...)
	}
	return strings.Join(all, "\n")
}

func blockLines(b object) []string {
	switch str(b, "type") {
	case "header":
		return []string{"# " + words(sub(b, "text"))}
	case "divider":
		return []string{"────"}
	case "section":
		return sectionLines(b)
	case "context":
		var parts []string
		for _, e := range objects(b, "elements") {
			if str(e, "type") == "image" {
				parts = append(parts, "("+str(e, "alt_text")+")")
			} else {
				parts = append(parts, words(e))
			}
		}
		return []string{"· " + strings.Join(parts, " ")}
	case "actions":
		var parts []string
		for _, e := range objects(b, "elements") {
			parts = append(parts, elementLine(e, nil))
		}
		return []string{strings.Join(parts, " ")}
	case "image":
		return []string{"(image: " + str(b, "alt_text") + ")"}
	case "input":
		return inputLines(b, nil)
	case "rich_text":
		return richLines(b)
	case "markdown":
		return strings.Split(str(b, "text"), "\n")
	case "table":
		return tableLines(b)
	}
	return []string{"(" + str(b, "type") + ")"}
}

func sectionLines(b object) []string {
	var all []string
	if has(b, "text") {
		all = strings.Split(words(sub(b, "text")), "\n")
	}
	for _, f := range objects(b, "fields") {
		all = append(all, words(f))
	}
	if a := sub(b, "accessory"); a != nil && len(all) > 0 {
		all[len(all)-1] += " " + elementLine(a, nil)
	}
	return all
}

func inputLines(b, values object) []string {
	label := words(sub(b, "label"))
	if flag(b, "optional") {
		label += " (optional)"
	}
	all := []string{label + ": " + elementLine(sub(b, "element"), values)}
	if has(b, "hint") {
		all = append(all, "  ("+words(sub(b, "hint"))+")")
	}
	return all
}

// elementLine draws an element; values are what is filled in, by action.
func elementLine(e, values object) string {
	kind := str(e, "type")
	if filled := filledIn(sub(values, str(e, "action_id"))); filled != "" {
		return "[" + filled + "]"
	}
	switch {
	case kind == "button" || kind == "workflow_button":
		return "[" + words(sub(e, "text")) + "]"
	case kind == "image":
		return "(image: " + str(e, "alt_text") + ")"
	case kind == "overflow":
		return "[⋯]"
	case kind == "checkboxes" || kind == "radio_buttons":
		var all []string
		for _, o := range objects(e, "options") {
			all = append(all, "( ) "+words(sub(o, "text")))
		}
		return strings.Join(all, " ")
	case strings.HasSuffix(kind, "_select"), strings.HasSuffix(kind, "picker"):
		label := words(sub(e, "placeholder"))
		if o := sub(e, "initial_option"); o != nil {
			label = words(sub(o, "text"))
		}
		return "[" + label + " ▾]"
	}
	return "[" + str(e, "initial_value") + "____]"
}

// words gives a text object as it is read.
func words(t object) string {
	if str(t, "type") == "mrkdwn" {
		return readable(str(t, "text"))
	}
	return str(t, "text")
}

// readable gives mrkdwn as it is read: links as label <address>, dates as their fallback, entities decoded.
func readable(s string) string {
	var b strings.Builder
	decode := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	for {
		before, rest, found := strings.Cut(s, "<")
		b.WriteString(decode.Replace(before))
		if !found {
			return b.String()
		}
		inside, after, _ := strings.Cut(rest, ">")
		target, label, labelled := strings.Cut(inside, "|")
		switch {
		case strings.HasPrefix(target, "!date^"):
			b.WriteString(decode.Replace(label))
		case strings.HasPrefix(target, "@"), strings.HasPrefix(target, "#"):
			b.WriteString(target)
		case strings.HasPrefix(target, "!"):
			b.WriteString("@" + target[1:])
		case labelled:
			b.WriteString(decode.Replace(label) + " <" + decode.Replace(target) + ">")
		default:
			b.WriteString("<" + decode.Replace(target) + ">")
		}
		s = after
	}
}

func richLines(b object) []string {
	var all []string
	for _, e := range objects(b, "elements") {
		switch str(e, "type") {
		case "rich_text_list":
			all = append(all, listLines(e)...)
		case "rich_text_quote":
			all = append(all, prefixed("> ", inlineText(e))...)
		case "rich_text_preformatted":
			all = append(all, prefixed("    ", inlineText(e))...)
		default:
			text := strings.TrimSuffix(inlineText(e), "\n")
			all = append(all, strings.Split(text, "\n")...)
		}
	}
	return all
}

func listLines(e object) []string {
	indent, _ := num(e, "indent")
	offset, _ := num(e, "offset")
	var all []string
	for i, item := range objects(e, "elements") {
		sign := "• "
		if str(e, "style") == "ordered" {
			sign = strconv.Itoa(offset+i+1) + ". "
		}
		all = append(all, strings.Repeat("  ", indent)+sign+inlineText(item))
	}
	return all
}

func prefixed(prefix, text string) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		lines[i] = prefix + lines[i]
	}
	return lines
}

func inlineText(parent object) string {
	var b strings.Builder
	for _, e := range objects(parent, "elements") {
		switch str(e, "type") {
		case "text":
			b.WriteString(str(e, "text"))
		case "link":
			if label := str(e, "text"); label != "" && label != str(e, "url") {
				b.WriteString(label + " ")
			}
			b.WriteString("<" + str(e, "url") + ">")
		case "emoji":
			b.WriteString(":" + str(e, "name") + ":")
		case "user":
			b.WriteString("@" + str(e, "user_id"))
		case "channel":
			b.WriteString("#" + str(e, "channel_id"))
		case "usergroup":
			b.WriteString("@" + str(e, "usergroup_id"))
		case "broadcast":
			b.WriteString("@" + str(e, "range"))
		case "date":
			b.WriteString(str(e, "fallback"))
		}
	}
	return b.String()
}

func tableLines(b object) []string {
	var all []string
	for _, raw := range list(b, "rows") {
		row, _ := raw.([]any)
		var cells []string
		for _, c := range onlyObjects(row) {
			if str(c, "type") == "rich_text" {
				cells = append(cells, strings.Join(richLines(c), " "))
			} else {
				cells = append(cells, str(c, "text"))
			}
		}
		all = append(all, strings.Join(cells, " | "))
	}
	return all
}

func viewLines(v *View) string {
	var all []string
	if v.Title != "" {
		all = append(all, "== "+v.Title+" ==")
	}
	for _, b := range v.Blocks {
		if str(b, "type") == "input" {
			all = append(all, inputLines(b, v.Values[str(b, "block_id")])...)
		} else {
			all = append(all, blockLines(b)...)
		}
		if why := v.Errors[str(b, "block_id")]; why != "" {
			all = append(all, "  ! "+why)
		}
	}
	var foot []string
	for _, label := range []string{v.Close, v.Submit} {
		if label != "" {
			foot = append(foot, "["+label+"]")
		}
	}
	if len(foot) > 0 {
		all = append(all, strings.Join(foot, " "))
	}
	return strings.Join(slices.DeleteFunc(all, func(l string) bool { return l == "" }), "\n")
}
