package card

import (
	"errors"
	"slices"
)

// Form is what somebody is asked to fill in, page by page. Submitting a page runs Command with the values
// entered so far; the reply is the form again, with the next page or with errors on inputs, or a card.
type Form struct {
	Title   string            `json:"title"`   // at most MaxFormTitle characters
	Command string            `json:"command"` // text of the command that gets the values
	Pages   []Page            `json:"pages"`
	At      int               `json:"at"`               // the page to show, from 0
	Values  map[string]string `json:"values,omitempty"` // of the inputs of all pages, by name
}

// Page is one page of a form.
type Page struct {
	Intro  Text    `json:"intro,omitempty"`
	Inputs []Input `json:"inputs"`
	Submit string  `json:"submit"` // what the button says
}

// Input is a question of a page.
type Input struct {
	Name     string    `json:"name"` // of the value; [a-z0-9_]
	Label    string    `json:"label"`
	Hint     string    `json:"hint,omitempty"`
	Kind     InputKind `json:"kind"`
	Kinds    []string  `json:"kinds,omitempty"`   // EntityInput: the kinds to choose from; empty for all
	Options  []Option  `json:"options,omitempty"` // ChoiceInput
	Required bool      `json:"required,omitempty"`
	Error    string    `json:"error,omitempty"` // why the value that was entered is refused
}

// InputKind is how an input is filled in.
type InputKind string

// The kinds of inputs.
const (
	LineInput   InputKind = "line"
	LinesInput  InputKind = "lines"
	ChoiceInput InputKind = "choice" // one of Options
	EntityInput InputKind = "entity" // a ref of the catalog, searched for
)

// Option is a choice of a ChoiceInput.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// The limits of a form, in characters (runes), the tightest of the surfaces.
const (
	MaxFormTitle   = 24 // Slack: title of a modal
	MaxSubmit      = 24 // Slack: button of a modal
	MaxInputLabel  = 45 // Discord: label in a modal
	MaxHint        = 100
	MaxPages       = 10
	MaxInputs      = 10 // of a page; a surface that shows fewer parts the page
	MaxOptions     = 100
	MaxOptionText  = 75   // Slack: label and value of an option
	MaxValue       = 3000 // Slack: text input
	MaxInputName   = 40
	MaxErrorLength = 500
)

// Validate says what is wrong with the form, nil when nothing is, like Card.Validate.
func (f *Form) Validate() error {
	var v validator
	v.line("title", f.Title, MaxFormTitle, false)
	v.line("command", f.Command, MaxCommand, false)
	v.count("pages", len(f.Pages), MaxPages)
	if f.At < 0 || f.At >= len(f.Pages) {
		v.add("at", "%d is not one of the %d pages", f.At, len(f.Pages))
	}
	names := map[string]bool{}
	for i, p := range f.Pages {
		place := at("pages", i)
		v.text(place+".intro", p.Intro, true)
		v.line(place+".submit", p.Submit, MaxSubmit, false)
		v.count(place+".inputs", len(p.Inputs), MaxInputs)
		for j, in := range p.Inputs {
			v.input(place+at(".inputs", j), in)
			if names[in.Name] {
				v.add(place+at(".inputs", j)+".name", "%q is used twice", in.Name)
			}
			names[in.Name] = true
		}
	}
	for name, value := range f.Values {
		if !names[name] {
			v.add("values", "no input is called %q", name)
		}
		if len([]rune(value)) > MaxValue {
			v.add("values", "%q has more than %d characters", name, MaxValue)
		}
	}
	return errors.Join(v.problems...)
}

func (v *validator) input(place string, in Input) {
	v.line(place+".name", in.Name, MaxInputName, false)
	v.line(place+".label", in.Label, MaxInputLabel, false)
	v.line(place+".hint", in.Hint, MaxHint, true)
	v.line(place+".error", in.Error, MaxErrorLength, true)
	if !slices.Contains([]InputKind{LineInput, LinesInput, ChoiceInput, EntityInput}, in.Kind) {
		v.add(place+".kind", "there is no kind %q", string(in.Kind))
	}
	if (in.Kind == ChoiceInput) != (len(in.Options) > 0) {
		v.add(place+".options", "belong to a choice, and a choice needs them")
	}
	v.count(place+".options", len(in.Options), MaxOptions)
	for i, o := range in.Options {
		v.line(place+at(".options", i)+".value", o.Value, MaxOptionText, false)
		v.line(place+at(".options", i)+".label", o.Label, MaxOptionText, false)
	}
}

// Refused gives the form as it is shown again after a submission with errors, which are keyed by the names
// of inputs: at the first page that has one.
func (f Form) Refused(errs map[string]string) *Form {
	f.Pages = slices.Clone(f.Pages)
	first := -1
	for i := range f.Pages {
		f.Pages[i].Inputs = slices.Clone(f.Pages[i].Inputs)
		for j := range f.Pages[i].Inputs {
			in := &f.Pages[i].Inputs[j]
			in.Error = errs[in.Name]
			if in.Error != "" && first < 0 {
				first = i
			}
		}
	}
	if first >= 0 {
		f.At = first
	}
	return &f
}
