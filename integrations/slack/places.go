package slack

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

const (
	placeLife  = time.Hour       // how long the name of a channel counts
	placeLimit = 1 * time.Second // an answer waits no longer for the name of its channel
	maxPlaces  = 20_000          // that are remembered
)

// places remembers what Slack says about channels, because answers are for everybody only where that is known to be
// meant. Its zero value is empty.
type places struct {
	mu    sync.Mutex
	names map[string]placeName
	own   map[string]struct{} // direct messages of the bot with one person
}

type placeName struct {
	name string // "" when Slack does not say
	at   time.Time
}

// called notes the name of a channel.
func (p *places) called(channel, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names == nil || len(p.names) >= maxPlaces {
		p.names = map[string]placeName{}
	}
	p.names[channel] = placeName{name, time.Now()}
}

// name gives the name of a channel; known is false when it was not told lately.
func (p *places) name(channel string) (name string, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, known := p.names[channel]
	return found.name, known && time.Since(found.at) < placeLife
}

// direct notes that a channel is the bot's conversation with one person.
func (p *places) direct(channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own == nil || len(p.own) >= maxPlaces {
		p.own = map[string]struct{}{}
	}
	p.own[channel] = struct{}{}
}

// isDirect reports whether nobody but the bot and one person read a channel. Of a conversation that the bot has not heard
// of it does not know: slash commands work between two other people, too.
func (p *places) isDirect(channel string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, known := p.own[channel]
	return known
}

// placeholder reports whether Slack says this instead of the name of a channel that is not public.
func placeholder(name string) bool {
	return slices.Contains([]string{"", "directmessage", "privategroup"}, name) || strings.HasPrefix(name, "mpdm-")
}

// openChannel reports whether answers in a channel of this name are for everybody. Conversations have no names,
// so that no glob means them.
func (s *Slack) openChannel(name string) bool {
	if placeholder(name) {
		return false
	}
	return slices.ContainsFunc(s.options.Open, func(glob string) bool {
		matched, err := path.Match(glob, name)
		return err == nil && matched
	})
}

// locate finds out whether a turn that came without the name of its channel, as mentions do, is in an open one.
// Where Slack does not say, the answer is for the asker alone.
func (s *Slack) locate(ctx context.Context, t *turn) {
	a := &t.request.Address
	if len(s.options.Open) == 0 || a.Open || a.Private || a.Channel == "" || strings.HasPrefix(a.Channel, "D") {
		return
	}
	name, known := s.places.name(a.Channel)
	if !known {
		name = s.ask(ctx, a.Channel)
		s.places.called(a.Channel, name)
	}
	a.Open = s.openChannel(name)
}

// ask asks Slack for the name of a channel. One that other companies share has none here: it is not open.
func (s *Slack) ask(ctx context.Context, channel string) string {
	ctx, cancel := context.WithTimeout(ctx, placeLimit)
	defer cancel()
	var found *slack.Channel
	err := s.sender.once(ctx, "conversations.info", func(ctx context.Context) (err error) {
		found, err = s.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
		return err
	})
	switch {
	case err != nil:
		s.log.Warn("whether a channel is one of slack.open_channels is not known; mentions there are answered to the asker alone",
			"channel", channel, "error", explain(err))
		return ""
	case found.IsExtShared || found.IsMpIM || found.IsIM:
		return ""
	}
	return found.Name
}
