package discordtest

// Press presses a button by the words on it.
func (s *Server) Press(user string, on Message, label string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	c := find(on.Components, func(c object) bool { return num(c, "type") == typeButton && buttonWords(c) == label })
	switch {
	case c == nil:
		s.tb.Fatalf("discord: there is no button %q, but %q", label, on.Buttons())
	case flag(c, "disabled"):
		s.tb.Fatalf("discord: the button %q is disabled", label)
	case str(c, "custom_id") == "":
		s.tb.Fatalf("discord: the button %q opens a page", label)
	}
	return s.act(user, on, c, nil, nil, knobs)
}

// Choose chooses an option by its words in a menu, or a person or a channel by their name.
func (s *Server) Choose(user string, on Message, label string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	var value string
	var resolved object
	c := find(on.Components, func(c object) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		value, resolved = s.chosen(c, label)
		return value != ""
	})
	switch {
	case c == nil:
		s.tb.Fatalf("discord: no menu offers %q", label)
	case flag(c, "disabled"):
		s.tb.Fatalf("discord: the menu that offers %q is disabled", label)
	}
	return s.act(user, on, c, []string{value}, resolved, knobs)
}

func find(components []object, match func(object) bool) object {
	var found object
	walk(components, func(c object) {
		if found == nil && match(c) {
			found = c
		}
	})
	return found
}

// chosen gives the value of the choice with these words in a menu, "" for none, and what Discord tells of it.
func (s *Server) chosen(c object, label string) (string, object) {
	f := &filler{s: s, resolved: object{}}
	switch num(c, "type") {
	case typeSelect, typeRadio, typeChecks:
		for _, o := range objects(c, "options") {
			if str(o, "label") == label {
				return str(o, "value"), nil
			}
		}
	case typeUserSelect, typeAnySelect:
		if s.user(label) != nil {
			return f.person(label), f.resolved
		}
	case typeChanSelect:
		if s.channel(label) != nil {
			return f.room(label), f.resolved
		}
	}
	return "", nil
}

// act sends a press on a component of a message.
func (s *Server) act(user string, on Message, c object, values []string, resolved object, knobs []Knob) *Delivery {
	s.tb.Helper()
	var d *Delivery
	s.locked(func() {
		d = s.newInteraction(kindComponent, s.mustUser(user).ID, on.Channel, s.shaped(knobs))
		data := object{"custom_id": c["custom_id"], "component_type": c["type"], "id": c["id"]}
		if values != nil {
			data["values"] = values
		}
		if resolved != nil {
			data["resolved"] = resolved
		}
		d.payload["data"] = data
		d.payload["message"] = on.wire()
		source := on
		d.it.source = &source
	})
	return s.deliver(d)
}

func buttonWords(c object) string {
	label := str(c, "label")
	if e := sub(c, "emoji"); e != nil && label == "" {
		return str(e, "name")
	}
	return label
}
