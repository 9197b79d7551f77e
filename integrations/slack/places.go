package slack

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"callboard/bot"
)

// placeLimit is how long an answer waits for the name of its channel.
const placeLimit = 1 * time.Second

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

// locate finds out whether a turn that came without the name of its channel, as mentions do, is in an open one.
// Where Slack does not say, the answer is for the asker alone.
func (s *Slack) locate(ctx context.Context, t *turn) {
	a := &t.request.Address
	if len(s.options.Open) == 0 || a.Open || a.Private || a.Channel == "" || strings.HasPrefix(a.Channel, "D") {
		return
	}
	name, known := s.places.Name(a.Channel)
	if !known {
		name = s.ask(ctx, a.Channel)
		s.places.Called(a.Channel, name)
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
