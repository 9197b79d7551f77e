package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"callboard/bot"
	"callboard/bot/card"
)

const (
	inlineWithin = 700 * time.Millisecond           // an answer that is ready by then goes with the acknowledgement
	takenWithin  = 200 * time.Millisecond           // more, for an event to be stored before it is acknowledged
	syncWithin   = ackWithin - 500*time.Millisecond // for answers that only the acknowledgement can carry
	answerLimit  = 30 * time.Second                 // for all of an answer
	replyBytes   = 64 << 10                         // read of what Slack says to an answer
)

// reaction is what an event is acknowledged with.
type reaction struct {
	taken bool // false: Slack should send it again
	body  any  // nil for none
}

// react works on a turn and gives the acknowledgement, which carries at most so many bytes. An answer that takes longer,
// or is longer, follows by itself.
func (s *Slack) react(t *turn, carries int) reaction {
	s.meters.events.WithLabelValues(t.kind).Inc()
	select {
	case s.busy <- struct{}{}:
	default:
		s.meters.dropped.WithLabelValues("overload").Inc()
		return reaction{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	done := func() { cancel(); <-s.busy }
	taken, replies := make(chan struct{}), make(chan bot.Reply, 1)
	t.request.Received, t.request.Taken = time.Now(), func() { close(taken) }
	s.work.Go(func() { replies <- s.handler()(ctx, &t.request) })

	limit := inlineWithin
	if t.synchronous() {
		limit = syncWithin
	}
	select {
	case reply := <-replies:
		if body, complete := s.inline(t, reply); complete && (body == nil || size(body) <= carries) {
			done()
			return reaction{true, body}
		}
		s.work.Go(func() { defer done(); s.answer(ctx, t, reply) })
		return reaction{taken: true}
	case <-time.After(limit):
	}
	s.work.Go(func() { defer done(); s.answer(ctx, t, <-replies) })
	select {
	case <-taken:
		return reaction{taken: true}
	case <-time.After(takenWithin):
		return reaction{}
	}
}

// synchronous reports whether only the acknowledgement can carry the answer.
func (t *turn) synchronous() bool {
	return t.request.Kind == bot.Submission || t.request.Kind == bot.Complete
}

// public reports whether everybody in the channel may see an answer.
func (t *turn) public(r bot.Reply) bool {
	return r.Visibility == bot.Public || t.request.Address.Open || t.request.Address.Private
}

// inline gives the answer as the body of the acknowledgement, if it can be given so.
func (s *Slack) inline(t *turn, r bot.Reply) (body any, complete bool) {
	switch {
	case t.request.Kind == bot.Complete:
		return suggestions(r.Choices), true
	case t.request.Kind == bot.Submission:
		return s.submitted(t, r), true
	case r.Card == nil && r.Form == nil:
		return nil, true // said before, or not worth a word
	case t.kind == "command" && r.Card != nil:
		return s.message(t, r), true
	}
	return nil, false
}

// suggestions are the options of an external select.
func suggestions(choices []bot.Choice) any {
	options := []*slack.OptionBlockObject{}
	for _, c := range choices {
		value := c.Text[strings.LastIndexByte(c.Text, ' ')+1:]
		if len(value) > maxOptionText || len(options) == maxOptions {
			continue
		}
		label := value
		if c.Hint != "" {
			label += " — " + c.Hint
		}
		options = append(options, slack.NewOptionBlockObject(value, plain(label, maxOptionText), nil))
	}
	return map[string]any{"options": options}
}

// submitted is what happens to a modal whose page was submitted: errors on its inputs, the next page, or the
// result in its place.
func (s *Slack) submitted(t *turn, r bot.Reply) any {
	switch {
	case r.Form != nil:
		if errs := refusals(r.Form); len(errs) > 0 && r.Form.At == t.request.Page {
			return slack.NewErrorsViewSubmissionResponse(errs)
		}
		view, err := modal(r.Form, t.request.Address.Channel, t.request.Address.Thread)
		if err != nil {
			text := err.Error()
			return slack.NewUpdateViewSubmissionResponse(cardModal(&card.Card{Title: text, Summary: text, Status: card.Warn}))
		}
		return slack.NewUpdateViewSubmissionResponse(view)
	case r.Card != nil:
		return slack.NewUpdateViewSubmissionResponse(cardModal(shown(r)))
	}
	return nil
}

// message is an answer as the acknowledgement of a command, or for a response_url.
func (s *Slack) message(t *turn, r bot.Reply) map[string]any {
	c, share := shown(r), r.Share
	kind := "ephemeral"
	if t.public(r) {
		kind, share = "in_channel", ""
	}
	m := map[string]any{
		"response_type": kind, "text": notification(c), "blocks": blocks(c, share),
		"unfurl_links": false, "unfurl_media": false, "parse": "none", "link_names": false,
	}
	if thread := t.request.Address.Thread; thread != "" && kind == "in_channel" {
		m["thread_ts"] = thread
	}
	return m
}

// shown is the card of a reply, or its JSON for those who asked for it.
func shown(r bot.Reply) *card.Card {
	if !r.JSON {
		return r.Card
	}
	encoded, err := json.MarshalIndent(r.Card, "", " ")
	if err != nil {
		return r.Card
	}
	return &card.Card{Summary: r.Card.Summary, Body: card.Lines("```json\n" + string(encoded) + "\n```")}
}

// answer gives an answer after the acknowledgement.
func (s *Slack) answer(ctx context.Context, t *turn, r bot.Reply) {
	if r.Card == nil && r.Form == nil {
		return
	}
	if err := s.give(ctx, t, r); err != nil {
		s.log.Warn("an answer could not be given", "kind", t.kind, "channel", t.request.Address.Channel, "error", err)
	}
}

func (s *Slack) give(ctx context.Context, t *turn, r bot.Reply) error {
	switch {
	case r.Form != nil && t.trigger != "":
		return s.openForm(ctx, t, r.Form)
	case r.Form != nil:
		return s.post(ctx, t, bot.Reply{Card: formCard(r.Form)}) // a mention cannot open a modal, a button can
	case t.kind == "home":
		return s.publishHome(ctx, t, r)
	case t.view && t.trigger != "":
		return s.open(ctx, t, cardModal(shown(r)))
	case t.responseURL != "":
		err := s.respond(ctx, t, r)
		if err == nil || t.request.Address.Channel == "" {
			return err
		}
		s.log.Info("a response URL does not take an answer any more, it goes as a message", "error", err)
		return s.post(ctx, t, r)
	}
	return s.post(ctx, t, r)
}

func formCard(f *card.Form) *card.Card {
	return &card.Card{
		Title: f.Title, Summary: f.Title, Actions: []card.Action{{Label: "Open the form", Command: f.Command}},
	}
}

func (s *Slack) openForm(ctx context.Context, t *turn, f *card.Form) error {
	view, err := modal(f, t.request.Address.Channel, t.request.Address.Thread)
	if err != nil {
		return err
	}
	return s.open(ctx, t, view)
}

// open shows a modal. A trigger lives for 3 seconds, so there is one attempt.
func (s *Slack) open(ctx context.Context, t *turn, view *slack.ModalViewRequest) error {
	if time.Since(t.request.Received) > triggerLife {
		return errors.New("the answer took longer than Slack keeps a place for a form: ask again")
	}
	_, err := s.api.OpenViewContext(ctx, t.trigger, *view)
	s.sender.count("views.open", err)
	return explain(err)
}

func (s *Slack) publishHome(ctx context.Context, t *turn, r bot.Reply) error {
	view := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: draw(shown(r), "", maxHomeBlocks)}}
	user := t.request.User.ID
	return s.sender.send(ctx, user, "views.publish", func(ctx context.Context) error {
		_, err := s.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: user, View: view})
		return err
	})
}

// post answers by the bot's own token: to the asker alone, or as a message where others may see it.
func (s *Slack) post(ctx context.Context, t *turn, r bot.Reply) error {
	to, c, share := t.request.Address, shown(r), r.Share
	public := t.public(r)
	if public {
		share = ""
	}
	options := content(c, share)
	if to.Thread != "" {
		options = append(options, slack.MsgOptionTS(to.Thread))
	}
	if public {
		return s.sender.send(ctx, to.Channel, "chat.postMessage", func(ctx context.Context) error {
			_, _, err := s.api.PostMessageContext(ctx, to.Channel, options...)
			return err
		})
	}
	return s.sender.send(ctx, to.Channel, "chat.postEphemeral", func(ctx context.Context) error {
		_, err := s.api.PostEphemeralContext(ctx, to.Channel, t.request.User.ID, options...)
		return err
	})
}

// respond answers through the response URL of the event. An answer for the asker alone takes the place of the one
// that the button was on.
func (s *Slack) respond(ctx context.Context, t *turn, r bot.Reply) error {
	if !s.trusted(t.responseURL) {
		return errors.New("the response URL does not lead to Slack")
	}
	m := s.message(t, r)
	m["replace_original"] = t.ephemeral && m["response_type"] == "ephemeral"
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return s.sender.send(ctx, t.request.Address.Channel, "response_url", func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.responseURL, bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
		answer, err := s.options.Client.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		return responseError(answer)
	})
}

// responseError reads what Slack says to a post to a response URL: "ok", {"ok":true}, or a word for what is
// wrong.
func responseError(answer *http.Response) error {
	said, err := io.ReadAll(io.LimitReader(answer.Body, replyBytes))
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		wait, err := time.ParseDuration(answer.Header.Get("Retry-After") + "s")
		if err != nil || wait < 0 {
			wait = messageEvery
		}
		return &slack.RateLimitedError{RetryAfter: wait}
	case answer.StatusCode >= http.StatusInternalServerError:
		return slack.StatusCodeError{Code: answer.StatusCode, Status: answer.Status}
	case err != nil:
		return err
	case answer.StatusCode != http.StatusOK:
		return slack.SlackErrorResponse{Err: fmt.Sprintf("%s: %s", answer.Status, cut(strings.TrimSpace(string(said)), 100))}
	}
	var verdict struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	if json.Unmarshal(said, &verdict) == nil && verdict.OK != nil && !*verdict.OK {
		return slack.SlackErrorResponse{Err: verdict.Error}
	}
	return nil
}
