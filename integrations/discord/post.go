package discord

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"

	"callboard/bot"
	"callboard/bot/card"
)

const (
	findPages = 5
	findLimit = 100 // messages of a page
	// keyAddress goes before a key in the address of an embed. An embed without a title does not show its address, and
	// nothing is there.
	keyAddress = "https://callboard.invalid/"
	// discordEpoch is where the times in Discord's ids begin, in milliseconds.
	discordEpoch = 1_420_070_400_000
)

// nonce makes what tells two attempts to post one message from two messages.
func nonce(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:maxNonce/2])
}

// create posts a message. Discord keeps the nonce of the key for some minutes and gives the message that is there instead
// of a second one, so that the call may be repeated.
func (d *Discord) create(ctx context.Context, channel string, m *message, key string) (id string, err error) {
	m.Nonce, m.Once = nonce(key), true
	var made struct {
		ID string `json:"id"`
	}
	err = d.api.do(ctx, call{name: "message.create", method: http.MethodPost, path: "/channels/" + channel + "/messages", in: m, out: &made})
	return made.ID, err
}

// keyed is a card as a message that is found again by its key.
func (d *Discord) keyed(c *card.Card, key string) *message {
	m := d.draw(c, "")
	if len(m.Embeds) == 0 {
		m.Embeds = []*discordgo.MessageEmbed{{Description: "-# Callboard"}}
	}
	m.Embeds[0].URL = keyAddress + url.PathEscape(key)
	return m
}

// place is the channel of an address; a thread is one.
func place(to bot.Address) string {
	if to.Thread != "" {
		return to.Thread
	}
	return to.Channel
}

// Post implements bot.Poster. The key travels as the address of the embed, which is not shown, and as the nonce.
func (d *Discord) Post(ctx context.Context, to bot.Address, c *card.Card, key string) (id string, err error) {
	return d.create(ctx, place(to), d.keyed(c, key), key)
}

// Update implements bot.Poster. The key is not needed any more: the id is known.
func (d *Discord) Update(ctx context.Context, to bot.Address, id string, c *card.Card) error {
	path := "/channels/" + place(to) + "/messages/" + id
	m := d.draw(c, "")
	return d.api.do(ctx, call{name: "message.edit", method: http.MethodPatch, path: path, in: m})
}

// Find implements bot.Poster. It needs the permission to read the history of the channel.
func (d *Discord) Find(ctx context.Context, to bot.Address, key string, since time.Time) (id string, found bool, err error) {
	self := d.selfID()
	oldest := since.Add(-time.Minute).UnixMilli() - discordEpoch
	after := strconv.FormatInt(max(oldest, 0)<<22, 10)
	for range findPages {
		var page []struct {
			ID     string `json:"id"`
			Author user   `json:"author"`
			Embeds []struct {
				URL string `json:"url"`
			} `json:"embeds"`
		}
		path := "/channels/" + place(to) + "/messages?limit=" + strconv.Itoa(findLimit) + "&after=" + after
		if err := d.api.do(ctx, call{name: "message.list", method: http.MethodGet, path: path, out: &page}); err != nil {
			return "", false, err
		}
		for _, m := range page { // newest first
			if len(m.Embeds) > 0 && m.Embeds[0].URL == keyAddress+url.PathEscape(key) && (self == "" || m.Author.ID == self) && m.Author.Bot {
				return m.ID, true, nil
			}
		}
		if len(page) < findLimit {
			break
		}
		after = page[0].ID
	}
	return "", false, nil
}
