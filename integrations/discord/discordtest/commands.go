package discordtest

import (
	"encoding/json"
	"slices"
	"time"
)

// commandScope gives where commands of a call live, "" for global.
func (s *Server) commandScope(c *Call) (string, *failure) {
	if c.param("app") != s.AppID {
		s.violate("%s: the application %s is not the bot's", c.Route, c.param("app"))
		return "", missingAccess()
	}
	guild := c.param("guild")
	if guild != "" && (guild != s.GuildID || s.kicked) {
		return "", missingAccess()
	}
	return guild, nil
}

func (s *Server) getCommands(c *Call) (any, *failure) {
	scope, f := s.commandScope(c)
	if f != nil {
		return nil, f
	}
	return orEmpty(s.commands[scope]), nil
}

// overwriteCommands makes a set of commands the only one. What is there already keeps its id and does not count as
// created.
func (s *Server) overwriteCommands(c *Call) (any, *failure) {
	scope, f := s.commandScope(c)
	if f != nil {
		return nil, f
	}
	all, isList := c.raw.([]any)
	if !isList {
		return nil, s.refuse(c, "", badList, "Only iterables may be used in a ListType")
	}
	j := &judge{}
	j.commands(all)
	if f := s.verdict(c.Route, j); f != nil {
		return nil, f
	}
	var made []object
	fresh := 0
	for _, raw := range all {
		o, _ := raw.(object)
		command, isNew := s.makeCommand(scope, copied(o))
		if isNew {
			fresh++
		}
		made = append(made, command)
	}
	if f := s.countCreates(c, fresh); f != nil {
		return nil, f
	}
	s.commands[scope] = made
	s.touch()
	return orEmpty(made), nil
}

func (s *Server) createCommand(c *Call) (any, *failure) {
	scope, f := s.commandScope(c)
	if f != nil {
		return nil, f
	}
	j := &judge{}
	j.command("", c.Args)
	if f := s.verdict(c.Route, j); f != nil {
		return nil, f
	}
	command, isNew := s.makeCommand(scope, copied(c.Args))
	if isNew {
		if f := s.countCreates(c, 1); f != nil {
			return nil, f
		}
	}
	s.commands[scope] = slices.DeleteFunc(s.commands[scope], func(o object) bool { return str(o, "id") == str(command, "id") })
	s.commands[scope] = append(s.commands[scope], command)
	if isNew {
		return created{command}, nil
	}
	return command, nil
}

func (s *Server) deleteCommand(c *Call) (any, *failure) {
	scope, f := s.commandScope(c)
	if f != nil {
		return nil, f
	}
	before := len(s.commands[scope])
	s.commands[scope] = slices.DeleteFunc(s.commands[scope], func(o object) bool { return str(o, "id") == c.param("command") })
	if len(s.commands[scope]) == before {
		return nil, unknownCommand()
	}
	return nil, nil
}

// makeCommand gives a command as the API gives it back, with the id of the one that it replaces, and whether it is new.
func (s *Server) makeCommand(scope string, o object) (object, bool) {
	o["type"], o["application_id"] = commandType(o), s.AppID
	if scope != "" {
		o["guild_id"] = scope
	}
	if !hasKey(o, "description") {
		o["description"] = ""
	}
	o["version"] = s.id()
	for _, old := range s.commands[scope] {
		if str(old, "name") == str(o, "name") && num(old, "type") == num(o, "type") {
			o["id"] = old["id"]
			return o, false
		}
	}
	o["id"] = s.id()
	return o, true
}

func (s *Server) countCreates(c *Call, n int) *failure {
	s.creates = slices.DeleteFunc(s.creates, func(t time.Time) bool { return c.At.Sub(t) >= identifyWindow })
	if len(s.creates)+n > maxCreates {
		return tooManyCreates()
	}
	for range n {
		s.creates = append(s.creates, c.At)
	}
	return nil
}

// Commands gives the names of the registered commands, those of the guild first.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, scope := range []string{s.GuildID, ""} {
		for _, c := range s.commands[scope] {
			all = append(all, str(c, "name"))
		}
	}
	return all
}

// Register registers global commands as an operator would by hand: JSON, as a bulk overwrite takes it.
func (s *Server) Register(commands string) {
	s.tb.Helper()
	var all []any
	if err := json.Unmarshal([]byte(commands), &all); err != nil {
		s.tb.Fatalf("discordtest: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	j := &judge{}
	j.commands(all)
	if s.verdict("Register", j) != nil {
		return
	}
	s.commands[""] = nil
	for _, raw := range all {
		o, _ := raw.(object)
		command, _ := s.makeCommand("", copied(o))
		s.commands[""] = append(s.commands[""], command)
	}
	s.touch()
}

// command finds a registered command of a type by its name, in the guild first.
func (s *Server) command(name string, kind int) object {
	for _, scope := range []string{s.GuildID, ""} {
		for _, c := range s.commands[scope] {
			if str(c, "name") == name && num(c, "type") == kind {
				return c
			}
		}
	}
	return nil
}
