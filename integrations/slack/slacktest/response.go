package slacktest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// responseMethod is the name of posts to a response_url among the calls.
const responseMethod = "response_url"

// response is a response_url.
type response struct {
	born          time.Time
	uses          int
	channel, user string
	original      string // the message that was pressed, "" after a command
	thread        string
}

// newResponse makes a response_url. The caller holds the lock.
func (s *Server) newResponse(channel, user string, original *Message) string {
	id := s.id("R")
	r := &response{born: s.now(), channel: channel, user: user}
	if original != nil {
		r.original, r.thread = original.TS, original.ThreadTS
	}
	s.responses[id] = r
	return s.base + "/response/" + id
}

// serveResponse takes a post to a response_url. It needs no token; it wants JSON.
func (s *Server) serveResponse(w http.ResponseWriter, r *http.Request) {
	call := &Call{Method: responseMethod, At: s.now(), Status: http.StatusOK, Args: object{}}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	broken := err != nil || json.Unmarshal(body, &call.Args) != nil
	token := strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") || has(call.Args, "token")
	id := r.PathValue("id")
	s.respond(w, r, call, func() (object, *failure) {
		if token {
			s.violate("response_url: the bot's token was sent along")
		}
		if broken {
			s.violate("response_url: the body is no JSON")
			return nil, fail("invalid_payload")
		}
		return s.useResponse(id, call)
	})
}

func (s *Server) useResponse(id string, c *Call) (object, *failure) {
	r := s.responses[id]
	switch {
	case r == nil:
		return nil, fail("no_such_url")
	case c.At.Sub(r.born) > responseLife:
		return nil, fail("expired_url")
	case r.uses >= responseUses:
		return nil, fail("used_url")
	}
	if wait := s.rates.message("response "+r.channel, s.options.Burst, c.At); wait > 0 && !s.options.Unlimited {
		return nil, &failure{code: "ratelimited", retry: wait}
	}
	if f := s.post(r, c); f != nil {
		return nil, f
	}
	r.uses++
	return object{"ok": true}, nil
}

// post carries out what was posted: it deletes or replaces the message that was pressed, or writes another.
func (s *Server) post(r *response, c *Call) *failure {
	ch := s.channel(r.channel)
	original := ch.find(r.original)
	if flag(c.Args, "delete_original") {
		if original == nil {
			s.violate("response_url: delete_original, but there is no original")
			return fail("message_not_found")
		}
		s.remove(ch, original.TS)
		return nil
	}
	m, f := s.compose(c)
	if f != nil {
		return f
	}
	if flag(c.Args, "replace_original") && original != nil {
		if original.To != "" && c.str("response_type") == "in_channel" {
			s.violate("response_url: what one person sees cannot be replaced by what all see")
			return fail("invalid_response_type")
		}
		original.Text, original.Blocks = m.Text, m.Blocks
		original.Edits++
		s.name(original.Blocks)
		s.touch()
		return nil
	}
	if c.str("response_type") != "in_channel" {
		m.To = r.user
	}
	if f := s.thread(ch, m, c); f != nil {
		return f
	}
	s.store(ch, m)
	return nil
}
