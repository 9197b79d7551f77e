package discordtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// The types of interactions and of answers to them. Source: interactions/receiving-and-responding.
const (
	kindPing, kindCommand, kindComponent, kindComplete, kindSubmit = 1, 2, 3, 4, 5

	answerPong, answerMessage, answerDeferred, answerDeferredUpdate = 1, 4, 5, 6
	answerUpdate, answerChoices, answerModal                        = 7, 8, 9
)

// interaction is one of a person's deeds that the app must answer.
type interaction struct {
	id, token, user, channel string
	kind                     int
	born                     time.Time
	source                   *Message // that was pressed, or that the modal came from
	focused                  int      // the type of the option that is completed
	acked, gone              bool
	original                 string // the message that answers
	ephemeral                bool
	thinking                 bool // the answer is only announced
	delivery                 *Delivery
}

// callback answers an interaction by the API.
func (s *Server) callback(c *Call) (any, *failure) {
	it := s.interactions[c.param("token")]
	if it == nil || it.id != c.param("interaction") {
		return nil, unknownInteraction()
	}
	if f := s.acknowledge(it, c); f != nil {
		return nil, f
	}
	if c.queried("with_response") != "true" {
		return nil, nil
	}
	answer := object{"interaction": object{"id": it.id, "type": it.kind, "response_message_id": it.original}}
	if m := s.messageOf(it, it.original); m != nil {
		answer["resource"] = object{"type": c.Args["type"], "message": m.wire()}
	}
	return answer, nil
}

// acknowledge carries out the first answer to an interaction. One that is refused leaves it unanswered.
func (s *Server) acknowledge(it *interaction, c *Call) *failure {
	took := c.At.Sub(it.born)
	switch {
	case it.acked:
		return alreadyAcknowledged()
	case took > s.options.AckWithin || it.gone:
		it.delivery.late = true
		return unknownInteraction()
	}
	kind, isNumber := integer(c.Args["type"])
	if !isNumber || !slices.Contains(answersTo(it), kind) {
		return s.refuse(c, "type", badChoice, "Value must be one of the answers to this type of interaction.")
	}
	data := sub(c.Args, "data")
	var f *failure
	switch kind {
	case answerMessage:
		f = s.answerWith(it, c, data)
	case answerDeferred:
		f = s.announce(it, c, data)
	case answerDeferredUpdate:
		it.original = it.source.ID
	case answerUpdate:
		f = s.updateSource(it, c, data)
	case answerChoices:
		f = s.offer(it, c, data)
	case answerModal:
		f = s.openModal(it, c, data)
	}
	if f != nil {
		return f
	}
	it.acked = true
	it.delivery.accepted(took)
	if it.kind == kindSubmit {
		delete(s.modals, it.user)
	}
	s.touch()
	return nil
}

// answersTo gives the types of answers that an interaction takes: no modal on a modal, and an update only of what has
// a message.
func answersTo(it *interaction) []int {
	switch {
	case it.kind == kindComplete:
		return []int{answerChoices}
	case it.kind == kindCommand, it.kind == kindComponent && it.source == nil:
		return []int{answerMessage, answerDeferred, answerModal}
	case it.kind == kindComponent && it.source != nil:
		return []int{answerMessage, answerDeferred, answerDeferredUpdate, answerUpdate, answerModal}
	case it.source != nil:
		return []int{answerMessage, answerDeferred, answerDeferredUpdate, answerUpdate}
	}
	return []int{answerMessage, answerDeferred}
}

// under gives the call as it would be with the data of an answer as its arguments.
func (c *Call) under(data object) *Call {
	again := *c
	again.Args = data
	if data == nil {
		again.Args = object{}
	}
	return &again
}

func (s *Server) answerWith(it *interaction, c *Call, data object) *failure {
	m, f := s.compose(c.Route, c.under(data).Args, c)
	if f != nil {
		return f
	}
	s.respond(it, m)
	return nil
}

// respond shows a message as the answer to an interaction.
func (s *Server) respond(it *interaction, m *Message) {
	ch := s.channel(it.channel)
	if ch == nil {
		return
	}
	m.hook, m.Command = true, it.token
	if m.Flags&flagEphemeral != 0 {
		m.To = it.user
	}
	s.store(ch, m)
	if it.original == "" {
		it.original, it.ephemeral = m.ID, m.To != ""
	}
	if m.To == "" {
		s.dispatch("MESSAGE_CREATE", s.eventOf(m), ch)
	}
}

// announce shows that the app is thinking.
func (s *Server) announce(it *interaction, c *Call, data object) *failure {
	j := &judge{}
	j.message("data", c.under(data).Args, deferred)
	if f := s.verdict(c.Route, j); f != nil {
		return f
	}
	it.thinking = true
	s.respond(it, &Message{User: s.BotUser, Flags: num(data, "flags") | flagLoading})
	return nil
}

func (s *Server) updateSource(it *interaction, c *Call, data object) *failure {
	m := s.messageOf(it, it.source.ID)
	if m == nil {
		return unknownMessage()
	}
	if f := s.change(c.Route, c.under(data).Args, c, m); f != nil {
		return f
	}
	it.original = m.ID
	s.updated(m)
	return nil
}

func (s *Server) updated(m *Message) {
	if ch := s.channel(m.Channel); ch != nil && m.To == "" {
		s.dispatch("MESSAGE_UPDATE", s.eventOf(m), ch)
	}
}

// offer keeps the choices that the bot offers, to choose from.
func (s *Server) offer(it *interaction, c *Call, data object) *failure {
	j := &judge{}
	j.choices("data", c.under(data).Args, it.focused)
	if f := s.verdict(c.Route, j); f != nil {
		return f
	}
	s.offered[it.user] = copied(objects(data, "choices"))
	it.delivery.Choices = nil
	for _, o := range s.offered[it.user] {
		it.delivery.Choices = append(it.delivery.Choices, str(o, "name"))
	}
	return nil
}

// messageOf gives a message that the token of an interaction reaches: its answers, and what was pressed.
func (s *Server) messageOf(it *interaction, id string) *Message {
	ch := s.channel(it.channel)
	if ch == nil || id == "" {
		return nil
	}
	m := ch.find(id)
	if m == nil || m.Command != it.token && (it.source == nil || it.source.ID != id) {
		return nil
	}
	return m
}

// hook gives the interaction whose webhook a call is for. A webhook that has answered 404 must not be called again.
func (s *Server) hook(c *Call) (*interaction, *failure) {
	token := c.param("token")
	it := s.interactions[token]
	switch {
	case s.rates.dead[token]:
		s.violate("%s: the webhook had answered 404 before and was called again", c.Route)
		return nil, unknownWebhook()
	case c.param("app") != s.AppID, it != nil && (it.gone || !it.acked):
		s.rates.dead[token] = true
		return nil, unknownWebhook()
	case it == nil, c.At.Sub(it.born) > tokenLife:
		return nil, invalidToken()
	}
	return it, nil
}

// createFollowUp writes another answer. The first one after a deferred answer takes the place of the announcement.
func (s *Server) createFollowUp(c *Call) (any, *failure) {
	it, f := s.hook(c)
	if f != nil {
		return nil, f
	}
	m, f := s.compose(c.Route, c.Args, c)
	if f != nil {
		return nil, f
	}
	if announced := s.messageOf(it, it.original); it.thinking && announced != nil {
		it.thinking = false
		m.ID, m.at, m.s, m.Channel, m.To, m.hook, m.Command = announced.ID, announced.at, s, announced.Channel, announced.To, true, it.token
		m.Flags = m.Flags&^flagEphemeral | announced.Flags&flagEphemeral
		*announced = *m
		s.number(announced.Components)
		s.updated(announced)
		s.touch()
		return announced.wire(), nil
	}
	s.respond(it, m)
	return m.wire(), nil
}

// followUp gives the message of a call below a webhook.
func (s *Server) followUp(c *Call) (*interaction, *Message, *failure) {
	it, f := s.hook(c)
	if f != nil {
		return nil, nil, f
	}
	id := c.param("message")
	if id == "@original" {
		id = it.original
	}
	m := s.messageOf(it, id)
	if m == nil {
		return nil, nil, unknownMessage()
	}
	return it, m, nil
}

func (s *Server) getFollowUp(c *Call) (any, *failure) {
	_, m, f := s.followUp(c)
	if f != nil {
		return nil, f
	}
	return m.wire(), nil
}

func (s *Server) editFollowUp(c *Call) (any, *failure) {
	it, m, f := s.followUp(c)
	if f != nil {
		return nil, f
	}
	if f := s.change(c.Route, c.Args, c, m); f != nil {
		return nil, f
	}
	if m.ID == it.original {
		it.thinking = false
	}
	s.updated(m)
	return m.wire(), nil
}

func (s *Server) deleteFollowUp(c *Call) (any, *failure) {
	_, m, f := s.followUp(c)
	if f != nil {
		return nil, f
	}
	s.remove(s.channel(m.Channel), m)
	return nil, nil
}

// answeredByBody takes the answer in the body of an HTTP response. The caller holds the lock.
func (s *Server) answeredByBody(it *interaction, body []byte) {
	c := &Call{Route: "answer by body", At: s.now(), Args: object{}}
	if json.Unmarshal(body, &c.Args) != nil {
		s.violate("%s: no JSON: %.80q", c.Route, body)
		return
	}
	f := s.acknowledge(it, c)
	c.Status = http.StatusOK
	if f != nil {
		c.Status, c.Code = f.status, f.code
		it.delivery.refused = f.words
		if len(f.errors) == 0 {
			s.violate("%s: %s", c.Route, f.words)
		}
	}
	s.calls = append(s.calls, *c)
	s.touch()
}
