package card

import "strings"

// What chat surfaces have in common: pieces of a card that each of them lays out in its own way.

// Mark is how a status looks in front of a text where there are emoji, with a space behind it; "" for None.
func (s Status) Mark() string {
	switch s {
	case OK:
		return "✅ "
	case Warn:
		return "⚠️ "
	case Bad:
		return "🔴 "
	case Unknown:
		return "❔ "
	case None:
	}
	return ""
}

// Head gives the words that head the card, and the summary where it says more and is to be shown below them. A card
// whose title is empty, or only the beginning of its summary, is headed by its summary; where facts, rows or a body
// follow a title, they say what the summary says.
func (c *Card) Head() (title, summary string) {
	follows := len(c.Fields)+len(c.Items)+len(c.Body) > 0
	switch {
	case c.Title == "" || !follows && strings.HasPrefix(c.Summary, c.Title):
		return c.Summary, ""
	case follows:
		return c.Title, ""
	}
	return c.Title, c.Summary
}

// Picks gives the rows that can be picked.
func (c *Card) Picks() []Item {
	var picks []Item
	for _, it := range c.Items {
		if it.Action != "" {
			picks = append(picks, it)
		}
	}
	return picks
}

// PickLabel names a row for its button: by its text, and by what the text says beside it where other rows have the
// same.
func (it Item) PickLabel(among []Item) string {
	label := it.Text.Plain()
	alike := 0
	for _, other := range among {
		if other.Text.Plain() == label {
			alike++
		}
	}
	if alike > 1 {
		label += " — " + it.Detail.Plain()
	}
	return label
}

// Card gives a card whose button asks for the form again, where the form itself cannot be opened. It says what is wrong with
// what was given already.
func (f *Form) Card() *Card {
	c := &Card{Title: f.Title, Summary: f.Title, Actions: []Action{{Label: "Open the form", Command: f.Command}}}
	for _, in := range f.Pages[f.At].Inputs {
		if in.Error != "" {
			c.Notes = append(c.Notes, Note{Status: Warn, Text: T(in.Label + ": " + in.Error)})
		}
	}
	return c
}
