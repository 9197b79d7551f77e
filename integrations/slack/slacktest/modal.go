package slacktest

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// initial gives what the fields of a view hold before anybody fills them in, by block and action.
func initial(blocks []object) map[string]object {
	values := map[string]object{}
	for _, b := range blocks {
		for _, e := range elements(b) {
			kind := str(e, "type")
			if kind == "button" || kind == "image" || kind == "overflow" || kind == "workflow_button" {
				continue
			}
			v := object{"type": kind}
			switch {
			case strings.HasSuffix(kind, "_input"):
				v["value"] = nil
				if has(e, "initial_value") {
					v["value"] = e["initial_value"]
				}
			case kind == "checkboxes" || strings.HasPrefix(kind, "multi_"):
				v["selected_options"] = []any{}
				if has(e, "initial_options") {
					v["selected_options"] = e["initial_options"]
				}
			case kind == "datepicker" || kind == "timepicker":
				key := strings.TrimSuffix(kind, "picker")
				v["selected_"+key] = e["initial_"+key]
			default:
				v["selected_option"] = e["initial_option"]
			}
			if values[str(b, "block_id")] == nil {
				values[str(b, "block_id")] = object{}
			}
			values[str(b, "block_id")][str(e, "action_id")] = v
		}
	}
	return values
}

// filledIn gives the words of a value.
func filledIn(v object) string {
	if o := sub(v, "selected_option"); o != nil {
		return words(sub(o, "text"))
	}
	var all []string
	for _, o := range objects(v, "selected_options") {
		all = append(all, words(sub(o, "text")))
	}
	for _, key := range []string{"value", "selected_date", "selected_time"} {
		if s := str(v, key); s != "" {
			all = append(all, s)
		}
	}
	return strings.Join(all, ", ")
}

// Fill fills in the field with this label in the modal that a person has open. In a menu it chooses the option of
// these words; an external one must have been searched before.
func (s *Server) Fill(user, label, value string) {
	s.tb.Helper()
	v := s.Modal(user)
	if v == nil {
		s.tb.Fatalf("slack: %s has no modal open", user)
	}
	i := slices.IndexFunc(v.Blocks, func(b object) bool { return str(b, "type") == "input" && words(sub(b, "label")) == label })
	if i < 0 {
		s.tb.Fatalf("slack: there is no field %q in\n%s", label, v.Lines())
	}
	e := sub(v.Blocks[i], "element")
	kind := str(e, "type")
	filled := object{"type": kind, "value": value}
	switch {
	case strings.HasSuffix(kind, "_input"):
	case kind == "datepicker" || kind == "timepicker":
		filled = object{"type": kind, "selected_" + strings.TrimSuffix(kind, "picker"): value}
	default:
		o := s.option(user, e, value)
		if o == nil {
			s.tb.Fatalf("slack: the menu %q does not offer %q", label, value)
		}
		filled = object{"type": kind, "selected_option": o}
		if kind == "checkboxes" || strings.HasPrefix(kind, "multi_") {
			filled = object{"type": kind, "selected_options": []any{o}}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if open := s.viewBy(func(o *View) bool { return o.ID == v.ID }); open != nil {
		open.Values[str(v.Blocks[i], "block_id")] = object{str(e, "action_id"): filled}
	}
}

// Submit presses the submit button of the modal that a person has open. It is nil when a field that must be filled in is
// empty, or its length is wrong: then Slack shows an error in the modal and asks nobody.
func (s *Server) Submit(user string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	v := s.Modal(user)
	if v == nil || v.Submit == "" {
		s.tb.Fatalf("slack: %s has no modal open that can be submitted", user)
	}
	if wrong := v.incomplete(); len(wrong) > 0 {
		s.setErrors(v.ID, wrong)
		return nil
	}
	return s.interact(user, "view_submission", s.shaped(knobs), object{"response_urls": []any{}}, v)
}

// incomplete gives what the client of a person refuses by itself.
func (v *View) incomplete() map[string]string {
	wrong := map[string]string{}
	for _, b := range v.Blocks {
		if str(b, "type") != "input" {
			continue
		}
		id, e := str(b, "block_id"), sub(b, "element")
		filled := filledIn(sub(v.Values[id], str(e, "action_id")))
		shortest, _ := num(e, "min_length")
		longest, limited := num(e, "max_length")
		switch n := utf8.RuneCountInString(filled); {
		case n == 0 && !flag(b, "optional"):
			wrong[id] = "Please complete this required field."
		case n > 0 && (n < shortest || limited && n > longest):
			wrong[id] = "The text is too short or too long."
		}
	}
	return wrong
}

func (s *Server) setErrors(id string, errors map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.viewBy(func(v *View) bool { return v.ID == id }); v != nil {
		v.Errors = errors
	}
}

// CloseModal closes the modal that a person has open. The bot hears of it, and the delivery is not nil, if the view asked
// for that.
func (s *Server) CloseModal(user string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	v := s.Modal(user)
	if v == nil {
		s.tb.Fatalf("slack: %s has no modal open", user)
	}
	s.mu.Lock()
	s.pop(user)
	s.mu.Unlock()
	if !v.NotifyOnClose {
		return nil
	}
	return s.interact(user, "view_closed", s.shaped(knobs), object{"is_cleared": false}, v)
}

func (s *Server) pop(user string) {
	if stack := s.stacks[user]; len(stack) > 0 {
		s.stacks[user] = stack[:len(stack)-1]
	}
	s.touch()
}

// showSubmission does what the answer to a submission says. The caller holds the lock.
func (s *Server) showSubmission(d *Delivery, answer []byte) {
	v := s.viewBy(func(v *View) bool { return v.ID == d.view })
	if v == nil {
		return
	}
	var o object
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &o); err != nil {
			s.violate("answer of a submission: no JSON: %.80q", answer)
			return
		}
	}
	c := &Call{Method: "answer of a submission", At: s.now()}
	v.Errors = nil
	switch str(o, "response_action") {
	case "":
		s.stacks[d.user] = slices.DeleteFunc(s.stacks[d.user], func(open *View) bool { return open == v })
	case "clear":
		s.stacks[d.user] = nil
	case "errors":
		s.showErrors(v, sub(o, "errors"))
	case "update":
		if updated, f := s.makeView(c, "modal", d.user, sub(o, "view")); f == nil {
			s.replace(v, updated)
		}
	case "push":
		if pushed, f := s.makeView(c, "modal", d.user, sub(o, "view")); f == nil && s.push(pushed) != nil {
			s.violate("answer of a submission: push_limit_reached")
		}
	default:
		s.violate("answer of a submission: unknown response_action %q", str(o, "response_action"))
	}
}

func (s *Server) showErrors(v *View, errors object) {
	if len(errors) == 0 {
		s.violate("answer of a submission: errors without any")
	}
	v.Errors = map[string]string{}
	for block := range errors {
		isInput := slices.ContainsFunc(v.Blocks, func(b object) bool {
			return str(b, "block_id") == block && str(b, "type") == "input"
		})
		if !isInput || str(errors, block) == "" {
			s.violate("answer of a submission: errors name %q, which is no input block, or say nothing", block)
		}
		v.Errors[block] = str(errors, block)
	}
}
