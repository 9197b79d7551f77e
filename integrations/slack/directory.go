package slack

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"callboard/bot"
)

// Account implements bot.Directory. It needs the scope users:read, and users:read.email for addresses.
func (s *Slack) Account(ctx context.Context, user bot.ChatUser) (bot.Account, error) {
	var found *slack.User
	err := s.sender.once(ctx, "users.info", func(ctx context.Context) (err error) {
		found, err = s.api.GetUserInfoContext(ctx, user.ID)
		return err
	})
	if err != nil {
		return bot.Account{}, explain(err)
	}
	return s.account(found), nil
}

func (s *Slack) account(u *slack.User) bot.Account {
	a := bot.Account{
		Name:        u.RealName,
		Guest:       u.IsRestricted || u.IsUltraRestricted,
		Stranger:    u.IsStranger || u.TeamID != "" && u.TeamID != s.options.Team && u.Enterprise.EnterpriseID != s.options.Team,
		Bot:         u.IsBot || u.IsWorkflowBot || u.ID == "USLACKBOT",
		Deactivated: u.Deleted,
	}
	if a.Name == "" {
		a.Name = u.Name
	}
	if u.IsEmailConfirmed {
		a.Email = u.Profile.Email
	}
	if zone, err := time.LoadLocation(u.TZ); u.TZ != "" && err == nil {
		a.Zone = zone
	}
	return a
}
