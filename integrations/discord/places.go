package discord

import (
	"context"
	"net/http"
	"time"

	"callboard/bot"
)

// placeLimit is how long an answer waits for the name of its channel.
const placeLimit = time.Second

// locate finds out whether a turn is in an open channel. Where Discord does not say, the answer is for the asker alone.
func (d *Discord) locate(ctx context.Context, t *turn) {
	a := &t.request.Address
	if len(d.options.Open) == 0 || a.Private || a.Channel == "" {
		return
	}
	name, known := d.places.Name(a.Channel)
	if !known {
		name = d.named(ctx, a.Channel)
		d.places.Called(a.Channel, name)
	}
	a.Open = name != "" && bot.Matches(d.options.Open, name)
}

// named asks Discord for the name of a channel, for a thread that of the channel it belongs to.
func (d *Discord) named(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(ctx, placeLimit)
	defer cancel()
	c, err := d.channel(ctx, id)
	if err == nil && c.thread() && c.Parent != "" {
		private := c.Type == channelPrivateThread
		if c, err = d.channel(ctx, c.Parent); private && err == nil {
			return "" // fewer people read it than its channel
		}
	}
	switch {
	case err != nil:
		d.log.Warn("whether a channel is one of discord.open_channels is not known; the answer goes to the asker alone", "channel", id, "error", err)
		return ""
	case c.Guild != d.options.Guild:
		return ""
	}
	return c.Name
}

func (d *Discord) channel(ctx context.Context, id string) (c channel, err error) {
	err = d.api.do(ctx, call{name: "channel.get", method: http.MethodGet, path: "/channels/" + id, out: &c})
	return c, err
}
