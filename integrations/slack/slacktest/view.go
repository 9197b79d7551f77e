package slacktest

import (
	"maps"
	"slices"
	"time"
)

// View is a modal or a Home tab as a person has it before them. It is a copy: what happens later does not change it.
type View struct {
	ID, Type, Title, Submit, Close string
	CallbackID, PrivateMetadata    string
	ExternalID, Hash               string
	User                           string
	Blocks                         []object
	Errors                         map[string]string // by block, after a submission that was refused
	Values                         map[string]object // by block: what is filled in
	NotifyOnClose                  bool

	s              *Server
	root, previous string
}

// trigger is what lets a bot open a view.
type trigger struct {
	user, view string
	born       time.Time
	used       bool
}

// newTrigger makes a trigger_id. The caller holds the lock.
func (s *Server) newTrigger(user, view string) string {
	id := s.id("13345224609.") + ".trigger"
	s.triggers[id] = &trigger{user: user, view: view, born: s.now()}
	return id
}

// spend uses a trigger up: it lives 3 s and opens one view.
func (s *Server) spend(c *Call) (*trigger, *failure) {
	t := s.triggers[c.str("trigger_id")]
	switch {
	case t == nil:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail("exchanged_trigger_id")
	case c.At.Sub(t.born) > triggerLife:
		return nil, fail("expired_trigger_id")
	}
	t.used = true
	return t, nil
}

// makeView judges a view and makes one of it.
func (s *Server) makeView(c *Call, kind, user string, raw object) (*View, *failure) {
	if f := s.judgeView(c.Method, kind, raw); f != nil {
		return nil, f
	}
	v := &View{
		ID: s.id("V"), Type: kind, Title: str(sub(raw, "title"), "text"), Submit: str(sub(raw, "submit"), "text"),
		Close: str(sub(raw, "close"), "text"), CallbackID: str(raw, "callback_id"), PrivateMetadata: str(raw, "private_metadata"),
		ExternalID: str(raw, "external_id"), Hash: s.id("hash"), User: user, NotifyOnClose: flag(raw, "notify_on_close"),
		Blocks: onlyObjects(copied(list(raw, "blocks"))), s: s,
	}
	v.root = v.ID
	if v.ExternalID != "" && s.viewBy(func(o *View) bool { return o.ExternalID == v.ExternalID && o.User != "" }) != nil && c.Method != "views.update" {
		return nil, fail("duplicate_external_id")
	}
	s.name(v.Blocks)
	v.Values = initial(v.Blocks)
	return v, nil
}

// viewBy gives a modal that somebody has open.
func (s *Server) viewBy(match func(*View) bool) *View {
	for _, user := range slices.Sorted(maps.Keys(s.stacks)) {
		for _, v := range s.stacks[user] {
			if match(v) {
				return v
			}
		}
	}
	return nil
}

func (s *Server) viewsOpen(c *Call) (object, *failure) {
	t, f := s.spend(c)
	if f != nil {
		return nil, f
	}
	v, f := s.makeView(c, "modal", t.user, sub(c.Args, "view"))
	if f != nil {
		return nil, f
	}
	s.stacks[t.user] = []*View{v}
	s.touch()
	return object{"view": v.wire()}, nil
}

func (s *Server) viewsPush(c *Call) (object, *failure) {
	t, f := s.spend(c)
	if f != nil {
		return nil, f
	}
	if t.view == "" || len(s.stacks[t.user]) == 0 {
		return nil, fail("not_found")
	}
	v, f := s.makeView(c, "modal", t.user, sub(c.Args, "view"))
	if f != nil {
		return nil, f
	}
	if f := s.push(v); f != nil {
		return nil, f
	}
	return object{"view": v.wire()}, nil
}

func (s *Server) push(v *View) *failure {
	stack := s.stacks[v.User]
	if len(stack) >= maxStack {
		return fail("push_limit_reached")
	}
	if len(stack) > 0 {
		v.root, v.previous = stack[0].ID, stack[len(stack)-1].ID
	}
	s.stacks[v.User] = append(stack, v)
	s.touch()
	return nil
}

func (s *Server) viewsUpdate(c *Call) (object, *failure) {
	old := s.viewBy(func(v *View) bool {
		return v.ID == c.str("view_id") || v.ExternalID != "" && v.ExternalID == c.str("external_id")
	})
	switch {
	case old == nil:
		return nil, fail("not_found")
	case c.str("hash") != "" && c.str("hash") != old.Hash:
		return nil, fail("hash_conflict")
	}
	v, f := s.makeView(c, "modal", old.User, sub(c.Args, "view"))
	if f != nil {
		return nil, f
	}
	s.replace(old, v)
	return object{"view": old.wire()}, nil
}

// replace puts a new content into an open view, and keeps what was filled into blocks that stay.
func (s *Server) replace(old, v *View) {
	v.ID, v.root, v.previous = old.ID, old.root, old.previous
	for block, value := range old.Values {
		if current, stays := v.Values[block]; stays && len(current) > 0 && sameKeys(current, value) {
			v.Values[block] = value
		}
	}
	*old = *v
	s.touch()
}

func sameKeys(a, b object) bool {
	return slices.Equal(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
}

func (s *Server) viewsPublish(c *Call) (object, *failure) {
	user := c.str("user_id")
	if u := s.user(user); u == nil || u.Bot || u.Deleted {
		return nil, fail("invalid_arguments", "user_id: no such user")
	}
	old := s.homes[user]
	if h := c.str("hash"); h != "" && (old == nil || h != old.Hash) {
		return nil, fail("hash_conflict")
	}
	v, f := s.makeView(c, "home", user, sub(c.Args, "view"))
	if f != nil {
		return nil, f
	}
	if old != nil {
		v.ID, v.root = old.ID, old.root
	}
	s.homes[user] = v
	s.touch()
	return object{"view": v.wire()}, nil
}

// wire is the view as the API gives it.
func (v *View) wire() object {
	o := object{
		"id": v.ID, "team_id": v.s.TeamID, "type": v.Type, "blocks": v.Blocks, "private_metadata": v.PrivateMetadata,
		"callback_id": v.CallbackID, "state": object{"values": v.Values}, "hash": v.Hash, "external_id": v.ExternalID,
		"notify_on_close": v.NotifyOnClose, "clear_on_close": false, "root_view_id": v.root, "app_id": v.s.AppID,
		"bot_id": v.s.BotID, "previous_view_id": nil, "app_installed_team_id": v.s.TeamID,
	}
	if v.previous != "" {
		o["previous_view_id"] = v.previous
	}
	for key, text := range map[string]string{"title": v.Title, "submit": v.Submit, "close": v.Close} {
		if text != "" {
			o[key] = object{"type": "plain_text", "text": text, "emoji": true}
		}
	}
	return copied(o)
}

func (v *View) copy() *View {
	again := *v
	again.Blocks, again.Values, again.Errors = copied(v.Blocks), copied(v.Values), maps.Clone(v.Errors)
	return &again
}

// Lines gives the view as people read it: its title, its blocks with the errors, its buttons.
func (v *View) Lines() string { return viewLines(v) }

// Buttons gives the words on the buttons among the blocks, in order.
func (v *View) Buttons() []string { return buttons(v.Blocks) }

// Modal gives the modal that a person has before them, nil for none.
func (s *Server) Modal(user string) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stack := s.stacks[user]; len(stack) > 0 {
		return stack[len(stack)-1].copy()
	}
	return nil
}

// Depth gives how many modals a person has on each other.
func (s *Server) Depth(user string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.stacks[user])
}

// Home gives the Home tab that the app has published for a person, nil for none.
func (s *Server) Home(user string) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.homes[user]; v != nil {
		return v.copy()
	}
	return nil
}
