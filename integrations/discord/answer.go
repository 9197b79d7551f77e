package discord

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"callboard/bot"
	"callboard/bot/card"
)

const (
	ackTime   = 2500 * time.Millisecond // for the acknowledgement to reach Discord, which waits for 3 s
	ackLapse  = 500 * time.Millisecond  // until Discord has surely read what an HTTP request was answered
	showLabel = "Show"
	forYou    = "The answer is for you alone: press to see it."
	tooMuch   = "I am answering as many questions as I can right now. Please ask again in a moment."
)

// reply is the first answer to an interaction.
type reply struct {
	kind int
	data any
}

// wire is a reply as it is sent.
type wire struct {
	Type int `json:"type"`
	Data any `json:"data,omitempty"`
}

// private is an answer that the asker alone sees.
func private(m *message) *reply {
	m.Flags |= flagEphemeral
	return &reply{answerMessage, m}
}

// react works on an interaction and gives its first answer, within a second. An answer that takes longer follows by
// itself.
func (d *Discord) react(t *turn) (*reply, *bot.Reply) {
	d.meters.events.WithLabelValues(t.kind).Inc()
	if t.ready != nil {
		return t.ready, nil
	}
	var first *reply
	var given *bot.Reply
	verdict := d.work.Race(&t.request,
		func(ctx context.Context, req *bot.Request) bot.Reply { return d.ask(ctx, t) },
		func(r bot.Reply) bool {
			first, given = d.inline(t, r), &r
			return true
		},
		func(ctx context.Context, r bot.Reply) { d.answer(ctx, t, r) })
	switch verdict {
	case bot.Answered:
		return first, given
	case bot.Crowded:
		d.meters.dropped.WithLabelValues("overload").Inc()
		if t.request.Kind == bot.Complete {
			return choices(t, nil), nil
		}
		return private(say(tooMuch)), nil
	case bot.Promised, bot.Untaken: // Discord sends nothing twice: the answer tells what came of it
	}
	return promise(t), nil
}

// ask has the handler answer a turn.
func (d *Discord) ask(ctx context.Context, t *turn) bot.Reply {
	d.locate(ctx, t)
	if t.draft != nil {
		if r, fine := d.entities(ctx, t); !fine {
			return r
		}
	}
	return d.handler()(ctx, &t.request)
}

// promise is the first answer where the real one follows. Whether others will see it must be said now.
func promise(t *turn) *reply {
	switch {
	case t.request.Kind == bot.Complete:
		return choices(t, nil)
	case t.ephemeral:
		return &reply{answerDeferredEdit, nil}
	}
	line, err := bot.Parse(t.request.Text)
	if t.promised = t.request.Address.Private || t.open.Load() || err == nil && line.Has("share"); t.promised {
		return &reply{answerDeferred, nil}
	}
	return &reply{answerDeferred, component{"flags": flagEphemeral}}
}

// inline is an answer that is ready at once.
func (d *Discord) inline(t *turn, r bot.Reply) *reply {
	switch {
	case t.request.Kind == bot.Complete:
		return choices(t, r.Choices)
	case r.Form != nil && t.request.Kind == bot.Submission:
		return d.goOn(t, d.start(t, r.Form), stepOf(r.Form))
	case r.Form != nil:
		return &reply{answerModal, modal(d.start(t, r.Form))}
	case t.draft != nil && (r.Outcome == bot.Busy || r.Outcome == bot.Fault):
		return d.again(t, r)
	case r.Card == nil && t.request.Kind == bot.Action:
		return &reply{answerDeferredEdit, nil} // said before, or not worth a word
	case r.Card == nil && r.Outcome == bot.Repeated:
		return private(say("I have this already. Nothing is done twice."))
	case r.Card == nil:
		return private(say("Please ask again in a moment."))
	}
	m, open := d.content(t, r)
	switch {
	case open:
		return &reply{answerMessage, m}
	case t.ephemeral: // an answer for the asker alone takes the place of the one that the button was on
		return &reply{answerEdit, m}
	}
	return private(m)
}

// again is what is said to a form that could not be taken now: what was entered stays, behind a button.
func (d *Discord) again(t *turn, r bot.Reply) *reply {
	text := "Please send it again in a moment."
	if r.Card != nil {
		text = r.Card.Summary
	}
	form := *t.draft.form
	form.At, form.Values = t.draft.page, t.draft.values
	m := d.draw(&card.Card{Summary: card.Line(text), Status: card.Warn}, "")
	m.Components = one("Try again", draftMark+":"+d.start(t, &form).id)
	return private(m)
}

// stepOf is what the button to the next page says.
func stepOf(f *card.Form) string {
	if refused(f) {
		return correctIt
	}
	return continueOn
}

// refused reports whether something on the page of a form is wrong.
func refused(f *card.Form) bool {
	return slices.ContainsFunc(f.Pages[f.At].Inputs, func(in card.Input) bool { return in.Error != "" })
}

// content is an answer as a message, and whether everybody may see it.
func (d *Discord) content(t *turn, r bot.Reply) (m *message, open bool) {
	open = r.For(t.request.Address)
	share := r.Share
	if open {
		share = ""
	}
	return d.draw(r.Shown(), share), open
}

// choices are what completes an option.
func choices(t *turn, all []bot.Choice) *reply {
	options := []component{}
	for _, c := range all {
		value := strings.TrimPrefix(c.Text, t.prefix)
		label := value
		if short, fits := bot.Short(c.Text, maxChoiceText+len(t.prefix)); fits {
			value = strings.TrimPrefix(short, t.prefix)
		}
		if len([]rune(value)) > maxChoiceText || value == "" || len(options) == maxChoices {
			continue
		}
		if c.Hint != "" {
			label += " — " + c.Hint
		}
		options = append(options, component{"name": plain(label, maxChoiceText), "value": value})
	}
	return &reply{answerChoices, component{"choices": options}}
}

// answer gives an answer after its promise.
func (d *Discord) answer(ctx context.Context, t *turn, r bot.Reply) {
	select {
	case <-t.acked:
	case <-ctx.Done():
		return
	}
	var err error
	switch {
	case t.request.Kind == bot.Complete:
	case t.token == "":
		err = d.respond(ctx, t, r)
	case r.Card == nil && r.Form == nil:
		if !t.ephemeral {
			err = d.original(ctx, t, http.MethodDelete, nil)
		}
	default:
		err = d.fulfil(ctx, t, r)
	}
	if err != nil {
		d.log.Warn("an answer could not be given", "kind", t.kind, "channel", t.request.Address.Channel, "error", err)
	}
}

// fulfil puts an answer in the place of its promise, or beside it where the promise was made to somebody else.
func (d *Discord) fulfil(ctx context.Context, t *turn, r bot.Reply) error {
	var m *message
	open := false
	switch {
	case t.draft != nil && (r.Outcome == bot.Busy || r.Outcome == bot.Fault):
		m, _ = d.again(t, r).data.(*message)
	case r.Form != nil && t.request.Kind == bot.Submission:
		next, _ := d.goOn(t, d.start(t, r.Form), stepOf(r.Form)).data.(*message)
		m = next
	case r.Form != nil: // a modal opens only as the first answer; a button does it again
		m = d.draw(r.Form.Card(), "")
	default:
		m, open = d.content(t, r)
	}
	m.Flags = 0
	var err error
	switch {
	case t.ephemeral && open:
		err = d.follow(ctx, t, m)
	case t.ephemeral, open == t.promised:
		err = d.original(ctx, t, http.MethodPatch, m)
	default:
		if err = d.original(ctx, t, http.MethodDelete, nil); err == nil {
			if !open {
				m.Flags = flagEphemeral
			}
			err = d.follow(ctx, t, m)
		}
	}
	if over(err) {
		return d.instead(ctx, t, m, open)
	}
	return err
}

// over reports whether an interaction takes no answer any more.
func over(err error) bool {
	return slices.Contains([]int{unknownWebhook, invalidWebhook, unknownInteraction}, codeOf(err))
}

// instead gives an answer by the bot's own token: in the channel where all may see it, else as a direct message.
func (d *Discord) instead(ctx context.Context, t *turn, m *message, open bool) error {
	d.log.Info("an interaction does not take its answer any more, it goes as a message", "kind", t.kind)
	m.Flags = 0
	to := t.request.Address.Channel
	if !open {
		var direct channel
		err := d.api.do(ctx, call{
			name: "dm.open", method: http.MethodPost, path: "/users/@me/channels",
			in: component{"recipient_id": t.request.User.ID}, out: &direct,
		})
		if err != nil {
			return err
		}
		to = direct.ID
	}
	_, err := d.create(ctx, to, m, t.request.ID)
	return err
}

func (d *Discord) webhook(t *turn) string {
	return "/webhooks/" + d.options.Application + "/" + t.token
}

// original changes or deletes the first answer; for a button on a message of the asker alone that is this message.
func (d *Discord) original(ctx context.Context, t *turn, method string, m *message) error {
	c := call{name: "answer.edit", method: method, path: d.webhook(t) + "/messages/@original", open: true}
	if m != nil {
		c.in = m
	} else {
		c.name = "answer.delete"
	}
	err := d.api.do(ctx, c)
	if method == http.MethodDelete && codeOf(err) == unknownMessage {
		return nil // the attempt before did it, or the person
	}
	return err
}

// follow adds an answer beside the first.
func (d *Discord) follow(ctx context.Context, t *turn, m *message) error {
	return d.api.do(ctx, call{name: "answer.follow", method: http.MethodPost, path: d.webhook(t), open: true, once: true, in: m})
}

// respond answers a message. Others read there, so that an answer for the asker alone is behind a button, which works for
// everybody as if they had asked.
func (d *Discord) respond(ctx context.Context, t *turn, r bot.Reply) error {
	var m *message
	switch {
	case r.Form != nil && (t.request.Address.Private || !refused(r.Form)): // what is wrong may name what only the asker sees
		m = d.draw(r.Form.Card(), "")
	case r.Form == nil && r.Card == nil:
		return nil
	case r.Form != nil:
		m = d.show(t.request.Text)
	case r.For(t.request.Address), r.Outcome == bot.Misused, r.Outcome == bot.Busy:
		m, _ = d.content(t, r)
	default:
		m = d.show(t.request.Text)
	}
	m.Below = &reference{Message: t.message}
	_, err := d.create(ctx, t.request.Address.Channel, m, t.request.ID)
	return err
}

// show is a message whose button gives the answer to a command.
func (d *Discord) show(command string) *message {
	if command == "" {
		command = "help"
	}
	m := say(forYou)
	m.Components = one(showLabel, runMark+"0:"+fit(command, maxCustomID-len(runMark+"0:"), d.kept.add))
	return m
}

// one is a single button.
func one(label, id string) []discordgo.MessageComponent {
	return []discordgo.MessageComponent{discordgo.ActionsRow{Components: []discordgo.MessageComponent{
		discordgo.Button{Label: label, Style: discordgo.PrimaryButton, CustomID: id},
	}}}
}

// draw draws a card of ours.
func (d *Discord) draw(c *card.Card, share string) *message { return draw(c, share, d.kept.add) }

// hear works on a message. Nobody waits for an acknowledgement.
func (d *Discord) hear(t *turn) {
	d.meters.events.WithLabelValues(t.kind).Inc()
	verdict := d.work.Race(&t.request,
		func(ctx context.Context, _ *bot.Request) bot.Reply { return d.ask(ctx, t) },
		func(bot.Reply) bool { return false },
		func(ctx context.Context, r bot.Reply) { d.answer(ctx, t, r) })
	if verdict == bot.Crowded {
		d.meters.dropped.WithLabelValues("overload").Inc()
	}
}

// meet works on an interaction from the gateway, whose first answer goes by the API. Where Discord does not take it any
// more, the answer goes as a message.
func (d *Discord) meet(ctx context.Context, t *turn) {
	start := time.Now()
	first, given := d.react(t) //nolint:contextcheck // an answer outlives its connection
	limited, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	err := d.api.do(limited, call{
		name: "interaction.answer", method: http.MethodPost, path: "/interactions/" + t.id + "/" + t.token + "/callback",
		open: true, in: wire{first.kind, first.data},
	})
	close(t.acked)
	if codeOf(err) == alreadyAnswered {
		err = nil // by the attempt before
	}
	if err == nil {
		d.meters.ack.Observe(time.Since(start).Seconds())
		return
	}
	d.log.Warn("an interaction could not be answered at once", "kind", t.kind, "error", err)
	if given == nil || given.Card == nil || t.request.Kind == bot.Complete {
		return
	}
	late, cancelLate := context.WithTimeout(ctx, bot.FinishLimit)
	defer cancelLate()
	m, open := d.content(t, *given)
	if err := d.instead(late, t, m, open); err != nil {
		d.log.Warn("an answer could not be given", "kind", t.kind, "error", err)
	}
}
