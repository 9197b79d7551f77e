package discordtest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Lines gives the message as people read it, for golden files: buttons as [Label], menus as [Label ▾], links as
// label <address>, times in UTC.
func (m Message) Lines() string {
	var all []string
	if m.Waiting() {
		all = append(all, "(thinking)")
	}
	if m.Content != "" {
		all = append(all, strings.Split(readable(m.Content), "\n")...)
	}
	for _, e := range m.Embeds {
		all = append(all, embedLines(e)...)
	}
	for _, a := range m.Attachments {
		all = append(all, "(file: "+a.Name+")")
	}
	for _, c := range m.Components {
		all = append(all, componentLines(c)...)
	}
	return strings.Join(all, "\n")
}

func embedLines(e object) []string {
	var all []string
	add := func(text string) {
		if text != "" {
			all = append(all, strings.Split(readable(text), "\n")...)
		}
	}
	add(str(sub(e, "author"), "name"))
	if title := str(e, "title"); title != "" {
		title = "# " + title
		if u := str(e, "url"); u != "" {
			title += " <" + u + ">"
		}
		add(title)
	}
	add(str(e, "description"))
	for _, f := range objects(e, "fields") {
		add(str(f, "name") + ": " + str(f, "value"))
	}
	for _, key := range []string{"thumbnail", "image"} {
		if u := str(sub(e, key), "url"); u != "" {
			all = append(all, "(image: "+strings.TrimPrefix(u, "attachment://")+")")
		}
	}
	foot := readable(str(sub(e, "footer"), "text"))
	if t, err := time.Parse(time.RFC3339, str(e, "timestamp")); err == nil {
		foot = strings.TrimSpace(foot + " · " + t.UTC().Format(whenLayout))
	}
	if foot != "" {
		all = append(all, "· "+foot)
	}
	return all
}

const whenLayout = "2006-01-02 15:04 UTC"

func componentLines(c object) []string {
	switch num(c, "type") {
	case typeRow:
		var parts []string
		for _, inner := range objects(c, "components") {
			parts = append(parts, elementLine(inner, nil))
		}
		return []string{strings.Join(parts, " ")}
	case typeTextDisplay:
		return strings.Split(readable(str(c, "content")), "\n")
	case typeSeparator:
		return []string{"────"}
	case typeSection:
		all := nestedLines(c)
		if len(all) > 0 {
			all[len(all)-1] += " " + elementLine(sub(c, "accessory"), nil)
		}
		return all
	case typeGallery:
		var all []string
		for _, item := range objects(c, "items") {
			all = append(all, "(image: "+str(item, "description")+")")
		}
		return all
	case typeFile:
		return []string{"(file: " + strings.TrimPrefix(str(sub(c, "file"), "url"), "attachment://") + ")"}
	}
	return nestedLines(c)
}

func nestedLines(c object) []string {
	var all []string
	for _, inner := range objects(c, "components") {
		all = append(all, componentLines(inner)...)
	}
	return all
}

// elementLine draws what can be pressed or filled in; values are what is filled in.
func elementLine(c object, values []string) string {
	if len(values) > 0 {
		var shown []string
		for _, v := range values {
			shown = append(shown, optionLabel(c, v))
		}
		return "[" + strings.Join(shown, ", ") + "]"
	}
	switch kind := num(c, "type"); {
	case kind == typeButton && flag(c, "disabled"):
		return "(" + buttonWords(c) + ")"
	case kind == typeButton:
		return "[" + buttonWords(c) + "]"
	case kind == typeThumbnail:
		return "(image: " + str(c, "description") + ")"
	case isSelect(kind):
		label := str(c, "placeholder")
		for _, o := range objects(c, "options") {
			if flag(o, "default") {
				label = str(o, "label")
			}
		}
		return "[" + label + " ▾]"
	case kind == typeRadio || kind == typeChecks:
		var all []string
		for _, o := range objects(c, "options") {
			all = append(all, "( ) "+str(o, "label"))
		}
		return strings.Join(all, " ")
	}
	return "[____]"
}

func optionLabel(c object, value string) string {
	for _, o := range objects(c, "options") {
		if str(o, "value") == value {
			return str(o, "label")
		}
	}
	return value
}

// Lines gives the modal as people read it, with what they have filled in.
func (m *Modal) Lines() string {
	all := []string{"== " + m.Title + " =="}
	for _, c := range m.Components {
		if num(c, "type") == typeTextDisplay {
			all = append(all, componentLines(c)...)
		}
	}
	for _, f := range m.fields() {
		label := f.label
		if hasKey(f.component, "required") && !flag(f.component, "required") {
			label += " (optional)"
		}
		all = append(all, label+": "+elementLine(f.component, m.Values[f.id]))
		if f.hint != "" {
			all = append(all, "  ("+f.hint+")")
		}
		if why := m.Errors[f.id]; why != "" {
			all = append(all, "  ! "+why)
		}
	}
	if why := m.Errors[""]; why != "" {
		all = append(all, "! "+why)
	}
	return strings.Join(append(all, "[Cancel] [Submit]"), "\n")
}

// readable gives Discord's markup as people read it. Words that are strong or set in code keep their marks.
func readable(text string) string {
	text = linkPattern().ReplaceAllString(text, "$1 <$2>")
	text = regexp.MustCompile(`<t:(-?\d+)(?::([tTdDfFR]))?>`).ReplaceAllStringFunc(text, func(token string) string {
		parts := strings.Split(strings.Trim(token, "<>"), ":")
		unix, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return token
		}
		return time.Unix(unix, 0).UTC().Format(whenLayout)
	})
	text = regexp.MustCompile(`<@[!&]?(\d+)>`).ReplaceAllString(text, "@$1")
	text = regexp.MustCompile(`<#(\d+)>`).ReplaceAllString(text, "#$1")
	text = regexp.MustCompile(`</([^:>]+):\d+>`).ReplaceAllString(text, "/$1")
	return regexp.MustCompile("\\\\([\\\\*_~`|>#+\\-.\\[\\](){}!<:@])").ReplaceAllString(text, "$1")
}

// String names a message in the words of a failing test.
func (m Message) String() string { return fmt.Sprintf("%s in %s: %s", m.ID, m.Channel, m.Lines()) }
