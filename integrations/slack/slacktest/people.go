package slacktest

import (
	"slices"
	"strings"
)

// wire is a user as users.info gives it.
func (u *User) wire(withEmail bool) object {
	profile := object{"real_name": u.RealName, "display_name": u.Name, "team": u.TeamID}
	if withEmail && u.Email != "" {
		profile["email"] = u.Email
	}
	return object{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "real_name": u.RealName, "deleted": u.Deleted,
		"tz": u.TZ, "profile": profile, "is_bot": u.Bot, "is_app_user": u.AppUser, "is_workflow_bot": u.WorkflowBot,
		"is_restricted": u.Restricted, "is_ultra_restricted": u.UltraRestricted, "is_stranger": u.Stranger,
		"is_admin": u.Admin, "is_owner": u.Owner, "is_invited_user": u.Invited,
		"is_email_confirmed": u.EmailConfirmed, "updated": 1700000000,
	}
}

func (s *Server) mayReadEmail() bool { return slices.Contains(s.scopes, "users:read.email") }

func (s *Server) authTest(c *Call) (object, *failure) {
	return object{
		"url": "https://example.slack.com/", "team": "Example", "team_id": s.TeamID,
		"user": "callboard", "user_id": s.BotUser, "bot_id": s.BotID, "is_enterprise_install": false,
	}, nil
}

func (s *Server) usersInfo(c *Call) (object, *failure) {
	if ids := c.str("users"); ids != "" {
		var all []object
		for id := range strings.SplitSeq(ids, ",") {
			if u := s.user(id); u != nil {
				all = append(all, u.wire(s.mayReadEmail()))
			}
		}
		return object{"users": all}, nil
	}
	u := s.user(c.str("user"))
	if u == nil {
		return nil, fail("user_not_found")
	}
	return object{"user": u.wire(s.mayReadEmail())}, nil
}

func (s *Server) usersList(c *Call) (object, *failure) {
	part, cursor := page(s.users, c, 1000)
	members := []object{}
	for _, u := range part {
		members = append(members, u.wire(s.mayReadEmail()))
	}
	return object{"members": members, "response_metadata": object{"next_cursor": cursor}}, nil
}

func (s *Server) usersLookupByEmail(c *Call) (object, *failure) {
	for _, u := range s.users {
		if u.Email != "" && strings.EqualFold(u.Email, c.str("email")) && !u.Deleted {
			return object{"user": u.wire(true)}, nil
		}
	}
	return nil, fail("users_not_found")
}
