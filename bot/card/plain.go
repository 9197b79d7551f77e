package card

import "strings"

// Text gives the card as plain lines, for logs and for surfaces that can show nothing better. Line
// breaks and control characters inside a text are folded, so that each fact keeps to its line;
// everything else hostile is left for the renderer of that surface.
func (c *Card) Text() string {
	var b strings.Builder
	line := func(parts ...string) {
		if s := Line(strings.Join(parts, "")); s != "" {
			b.WriteString(s + "\n")
		}
	}
	if c.Title != c.Summary {
		line(strings.Join(append([]string{c.Title}, c.Tags...), " · "))
	}
	line(c.Status.prefix(), c.Summary)
	for _, f := range c.Fields {
		line(f.text())
	}
	for _, it := range c.Items {
		// Line folds leading spaces, so the indent is written beside it.
		b.WriteString(strings.Repeat("  ", min(max(it.Depth, 0), MaxDepth)))
		line("- ", it.Status.prefix(), Join(" — ", it.Text, it.Detail).Plain())
	}
	b.WriteString(quoted(c.Body))
	for _, n := range c.Notes {
		line("! ", n.Status.prefix(), n.Text.Plain())
	}
	line(c.Footer.Plain())
	for _, a := range c.Actions {
		line("> ", a.Label, ": ", a.Command)
	}
	return b.String()
}

// quoted gives Markdown as it is written, each line behind a bar, so that none passes for a fact.
func quoted(markdown string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(markdown, "\n") {
		indent := len(l) - len(strings.TrimLeft(l, " \t"))
		b.WriteString(strings.TrimRight("| "+l[:indent]+Line(l[indent:]), " \t") + "\n")
	}
	if b.String() == "|\n" {
		return ""
	}
	return b.String()
}

// text gives the field as "Label: value [status] (source, when)".
func (f Field) text() string {
	value := f.Value.Plain()
	if f.Gap != nil {
		value = f.Gap.String()
	}
	if f.Status != None {
		value += " [" + string(f.Status) + "]"
	}
	source := f.Source
	if !f.At.IsZero() {
		source += ", " + moment(f.At)
	}
	if source != "" {
		value += " (" + source + ")"
	}
	return f.Label + ": " + value
}

// String gives the gap as a sentence: what is missing — how to provide it.
func (g Gap) String() string {
	if g.Fix == "" {
		return g.What
	}
	return g.What + " — " + g.Fix
}

func (s Status) prefix() string {
	if s == None {
		return ""
	}
	return "[" + string(s) + "] "
}
