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
	placeLife  = time.Hour              // how long the name of a channel counts
	placeDoubt = time.Minute            // how long it counts that Slack did not say it
	placeLimit = 500 * time.Millisecond // an answer waits no longer for it, so that it still goes with the acknowledgement
	maxPlaces  = 20_000                 // that are remembered
)

// places remembers what Slack says about channels when it is asked, because answers are for everybody only where that is known to be
// meant. Its zero value is empty.
type places struct {
	mu    sync.Mutex
	names map[string]placeName
	own   map[string]struct{} // direct messages of the bot with one person
}

type placeName struct {
	name  string // "" when it has none here, or Slack does not say
	until time.Time
}

// called notes the name of a channel, which counts for so long.
func (p *places) called(channel, name string, life time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names == nil || len(p.names) >= maxPlaces {
		p.names = map[string]placeName{}
	}
	p.names[channel] = placeName{name, time.Now().Add(life)}
}

// name gives the name of a channel; known is false when it was not told lately.
func (p *places) name(channel string) (name string, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, known := p.names[channel]
	return found.name, known && time.Now().Before(found.until)
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

// locate finds out whether a turn is in an open channel. The name that came with it, if one did, can only say that it is
// not: that another company reads there, too, Slack tells only who asks. Where it does not, the answer is for the asker alone.
func (s *Slack) locate(ctx context.Context, t *turn) {
	a := &t.request.Address
	if len(s.options.Open) == 0 || a.Private || a.Channel == "" || strings.HasPrefix(a.Channel, "D") {
		return
	}
	if !placeholder(t.channelName) && !s.openChannel(t.channelName) {
		return
	}
	name, known := s.places.name(a.Channel)
	if !known {
		name = s.ask(ctx, a.Channel)
	}
	a.Open = s.openChannel(name)
}

// ask asks Slack for the name of a channel, and remembers it. One that other companies share has none here: it is not open.
func (s *Slack) ask(ctx context.Context, channel string) (name string) {
	ctx, cancel := context.WithTimeout(ctx, placeLimit)
	defer cancel()
	var found *slack.Channel
	err := s.sender.once(ctx, "conversations.info", func(ctx context.Context) (err error) {
		found, err = s.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
		return err
	})
	if err != nil {
		s.log.Warn("whether a channel is one of slack.open_channels is not known; questions there are answered to the asker alone",
			"channel", channel, "error", explain(err), "next_try", placeDoubt)
		s.places.called(channel, "", placeDoubt)
		return ""
	}
	if !found.IsExtShared && !found.IsMpIM && !found.IsIM {
		name = found.Name
	}
	s.places.called(channel, name, placeLife)
	return name
}
