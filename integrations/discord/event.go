package discord

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"callboard/bot"
)

// turn is one event that asks something, with all that is needed to answer it.
type turn struct {
	kind    string // for metrics
	request bot.Request

	id, token string // of the interaction; "" for a message
	prefix    string // of the text, which a completion leaves out: the verb of the slash command
	message   string // id of the message that asked
	ephemeral bool   // the message that a button is on is seen by the asker only
	draft     *draft // Submission: the form
	ready     *reply // the answer, where it needs no handler

	open     atomic.Bool   // the channel is one where answers are for everybody; set while the handler runs
	promised bool          // that everybody sees the answer; set before acked is closed
	acked    chan struct{} // closed when the first answer is given
}

func newTurn(kind string) *turn { return &turn{kind: kind, acked: make(chan struct{})} }

// user is an account.
type user struct {
	ID         string `json:"id"`
	Name       string `json:"username"`
	GlobalName string `json:"global_name"`
	Bot        bool   `json:"bot"`
	System     bool   `json:"system"`
}

// channel is what interactions and the API say about a channel.
type channel struct {
	ID     string `json:"id"`
	Type   int    `json:"type"`
	Guild  string `json:"guild_id"`
	Name   string `json:"name"`
	Parent string `json:"parent_id"`
}

// Types of channels. docs.discord.com/developers resources/channel
const (
	channelDM            = 1
	channelNewsThread    = 10
	channelPublicThread  = 11
	channelPrivateThread = 12
)

func (c channel) thread() bool {
	return slices.Contains([]int{channelNewsThread, channelPublicThread, channelPrivateThread}, c.Type)
}

// interaction is what is read of an interaction, the same over HTTP and from the gateway.
type interaction struct {
	ID          string  `json:"id"`
	Application string  `json:"application_id"`
	Type        int     `json:"type"`
	Token       string  `json:"token"`
	Guild       string  `json:"guild_id"`
	ChannelID   string  `json:"channel_id"`
	Channel     channel `json:"channel"`
	Context     *int    `json:"context"` // 0 guild, 1 direct message with the bot, 2 among others
	Member      *struct {
		User user `json:"user"`
	} `json:"member"`
	User    *user `json:"user"`
	Message *struct {
		ID    string `json:"id"`
		Flags int    `json:"flags"`
	} `json:"message"`
	Data json.RawMessage `json:"data"`
}

func (i *interaction) who() user {
	switch {
	case i.Member != nil:
		return i.Member.User
	case i.User != nil:
		return *i.User
	}
	return user{}
}

// direct reports whether nobody but the bot and the asker reads the channel.
func (i *interaction) direct() bool {
	if i.Guild != "" {
		return false
	}
	if i.Context != nil {
		return *i.Context == 1
	}
	return i.Channel.Type == channelDM
}

// fromInteraction reads what somebody typed behind a slash, pressed, chose or submitted.
func (d *Discord) fromInteraction(payload []byte) (*turn, error) {
	var i interaction
	if err := json.Unmarshal(payload, &i); err != nil {
		return nil, fmt.Errorf("an interaction: %w: %w", errMalformed, err)
	}
	if err := d.ours(i.Application, i.Guild); err != nil {
		return nil, err
	}
	who := i.who()
	if who.ID == "" || i.ID == "" || i.Token == "" {
		return nil, fmt.Errorf("an interaction of nobody: %w", errMalformed)
	}
	if who.Bot || who.System {
		return nil, errUnroutable // only people ask
	}
	t := newTurn("")
	t.id, t.token = i.ID, i.Token
	t.request.ID, t.request.User = "interaction:"+i.ID, d.user(who.ID)
	t.request.Address = bot.Address{Platform: platform, Workspace: d.options.Guild, Channel: i.ChannelID, Private: i.direct()}
	if t.request.Address.Channel == "" {
		t.request.Address.Channel = i.Channel.ID
	}
	if i.Channel.Name != "" && i.Guild != "" && !i.Channel.thread() { // people of other guilds may read in a group, and name it
		d.places.Called(t.request.Address.Channel, i.Channel.Name)
	}
	if i.Message != nil {
		t.message, t.ephemeral = i.Message.ID, i.Message.Flags&flagEphemeral != 0
	}
	switch i.Type {
	case interactionCommand, interactionComplete:
		return t, d.typed(t, &i)
	case interactionComponent:
		return t, d.pressed(t, i.Data)
	case interactionModal:
		return t, d.submitted(t, i.Data)
	}
	return nil, errUnroutable
}

func (d *Discord) user(id string) bot.ChatUser {
	return bot.ChatUser{Platform: platform, Workspace: d.options.Guild, ID: id}
}

// optionText is the option of a slash command that holds what is typed; the others are flags.
const optionText = "text"

// typed reads a slash command, or what of one is typed so far.
func (d *Discord) typed(t *turn, i *interaction) error {
	var data struct {
		Name    string `json:"name"`
		Type    int    `json:"type"`
		Options []struct {
			Name  string `json:"name"`
			Value any    `json:"value"`
		} `json:"options"`
	}
	if err := json.Unmarshal(i.Data, &data); err != nil {
		return fmt.Errorf("a command: %w: %w", errMalformed, err)
	}
	c, known := d.command(data.Name)
	if !known || data.Type > 1 {
		return errUnroutable
	}
	var words []string
	if c.Verb != nil {
		words = append(words, c.Verb.Name)
		t.prefix = c.Verb.Name + " "
	}
	text := ""
	for _, o := range data.Options {
		if s, is := o.Value.(string); is && o.Name == optionText {
			text = readable(s, "")
		}
		if on, is := o.Value.(bool); is && on && i.Type == interactionCommand {
			words = append(words, "--"+o.Name)
		}
	}
	if i.Type == interactionComplete {
		t.kind, t.request.Kind, t.request.ID = "suggestion", bot.Complete, ""
		t.request.Text = t.prefix + strings.TrimLeft(text, " ")
		return nil
	}
	t.kind, t.request.Kind = "command", bot.Typed
	t.request.Text = strings.TrimSpace(strings.Join(append(words, text), " "))
	return nil
}

// pressed reads a button or a select: one that repeats a command, which is parsed and authorised like typed text, or one
// that goes on with a form.
func (d *Discord) pressed(t *turn, raw json.RawMessage) error {
	var data struct {
		CustomID string   `json:"custom_id"`
		Values   []string `json:"values"`
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		return fmt.Errorf("a component: %w: %w", errMalformed, err)
	}
	t.kind, t.request.Kind = "action", bot.Action
	mark, command, found := strings.Cut(data.CustomID, ":")
	switch {
	case !found:
		return errUnroutable
	case mark == draftMark:
		t.ready = d.resume(t, command)
		return nil
	case !strings.HasPrefix(mark, runMark):
		return errUnroutable
	}
	if len(data.Values) > 0 {
		command = data.Values[0]
	}
	if name, is := strings.CutPrefix(command, keptMark); is {
		if command, is = d.kept.find(name); !is {
			t.ready = private(say("I do not have this question any more. Please ask it again."))
			return nil
		}
	}
	if t.request.Text = command; command == "" {
		return errUnroutable
	}
	return nil
}

// event is what is read of a message from the gateway.
type event struct {
	ID        string `json:"id"`
	Type      int    `json:"type"`
	ChannelID string `json:"channel_id"`
	Guild     string `json:"guild_id"`
	Author    user   `json:"author"`
	Webhook   string `json:"webhook_id"`
	App       string `json:"application_id"`
	Content   string `json:"content"`
}

// Types of messages that people write. docs.discord.com/developers resources/message
const (
	messagePlain = 0
	messageReply = 19
)

// fromMessage reads a message that mentions the bot, or a direct one.
func (d *Discord) fromMessage(payload []byte) (*turn, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("a message: %w: %w", errMalformed, err)
	}
	self := d.selfID()
	switch {
	case e.Guild != "" && e.Guild != d.options.Guild:
		return nil, errForeignGuild
	case e.Author.Bot, e.Author.System, e.Webhook != "", e.App != "", e.Author.ID == "", e.Author.ID == self, e.Type != messagePlain && e.Type != messageReply:
		return nil, errUnroutable // only people ask
	}
	mentioned := self != "" && (strings.Contains(e.Content, "<@"+self+">") || strings.Contains(e.Content, "<@!"+self+">"))
	t := newTurn("mention")
	switch {
	case e.Guild == "":
		t.kind = "message"
	case !mentioned:
		return nil, errUnroutable
	}
	close(t.acked) // a message needs none
	t.message = e.ID
	t.request = bot.Request{
		Kind: bot.Mention, ID: "message:" + e.ID, User: d.user(e.Author.ID), Text: readable(e.Content, self),
		Address: bot.Address{Platform: platform, Workspace: d.options.Guild, Channel: e.ChannelID, Private: e.Guild == ""},
	}
	return t, nil
}

// readable turns text as Discord encodes it into what the person sees: @1 for a person, #1 for a channel, :name: for an
// emoji. Mentions of the bot itself go.
func readable(text, self string) string {
	plain := bot.Typable(markupPattern().ReplaceAllStringFunc(text, func(m string) string {
		inside := strings.Trim(m, "<>")
		switch {
		case self != "" && strings.TrimLeft(inside, "@!") == self:
			return ""
		case strings.HasPrefix(inside, "@"), strings.HasPrefix(inside, "#"):
			return inside[:1] + strings.TrimLeft(inside, "@!&#")
		case strings.HasPrefix(inside, "http"):
			return inside
		}
		parts := strings.Split(inside, ":")
		return ":" + parts[1] + ":"
	}))
	if self != "" {
		plain = strings.TrimLeft(plain, " ,") // as behind a name in a letter
		if rest, is := strings.CutPrefix(plain, ": "); is {
			plain = rest
		}
	}
	return strings.TrimSpace(plain)
}

func markupPattern() *regexp.Regexp {
	return regexp.MustCompile(`<(?:@[!&]?\d+|#\d+|a?:\w+:\d+|https?://[^<>\s]+)>`)
}
