package discord

import (
	"context"
	"net/http"
	"time"

	"callboard/bot"
)

// placeLimit is how long an answer waits for the name of its channel, so that it still goes with the acknowledgement.
const placeLimit = 500 * time.Millisecond

// locate finds out whether a turn is in an open channel. Where Discord does not say, the answer is for the asker alone.
// Suggestions are for the one who types, wherever that is.
func (d *Discord) locate(ctx context.Context, t *turn) {
	a := &t.request.Address
	if len(d.options.Open) == 0 || a.Private || a.Channel == "" || t.request.Kind == bot.Complete {
		return
	}
	name, known := d.places.Name(a.Channel)
	if !known {
		name = d.askOnce(ctx, a.Channel)
	}
	a.Open = name != "" && bot.Matches(d.options.Open, name)
	t.open.Store(a.Open)
}

// askOnce asks for the name of a channel once, however many questions there wait for it.
func (d *Discord) askOnce(ctx context.Context, channel string) string {
	found, _, _ := d.asking.Do(channel, func() (any, error) {
		if name, known := d.places.Name(channel); known { // since the caller looked
			return name, nil
		}
		return d.named(ctx, channel), nil
	})
	name, _ := found.(string)
	return name
}

// named asks Discord for the name of a channel, for a thread that of the channel it belongs to, and remembers it. A
// private thread has none here: fewer people read it than its channel.
func (d *Discord) named(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(ctx, placeLimit)
	defer cancel()
	c, err := d.channel(ctx, id)
	private := c.Type == channelPrivateThread
	if err == nil && c.thread() && c.Parent != "" {
		c, err = d.channel(ctx, c.Parent)
	}
	if err != nil {
		d.log.Warn("whether a channel is one of discord.open_channels is not known; questions there are answered to the asker alone",
			"channel", id, "error", err, "next_try", bot.PlaceDoubt)
		d.places.Doubtful(id)
		return ""
	}
	if private || c.Guild != d.options.Guild {
		c.Name = ""
	}
	d.places.Called(id, c.Name)
	return c.Name
}

func (d *Discord) channel(ctx context.Context, id string) (c channel, err error) {
	err = d.api.do(ctx, call{name: "channel.get", method: http.MethodGet, path: "/channels/" + id, out: &c})
	return c, err
}
