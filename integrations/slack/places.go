package slack

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"callboard/bot"
)

// placeLimit is how long an answer waits for the name of its channel, so that it still goes with the acknowledgement.
const placeLimit = 500 * time.Millisecond

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
	return bot.Matches(s.options.Open, name)
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
	name, known := s.places.Name(a.Channel)
	if !known {
		name = s.askOnce(ctx, a.Channel)
	}
	a.Open = s.openChannel(name)
}

// askOnce asks for the name of a channel once, however many questions there wait for it.
func (s *Slack) askOnce(ctx context.Context, channel string) string {
	found, _, _ := s.asking.Do(channel, func() (any, error) {
		if name, known := s.places.Name(channel); known { // since the caller looked
			return name, nil
		}
		return s.ask(ctx, channel), nil
	})
	name, _ := found.(string)
	return name
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
			"channel", channel, "error", explain(err), "next_try", bot.PlaceDoubt)
		s.places.Doubtful(channel)
		return ""
	}
	if !found.IsExtShared && !found.IsMpIM && !found.IsIM {
		name = found.Name
	}
	s.places.Called(channel, name)
	return name
}
