package discord

import (
	"container/list"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"callboard/bot"
	"callboard/bot/card"
)

const (
	draftMark  = "f" // begins the id of a button or a modal that goes on with a form
	draftLife  = 24 * time.Hour
	maxDrafts  = 5_000
	maxOwn     = 50 // of them of one person, so that nobody makes the forms of others forgotten
	continueOn = "Continue"
	correctIt  = "Correct it"
	draftGone  = "I do not have this form any more. Please ask for it again."
)

// draft is a form on its way through its pages. It stays here and not with Discord: what a modal carries is 100
// characters, and what was entered may be more. It is lost with the process; the form is then asked for again.
type draft struct {
	id     string
	user   string
	form   *card.Form
	values map[string]string // entered so far
	page   int               // of the form
	part   int               // of the page: Discord shows five inputs at once
	at     time.Time
}

// part gives the inputs that one modal shows.
func (f *draft) inputs() []card.Input {
	all := f.form.Pages[f.page].Inputs
	from := min(f.part*maxModalInputs, len(all))
	return all[from:min(from+maxModalInputs, len(all))]
}

// more reports whether the page goes on after this part.
func (f *draft) more() bool {
	return (f.part+1)*maxModalInputs < len(f.form.Pages[f.page].Inputs)
}

// drafts keeps the forms that people fill in, a bounded number for a bounded time. Its zero value is empty.
type drafts struct {
	mu    sync.Mutex
	all   map[string]*list.Element
	order list.List // of *draft, oldest first
}

// keep stores a draft under a new id.
func (s *drafts) keep(f draft) *draft {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*list.Element{}
	}
	f.id, f.at = rand.Text(), time.Now()
	for oldest := s.order.Front(); oldest != nil; oldest = s.order.Front() {
		old, _ := oldest.Value.(*draft)
		if len(s.all) < maxDrafts && f.at.Sub(old.at) < draftLife {
			break
		}
		s.drop(oldest)
	}
	s.bound(f.user)
	s.all[f.id] = s.order.PushBack(&f)
	return &f
}

// bound makes room for another draft of somebody who has as many as one person may.
func (s *drafts) bound(user string) {
	var first *list.Element
	own := 0
	for e := s.order.Back(); e != nil; e = e.Prev() {
		if f, _ := e.Value.(*draft); f.user == user {
			first = e
			own++
		}
	}
	if own >= maxOwn {
		s.drop(first)
	}
}

func (s *drafts) drop(e *list.Element) {
	f, _ := s.order.Remove(e).(*draft)
	delete(s.all, f.id)
}

// find gives a copy of somebody's draft. What others made is not found.
func (s *drafts) find(id, user string) (*draft, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.all[id]
	if e == nil {
		return nil, false
	}
	f, _ := e.Value.(*draft)
	if f.user != user || time.Since(f.at) >= draftLife {
		return nil, false
	}
	c := *f
	c.values = maps.Clone(f.values)
	return &c, true
}

// start stores a form as a draft at the page that it is to be shown at; one with errors at the first of them.
func (d *Discord) start(t *turn, f *card.Form) *draft {
	values := maps.Clone(f.Values)
	if values == nil {
		values = map[string]string{}
	}
	part := 0
	for i, in := range f.Pages[f.At].Inputs {
		if in.Error != "" {
			part = i / maxModalInputs
			break
		}
	}
	return d.drafts.keep(draft{user: t.request.User.ID, form: f, values: values, page: f.At, part: part})
}

// resume opens the modal of a draft.
func (d *Discord) resume(t *turn, id string) *reply {
	f, found := d.drafts.find(id, t.request.User.ID)
	if !found {
		return private(say(draftGone))
	}
	return &reply{answerModal, modal(f)}
}

// component is a part of a modal that discordgo does not know.
type component map[string]any

// modal draws a part of a page. Discord has no place for an introduction or errors, so that those stand in the message
// before it.
func modal(f *draft) component {
	var rows []component
	for _, in := range f.inputs() {
		row := component{"type": componentLabel, "label": plain(in.Label, maxInputLabel), "component": input(in, f.values[in.Name])}
		if hint := describe(in); hint != "" {
			row["description"] = plain(hint, maxInputHint)
		}
		rows = append(rows, row)
	}
	return component{"custom_id": draftMark + ":" + f.id, "title": plain(f.form.Title, maxModalTitle), "components": rows}
}

// describe is what stands below the label of an input.
func describe(in card.Input) string {
	switch {
	case in.Error != "":
		return in.Error
	case in.Kind == card.EntityInput && in.Hint == "":
		return "a name of the catalog, or the start of one"
	}
	return in.Hint
}

func input(in card.Input, value string) component {
	if in.Kind == card.ChoiceInput && len(in.Options) <= maxOptions {
		var options []component
		for _, o := range in.Options {
			options = append(options, component{"label": plain(o.Label, maxOptionText), "value": o.Value, "default": o.Value == value})
		}
		least := 0
		if in.Required {
			least = 1
		}
		return component{
			"type": int(discordgo.SelectMenuComponent), "custom_id": in.Name, "options": options,
			"min_values": least, "max_values": 1, "required": in.Required,
		}
	}
	style := discordgo.TextInputShort
	if in.Kind == card.LinesInput {
		style = discordgo.TextInputParagraph
	}
	text := component{
		"type": int(discordgo.TextInputComponent), "custom_id": in.Name, "style": int(style),
		"required": in.Required, "max_length": min(card.MaxValue, maxInputText),
	}
	if value != "" {
		text["value"] = card.Cut(value, card.MaxValue)
	}
	return text
}

// submitted reads a modal. A page of a form that has more parts is not asked about yet.
func (d *Discord) submitted(t *turn, raw json.RawMessage) error {
	var data struct {
		CustomID   string      `json:"custom_id"`
		Components []submitted `json:"components"`
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		return fmt.Errorf("a form: %w: %w", errMalformed, err)
	}
	id, is := strings.CutPrefix(data.CustomID, draftMark+":")
	if !is {
		return errUnroutable
	}
	t.kind, t.request.Kind = "submission", bot.Submission
	f, found := d.drafts.find(id, t.request.User.ID)
	if !found {
		t.ready = private(say(draftGone))
		return nil
	}
	for _, row := range data.Components {
		row.read(f.values)
	}
	for name := range f.values {
		f.values[name] = choiceOf(f.form, name, f.values[name])
	}
	if f.more() {
		f.part++
		t.ready = d.goOn(t, d.drafts.keep(*f), continueOn)
		return nil
	}
	t.draft = f
	t.request.Text, t.request.Page, t.request.Values = f.form.Command, f.page, f.values
	return nil
}

// submitted is a component of a modal as it comes back: a row, a label, or what is in them.
type submitted struct {
	CustomID   string      `json:"custom_id"`
	Value      *string     `json:"value"`
	Values     []string    `json:"values"`
	Component  *submitted  `json:"component"`
	Components []submitted `json:"components"`
}

// read adds what was entered to the values, by the names of the inputs.
func (s *submitted) read(values map[string]string) {
	if s.Component != nil {
		s.Component.read(values)
	}
	for i := range s.Components {
		s.Components[i].read(values)
	}
	if s.CustomID == "" {
		return
	}
	switch {
	case s.Value != nil:
		values[s.CustomID] = *s.Value
	case len(s.Values) > 0:
		values[s.CustomID] = s.Values[0]
	default:
		values[s.CustomID] = ""
	}
}

// choiceOf is the value of a choice that had too many options for a select, and was typed by its label.
func choiceOf(f *card.Form, name, value string) string {
	for _, p := range f.Pages {
		for _, in := range p.Inputs {
			for _, o := range in.Options {
				if in.Name == name && strings.EqualFold(strings.TrimSpace(value), o.Label) {
					return o.Value
				}
			}
		}
	}
	return value
}

// goOn is a message whose button opens the next modal, which cannot follow a modal by itself. It says what was wrong
// with the page, and its introduction.
func (d *Discord) goOn(t *turn, f *draft, label string) *reply {
	page := f.form.Pages[f.page]
	c := &card.Card{Title: f.form.Title, Summary: f.form.Title}
	for _, in := range page.Inputs {
		if in.Error != "" {
			c.Status = card.Warn
			c.Notes = append(c.Notes, card.Note{Status: card.Warn, Text: card.T(in.Label + ": " + in.Error)})
		}
	}
	if !page.Intro.Empty() {
		c.Notes = append(c.Notes, card.Note{Text: page.Intro})
	}
	m := d.draw(c, "")
	m.Components = one(label, draftMark+":"+f.id)
	r := private(m)
	if t.ephemeral { // the one before is done with
		r.kind, m.Flags = answerEdit, 0
	}
	return r
}

// entities puts the refs that are meant in place of what was typed into inputs for entities, which Discord cannot search
// in. It is false where something is not clear; the form is then asked again with what is wrong.
func (d *Discord) entities(ctx context.Context, t *turn) (bot.Reply, bool) {
	errs := map[string]string{}
	for _, in := range t.draft.form.Pages[t.draft.page].Inputs {
		typed := strings.TrimSpace(t.request.Values[in.Name])
		if in.Kind != card.EntityInput || typed == "" || strings.Contains(typed, ":") {
			continue
		}
		answer := d.handler()(ctx, &bot.Request{
			Kind: bot.Complete, Text: "who-owns " + strings.ReplaceAll(typed, `"`, ""), Kinds: in.Kinds,
			User: t.request.User, Address: t.request.Address, Received: time.Now(),
		})
		ref, why := meant(typed, answer.Choices)
		if answer.Outcome == bot.Busy || answer.Outcome == bot.Fault {
			why = "I could not look it up just now; please send it again"
		}
		if why != "" {
			errs[in.Name] = why
			continue
		}
		t.request.Values[in.Name] = ref
	}
	if len(errs) == 0 {
		return bot.Reply{}, true
	}
	form := *t.draft.form
	form.At, form.Values = t.draft.page, t.request.Values
	return bot.Reply{Form: form.Refused(errs), Outcome: bot.Misused}, false
}

// meant is the one of the choices that somebody means by what they typed, or why there is none.
func meant(typed string, choices []bot.Choice) (ref, why string) {
	var refs []string
	for _, c := range choices {
		ref := c.Text[strings.LastIndexByte(c.Text, ' ')+1:]
		if name := ref[strings.LastIndexAny(ref, ":/")+1:]; strings.EqualFold(name, typed) {
			return ref, ""
		}
		refs = append(refs, ref)
	}
	switch len(refs) {
	case 0:
		return "", "nothing in the catalog is called so"
	case 1:
		return refs[0], ""
	}
	return "", card.Cut("write one of these: "+strings.Join(refs, ", "), card.MaxErrorLength)
}
