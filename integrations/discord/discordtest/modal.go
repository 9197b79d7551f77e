package discordtest

import (
	"maps"
	"slices"
	"strconv"
)

// Modal is a modal that a person has open.
type Modal struct {
	Title, CustomID string
	Components      []object
	Values          map[string][]string // by custom_id
	Errors          map[string]string   // what the client says, by custom_id; "" is the whole modal

	channel  string
	source   *Message
	resolved object
}

// openModal shows a modal, in the place of one that is open.
func (s *Server) openModal(it *interaction, c *Call, data object) *failure {
	j := &judge{}
	j.modal("data", c.under(data).Args)
	if f := s.verdict(c.Route, j); f != nil {
		return f
	}
	m := &Modal{
		Title: str(data, "title"), CustomID: str(data, "custom_id"), Components: copied(objects(data, "components")),
		Values: map[string][]string{}, Errors: map[string]string{}, channel: it.channel, source: it.source, resolved: object{},
	}
	s.number(m.Components)
	for _, f := range m.fields() {
		m.Values[f.id] = initial(f.component)
	}
	s.modals[it.user] = m
	return nil
}

// initial gives what a field holds before anybody fills it in.
func initial(c object) []string {
	if v := str(c, "value"); v != "" {
		return []string{v}
	}
	var all []string
	for _, o := range objects(c, "options") {
		if flag(o, "default") {
			all = append(all, str(o, "value"))
		}
	}
	return all
}

// field is a field of a modal.
type field struct {
	id, label, hint string
	component       object
}

func (m *Modal) fields() []field {
	var all []field
	for _, c := range m.Components {
		switch num(c, "type") {
		case typeRow:
			for _, inner := range objects(c, "components") {
				all = append(all, field{str(inner, "custom_id"), str(inner, "label"), "", inner})
			}
		case typeFieldLabel:
			inner := sub(c, "component")
			all = append(all, field{str(inner, "custom_id"), str(c, "label"), str(c, "description"), inner})
		}
	}
	return all
}

// Modal gives a copy of the modal that a person has open, nil for none.
func (s *Server) Modal(user string) *Modal {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.modals[s.mustUser(user).ID]
	if m == nil {
		return nil
	}
	again := *m
	again.Components, again.Values, again.Errors = copied(m.Components), copied(m.Values), copied(m.Errors)
	return &again
}

// open gives the modal that a person has open. The caller holds the lock.
func (s *Server) open(user string) *Modal {
	s.tb.Helper()
	m := s.modals[s.mustUser(user).ID]
	if m == nil {
		s.fatal("discord: %s has no modal open", user)
	}
	return m
}

// Fill fills in the field with this label in the modal that a person has open: a text, or the option of these words.
func (s *Server) Fill(user, label string, values ...string) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.open(user)
	fields := m.fields()
	i := slices.IndexFunc(fields, func(f field) bool { return f.label == label })
	if i < 0 {
		s.fatal("discord: there is no field %q in\n%s", label, m.Lines())
	}
	f := fields[i]
	m.Values[f.id] = nil
	for _, v := range values {
		if kind := num(f.component, "type"); kind != typeInput && kind != typeCheck {
			value, resolved := s.chosen(f.component, v)
			if value == "" {
				s.fatal("discord: the menu %q does not offer %q", label, v)
			}
			v = value
			maps.Copy(m.resolved, resolved)
		}
		m.Values[f.id] = append(m.Values[f.id], v)
	}
}

// Submit submits the modal that a person has open. It is nil when a field that must be filled in is empty, or its
// length is wrong: then the client shows that and asks nobody.
func (s *Server) Submit(user string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	var d *Delivery
	s.locked(func() { d = s.submission(user, s.shaped(knobs)) })
	if d == nil {
		return nil
	}
	return s.deliver(d)
}

// submission makes the interaction of a modal, nil when the client refuses.
func (s *Server) submission(user string, made shape) *Delivery {
	m := s.open(user)
	if m.Errors = m.incomplete(); len(m.Errors) > 0 {
		return nil
	}
	d := s.newInteraction(kindSubmit, s.mustUser(user).ID, m.channel, made)
	data := object{"custom_id": m.CustomID, "components": m.submitted()}
	if len(m.resolved) > 0 {
		data["resolved"] = m.resolved
	}
	d.payload["data"] = data
	if m.source != nil {
		d.payload["message"] = m.source.wire()
		d.it.source = m.source
	}
	return d
}

// CloseModal closes the modal that a person has open. Nobody hears of it.
func (s *Server) CloseModal(user string) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open(user)
	delete(s.modals, s.mustUser(user).ID)
}

// incomplete gives what the client of a person refuses by itself. A field must be filled in unless it says otherwise.
func (m *Modal) incomplete() map[string]string {
	wrong := map[string]string{}
	for _, f := range m.fields() {
		c := f.component
		need := !hasKey(c, "required") || flag(c, "required")
		if num(c, "type") == typeCheck {
			continue
		}
		total := 0
		for _, v := range m.Values[f.id] {
			total += len([]rune(v))
		}
		isText := num(c, "type") == typeInput
		switch {
		case total == 0 && need:
			wrong[f.id] = "This field is required"
		case isText && total > 0 && (total < num(c, "min_length") || has(c, "max_length") && total > num(c, "max_length")):
			wrong[f.id] = "The text is too short or too long."
		case !isText && total > 0 && has(c, "max_values") && len(m.Values[f.id]) > num(c, "max_values"):
			wrong[f.id] = "Too many are chosen: at most " + strconv.Itoa(num(c, "max_values"))
		}
	}
	return wrong
}

// submitted gives the components with what is filled in, in the shape in which they were sent.
func (m *Modal) submitted() []object {
	all := []object{}
	for _, c := range m.Components {
		switch num(c, "type") {
		case typeRow:
			var inner []object
			for _, e := range objects(c, "components") {
				inner = append(inner, m.filled(e))
			}
			all = append(all, object{"type": typeRow, "id": c["id"], "components": inner})
		case typeFieldLabel:
			all = append(all, object{"type": typeFieldLabel, "id": c["id"], "component": m.filled(sub(c, "component"))})
		default:
			all = append(all, object{"type": c["type"], "id": c["id"]})
		}
	}
	return all
}

func (m *Modal) filled(c object) object {
	values := m.Values[str(c, "custom_id")]
	o := object{"type": c["type"], "id": c["id"], "custom_id": c["custom_id"]}
	switch num(c, "type") {
	case typeInput:
		o["value"] = ""
		if len(values) > 0 {
			o["value"] = values[0]
		}
	case typeRadio:
		o["value"] = nil
		if len(values) > 0 {
			o["value"] = values[0]
		}
	case typeCheck:
		o["value"] = len(values) > 0 && values[0] == "true"
	default:
		o["values"] = append([]string{}, values...)
	}
	return o
}
