package app

import (
	"context"
	"encoding/json"
	"net/http"

	"callboard/bot"
	"callboard/bot/command"
)

// Chats tells of each chat platform that is served how it is.
func (a *App) Chats(context.Context) ([]command.Chat, error) { return a.chats(), nil }

// Chats asks the daemon.
func (c *Client) Chats(ctx context.Context) ([]command.Chat, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit+clientMargin)
	defer cancel()
	response, err := c.do(ctx, http.MethodGet, "/chats", nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // all was read
	var chats []command.Chat
	err = json.NewDecoder(response.Body).Decode(&chats)
	return chats, err
}

func (a *App) socketChats(w http.ResponseWriter, _ *http.Request) { writeJSON(w, a.chats()) }

// faults says what the daemon knows to be wrong with the chats that it serves: some of it only it can see.
func (d *Doctor) faults(ctx context.Context, session Session) {
	chats, err := session.Chats(ctx)
	if err != nil {
		d.say("chats", bot.Doubtful, "", "the daemon does not say how they are: %v", err)
	}
	for _, c := range chats {
		if c.Fault != "" {
			d.say(c.Name, bot.Doubtful, "", "the daemon says: %s", c.Fault)
		}
	}
}
