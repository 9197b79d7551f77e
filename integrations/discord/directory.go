package discord

import (
	"context"
	"net/http"
	"slices"

	"callboard/bot"
)

// Account implements bot.Directory. Discord tells applications no e-mail addresses and no time zones. Roles say nothing
// about rights in the catalog, so that they are not asked for.
func (d *Discord) Account(ctx context.Context, user bot.ChatUser) (bot.Account, error) {
	if user.Workspace != d.options.Guild || !snowflake(user.ID) {
		return bot.Account{Name: user.ID, Stranger: true}, nil
	}
	var m member
	err := d.api.do(ctx, call{name: "member.get", method: http.MethodGet, path: "/guilds/" + d.options.Guild + "/members/" + user.ID, out: &m})
	if slices.Contains([]int{unknownMember, unknownUser}, codeOf(err)) {
		return bot.Account{Name: user.ID, Stranger: true}, nil // left the guild, or was never in it
	}
	if err != nil {
		return bot.Account{}, err
	}
	return m.account(), nil
}

// member is somebody of the guild.
type member struct {
	User    user   `json:"user"`
	Nick    string `json:"nick"`
	Pending bool   `json:"pending"` // has not accepted the rules of the guild
}

func (m member) account() bot.Account {
	a := bot.Account{Name: m.Nick, Guest: m.Pending, Bot: m.User.Bot || m.User.System}
	for _, name := range []string{m.User.GlobalName, m.User.Name} {
		if a.Name == "" {
			a.Name = name
		}
	}
	return a
}
