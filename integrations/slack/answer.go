package slack

import (
	"bytes"
	"context"
	"crypto/rand"
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
	"callboard/bot/card/markup"
)

const (
	promiseLife = time.Second // until Slack has surely drawn what a form was acknowledged with
	replyBytes  = 64 << 10    // read of what Slack says to an answer
	publicTries = 3           // posts of one answer that others see
)

// reaction is what an event is acknowledged with.
type reaction struct {
	taken bool            // false: Slack should send it again
	body  json.RawMessage // nil for none
}

// encoded makes an acknowledgement of a body, nil for none. What cannot be encoded is a fault of ours, and leaves it empty.
func encoded(body any) json.RawMessage {
	if body == nil {
		return nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil
	}
	return raw
}

// react works on a turn and gives the acknowledgement, within a second, which carries at most so many bytes. An answer
// that takes longer, or is longer, follows by itself.
func (s *Slack) react(t *turn, carries int) reaction {
	s.meters.events.WithLabelValues(t.kind).Inc()
	var body json.RawMessage
	verdict := s.work.Race(&t.request,
		func(ctx context.Context, req *bot.Request) bot.Reply { s.locate(ctx, t); return s.handler()(ctx, req) },
		func(r bot.Reply) (complete bool) {
			answer, complete := s.inline(t, r)
			if !complete || answer == nil {
				return complete
			}
			if carries > 0 {
				body = encoded(answer)
			}
			return body != nil && len(body) <= carries
		},
		func(ctx context.Context, r bot.Reply) { s.answer(ctx, t, r) })
	switch verdict {
	case bot.Answered:
		return reaction{true, body}
	case bot.Promised:
		return reaction{true, encoded(promise(t))}
	case bot.Crowded:
		s.meters.dropped.WithLabelValues("overload").Inc()
		return crowded(t)
	case bot.Untaken:
	}
	return reaction{}
}

// crowded tells who gave a command that there is too much to do. Other events Slack sends again, or says itself that
// nothing came of them.
func crowded(t *turn) reaction {
	if t.kind != "command" {
		return reaction{}
	}
	return reaction{true, encoded(map[string]any{
		"response_type": "ephemeral", "text": "I am answering as many questions as I can right now. Please ask again in a moment.",
	})}
}

// promise is the acknowledgement of an event whose answer follows: without one a form would close.
func promise(t *turn) any {
	switch t.request.Kind {
	case bot.Submission:
		text := "I am working on it; the answer comes here."
		return slack.NewUpdateViewSubmissionResponse(cardModal(&card.Card{Title: "One moment", Summary: text, Notes: []card.Note{{Text: card.T(text)}}}))
	case bot.Complete:
		return suggestions(nil)
	default:
		return nil
	}
}

// inline gives the answer as the body of the acknowledgement, if it can be given so.
func (s *Slack) inline(t *turn, r bot.Reply) (body any, complete bool) {
	switch {
	case t.request.Kind == bot.Complete:
		return suggestions(r.Choices), true
	case t.request.Kind == bot.Submission:
		return submitted(t, r), true
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
func submitted(t *turn, r bot.Reply) any {
	if r.Form != nil && r.Form.At == t.request.Page {
		if errs := refusals(r.Form); len(errs) > 0 {
			return slack.NewErrorsViewSubmissionResponse(errs)
		}
	}
	atFirst := func(text string) any { // what was entered stays
		return slack.NewErrorsViewSubmissionResponse(map[string]string{t.firstInput: card.Cut(markup.Terminal(text), maxErrorText)})
	}
	if (r.Outcome == bot.Busy || r.Outcome == bot.Fault) && t.firstInput != "" {
		text := "Please send it again in a moment."
		if r.Card != nil {
			text = r.Card.Summary
		}
		return atFirst(text)
	}
	if r.Form != nil && t.firstInput != "" {
		if _, err := modal(r.Form, t.request.Address.Channel, t.request.Address.Thread); err != nil {
			return atFirst(err.Error())
		}
	}
	if view := after(t, r); view != nil {
		return slack.NewUpdateViewSubmissionResponse(view)
	}
	return nil
}

// after is the view that takes the place of one that was submitted, nil to close it.
func after(t *turn, r bot.Reply) *slack.ModalViewRequest {
	say := func(text string) *slack.ModalViewRequest {
		return cardModal(&card.Card{Title: text, Summary: text, Status: card.Warn})
	}
	switch {
	case r.Form != nil:
		view, err := modal(r.Form, t.request.Address.Channel, t.request.Address.Thread)
		if err != nil {
			return say(err.Error())
		}
		return view
	case r.Card != nil:
		return cardModal(r.Shown())
	case r.Outcome == bot.Repeated:
		return say("I have this already. Nothing is done twice.")
	}
	return nil
}

// message is an answer as the acknowledgement of a command, or for a response_url.
func (s *Slack) message(t *turn, r bot.Reply) map[string]any {
	c, share := r.Shown(), r.Share
	kind := "ephemeral"
	if r.For(t.request.Address) {
		kind, share = "in_channel", ""
	}
	m := map[string]any{
		"response_type": kind, "text": notification(c), "blocks": blocks(c, share),
		"unfurl_links": false, "unfurl_media": false, "parse": "none", "link_names": false,
	}
	if thread := t.request.Address.Thread; thread != "" { // without it an answer to a button in a thread stands in the channel
		m["thread_ts"] = thread
	}
	return m
}

// answer gives an answer after the acknowledgement.
func (s *Slack) answer(ctx context.Context, t *turn, r bot.Reply) {
	if r.Card == nil && r.Form == nil && t.kind != "submission" { // where a form waits for a word
		return
	}
	if err := s.give(ctx, t, r); err != nil {
		s.log.Warn("an answer could not be given", "kind", t.kind, "channel", t.request.Address.Channel, "error", err)
	}
}

func (s *Slack) give(ctx context.Context, t *turn, r bot.Reply) error {
	switch {
	case t.kind == "submission":
		return s.updateForm(ctx, t, r)
	case r.Form != nil && t.trigger != "":
		return s.openForm(ctx, t, r.Form)
	case r.Form != nil:
		return s.post(ctx, t, bot.Reply{Card: r.Form.Card()}) // a mention cannot open a modal, a button can
	case t.kind == "home":
		return s.publishHome(ctx, t, r)
	case t.view && t.trigger != "":
		return s.openCard(ctx, t, r)
	}
	return s.reply(ctx, t, r)
}

// reply answers beside what was asked: through the response URL where there is one that takes it, else by the
// bot's own token.
func (s *Slack) reply(ctx context.Context, t *turn, r bot.Reply) error {
	if t.responseURL == "" {
		return s.post(ctx, t, r)
	}
	err := s.respond(ctx, t, r)
	var unsure *onceError
	if err == nil || errors.As(err, &unsure) {
		return err
	}
	s.log.Info("a response URL does not take an answer any more, it goes as a message", "error", err)
	return s.post(ctx, t, r)
}

// openForm opens a form. Where that comes too late, or Slack does not take it, a button does it again.
func (s *Slack) openForm(ctx context.Context, t *turn, f *card.Form) error {
	view, err := modal(f, t.request.Address.Channel, t.request.Address.Thread)
	if err != nil {
		return err
	}
	if err = s.open(ctx, t, view); err == nil {
		return nil
	}
	s.log.Info("a form could not be opened, a button for it goes out", "error", err)
	return s.reply(ctx, t, bot.Reply{Card: f.Card()})
}

// openCard shows the answer to a button on the home tab or in a modal. Where that comes too late it goes as a direct message.
func (s *Slack) openCard(ctx context.Context, t *turn, r bot.Reply) error {
	err := s.open(ctx, t, cardModal(r.Shown()))
	if err == nil {
		return nil
	}
	s.log.Info("an answer could not be opened, it goes as a message", "error", err)
	return s.reply(ctx, t, r)
}

// open shows a modal. A trigger lives for 3 seconds, so there is one attempt.
func (s *Slack) open(ctx context.Context, t *turn, view *slack.ModalViewRequest) error {
	if time.Since(t.request.Received) > triggerLife {
		return errors.New("the answer took longer than Slack keeps a place for a form: ask again")
	}
	return explain(s.sender.once(ctx, "views.open", func(ctx context.Context) error {
		_, err := s.api.OpenViewContext(ctx, t.trigger, *view)
		return err
	}))
}

// updateForm shows what came of a form after its acknowledgement: in the form's place, or, when that was closed, as a
// message to who sent it.
func (s *Slack) updateForm(ctx context.Context, t *turn, r bot.Reply) error {
	view := after(t, r)
	if view == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(promiseLife): // what is drawn last stays
	}
	err := s.sender.send(ctx, t.viewID, "views.update", func(ctx context.Context) error {
		_, err := s.api.UpdateViewContext(ctx, *view, "", "", t.viewID)
		return err
	})
	if err == nil || codeOf(err) == "" {
		return err
	}
	s.log.Info("a form is closed, its answer goes as a message", "error", err)
	if r.Form != nil {
		r = bot.Reply{Card: r.Form.Card()}
	}
	return s.post(ctx, t, r)
}

// publishHome draws the home tab. It stays as it is while its reader is told to ask less.
func (s *Slack) publishHome(ctx context.Context, t *turn, r bot.Reply) error {
	if r.Outcome == bot.Busy {
		return nil
	}
	view := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: draw(r.Shown(), "", maxHomeBlocks)}}
	user := t.request.User.ID
	return s.sender.send(ctx, user, "views.publish", func(ctx context.Context) error {
		_, err := s.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: user, View: view})
		return err
	})
}

// post answers by the bot's own token: to the asker alone, or as a message where others may see it. What was asked in no
// channel is answered as a direct message.
func (s *Slack) post(ctx context.Context, t *turn, r bot.Reply) error {
	to, c, share := t.request.Address, r.Shown(), r.Share
	if to.Channel == "" {
		to.Channel, to.Private = t.request.User.ID, true // Slack takes it as the direct message
	}
	if r.For(to) {
		if to.Thread == "" {
			to.Thread = t.below
		}
		return s.postPublic(ctx, to, c)
	}
	options := content(c, share)
	if to.Thread != "" {
		options = append(options, slack.MsgOptionTS(to.Thread))
	}
	return s.sender.send(ctx, to.Channel, "chat.postEphemeral", func(ctx context.Context) error {
		_, err := s.api.PostEphemeralContext(ctx, to.Channel, t.request.User.ID, options...)
		return err
	})
}

// postPublic posts an answer that others see too. Where Slack leaves open whether it is there, it is looked for before it is
// posted again; where the app may not look, it is not: better no answer than two.
func (s *Slack) postPublic(ctx context.Context, to bot.Address, c *card.Card) error {
	key, since := rand.Text(), time.Now()
	for try := 1; ; try++ {
		_, err := s.Post(ctx, to, c, key)
		var unsure *onceError
		if !errors.As(err, &unsure) || try == publicTries {
			return err
		}
		if _, found, lookErr := s.Find(ctx, to, key, since); found || lookErr != nil {
			return lookErr
		}
	}
}

// respond answers through the response URL of the event. An answer for the asker alone takes the place of the one
// that the button was on; that there is none stands beside it, so that it can be pressed again.
func (s *Slack) respond(ctx context.Context, t *turn, r bot.Reply) error {
	if !s.trusted(t.responseURL) {
		return errors.New("the response URL does not lead to Slack")
	}
	m := s.message(t, r)
	m["replace_original"] = t.ephemeral && m["response_type"] == "ephemeral" && r.Outcome != bot.Busy && r.Outcome != bot.Fault
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	lane := t.responseURL // which has a limit of its own
	if m["response_type"] == "in_channel" {
		lane = t.request.Address.Channel // where the order counts
	}
	return s.sender.send(ctx, lane, "response_url", func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.responseURL, bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
		err = s.postResponse(request)
		if m["response_type"] == "in_channel" && err != nil && passing(err) && !limited(err) {
			return &onceError{err} // it may be there, and nothing tells
		}
		return err
	})
}

func (s *Slack) postResponse(request *http.Request) error {
	answer, err := s.options.Client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return responseError(answer)
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
		return slack.SlackErrorResponse{Err: fmt.Sprintf("%s: %s", answer.Status, card.Cut(strings.TrimSpace(string(said)), 100))}
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
