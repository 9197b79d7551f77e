package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

const (
	formCallback = "form"
	actionEntity = "entity" // an external select over the catalog; the kinds stand behind a colon
	actionInput  = "input"
)

// formState travels with a modal and comes back with its submission. Nothing in it is trusted: the command is
// parsed and authorised like typed text.
type formState struct {
	Command string            `json:"c"`
	Page    int               `json:"p"`
	Values  map[string]string `json:"v,omitempty"` // of the pages before
	Channel string            `json:"ch,omitempty"`
	Thread  string            `json:"t,omitempty"`
}

func readState(metadata string) (formState, error) {
	var s formState
	if err := json.Unmarshal([]byte(metadata), &s); err != nil || s.Command == "" {
		return s, fmt.Errorf("a form without its state: %w", errMalformed)
	}
	if s.Values == nil {
		s.Values = map[string]string{}
	}
	return s, nil
}

// modal draws the page of a form that is to be filled in.
func modal(f *card.Form, channel, thread string) (*slack.ModalViewRequest, error) {
	page := f.Pages[f.At]
	state, err := json.Marshal(formState{Command: f.Command, Page: f.At, Values: before(f), Channel: channel, Thread: thread})
	if err != nil {
		return nil, err
	}
	if len(state) > maxMetadata {
		return nil, errors.New("the values entered so far are longer than Slack keeps between two pages: shorten them")
	}
	var all []slack.Block
	if !page.Intro.Empty() {
		var w writing
		w.text(page.Intro)
		all = append(all, slack.NewRichTextBlock("", w.section()))
	}
	for _, in := range page.Inputs {
		if in.Error != "" { // Slack shows errors by itself only as the answer to a submission
			var w writing
			w.raw(card.Warn.Mark(), nil)
			w.say(in.Error, &look{Bold: true})
			all = append(all, slack.NewRichTextBlock("", w.section()))
		}
		all = append(all, input(in, f.Values[in.Name]))
	}
	return &slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formCallback, PrivateMetadata: string(state),
		Title: plain(f.Title, maxModalTitle), Submit: plain(page.Submit, maxModalTitle), Close: plain("Cancel", maxModalTitle),
		Blocks: slack.Blocks{BlockSet: all},
	}, nil
}

// before gives the values of other pages than the one that is shown.
func before(f *card.Form) map[string]string {
	values := map[string]string{}
	for i, p := range f.Pages {
		for _, in := range p.Inputs {
			if v := f.Values[in.Name]; i != f.At && v != "" {
				values[in.Name] = v
			}
		}
	}
	return values
}

// input draws one question. Its block is named after the input, so that errors find it.
func input(in card.Input, value string) slack.Block {
	var element slack.BlockElement
	switch in.Kind {
	case card.ChoiceInput:
		var options []*slack.OptionBlockObject
		var chosen *slack.OptionBlockObject
		for _, o := range in.Options {
			option := slack.NewOptionBlockObject(o.Value, plain(o.Label, maxOptionText), nil)
			if options = append(options, option); o.Value == value {
				chosen = option
			}
		}
		menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Choose", maxPlaceholder), actionInput, options...)
		menu.InitialOption = chosen
		element = menu
	case card.EntityInput:
		menu := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("Type to search", maxPlaceholder), actionEntity+":"+strings.Join(in.Kinds, ","))
		least := 1
		menu.MinQueryLength = &least
		if value != "" && len(value) <= maxOptionText {
			menu.InitialOption = slack.NewOptionBlockObject(value, plain(value, maxOptionText), nil)
		}
		element = menu
	default:
		text := slack.NewPlainTextInputBlockElement(nil, actionInput)
		text.Multiline = in.Kind == card.LinesInput
		text.MaxLength = card.MaxValue
		text.InitialValue = value
		element = text
	}
	var hint *slack.TextBlockObject
	if in.Hint != "" {
		hint = plain(in.Hint, maxInputLabel)
	}
	block := slack.NewInputBlock(in.Name, plain(in.Label, maxInputLabel), hint, element)
	block.Optional = !in.Required
	return block
}

// refusals gives the errors of a form's page by the blocks they belong to.
func refusals(f *card.Form) map[string]string {
	errs := map[string]string{}
	for _, in := range f.Pages[f.At].Inputs {
		if in.Error != "" {
			errs[in.Name] = card.Cut(markup.Terminal(in.Error), maxErrorText)
		}
	}
	return errs
}

// cardModal shows a card where there is no channel: from the home tab, or in place of a form that is done.
func cardModal(c *card.Card) *slack.ModalViewRequest {
	title := c.Title
	if title == "" {
		title = c.Summary
	}
	return &slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain(title, maxModalTitle), Close: plain("Close", maxModalTitle),
		Blocks: slack.Blocks{BlockSet: draw(c, "", maxHomeBlocks)},
	}
}
