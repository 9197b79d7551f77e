package slacktest

// botsInfo knows one bot, the app's own.
func (s *Server) botsInfo(c *Call) (object, *failure) {
	if c.str("bot") != s.BotID {
		return nil, fail("bot_not_found")
	}
	return object{"bot": object{"id": s.BotID, "app_id": s.AppID, "user_id": s.BotUser, "name": "callboard", "deleted": false}}, nil
}
