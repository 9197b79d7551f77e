package slacktest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"callboard/integrations/slack/slacktest"
)

// client gives slack-go against a fake Slack.
func client(s *slacktest.Server, token string) *slack.Client {
	return slack.New(token, slack.OptionAPIURL(s.APIURL), slack.OptionHTTPClient(s.HTTPClient()),
		slack.OptionAppLevelToken(s.AppToken))
}

func code(err error) string {
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return refused.Err
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestServer_API(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{})
	api, ctx := client(s, s.BotToken), t.Context()

	who, err := api.AuthTestContext(ctx)
	if err != nil || who.TeamID != s.TeamID || who.UserID != s.BotUser {
		t.Fatalf("auth.test: %+v, %v", who, err)
	}
	s.AddUser(slacktest.User{ID: "U3", Name: "guest", Restricted: true, TeamID: "T9", Stranger: true})
	u, err := api.GetUserInfoContext(ctx, "U3")
	if err != nil || !u.IsRestricted || !u.IsStranger || u.TeamID != "T9" {
		t.Errorf("users.info: %+v, %v", u, err)
	}
	if u, err = api.GetUserByEmailContext(ctx, "ADA@example.com"); err != nil || u.ID != "U1" {
		t.Errorf("users.lookupByEmail: %+v, %v", u, err)
	}
	all, err := api.GetUsersContext(ctx)
	if err != nil || len(all) != 4 {
		t.Errorf("users.list: %d, %v", len(all), err)
	}
	metadata := slack.SlackMetadata{EventType: "card", EventPayload: map[string]any{"key": "k1"}}
	_, ts, err := api.PostMessageContext(ctx, "C1", slack.MsgOptionText("hello &amp; welcome", false), slack.MsgOptionMetadata(metadata))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err = api.UpdateMessageContext(ctx, "C1", ts, slack.MsgOptionText("changed", false)); err != nil {
		t.Error(err)
	}
	_, reply, err := api.PostMessageContext(ctx, "C1", slack.MsgOptionText("a reply", false), slack.MsgOptionTS(ts))
	if err != nil {
		t.Error(err)
	}
	history, err := api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: "C1", IncludeAllMetadata: true})
	if err != nil || len(history.Messages) != 1 || history.Messages[0].Text != "changed" ||
		history.Messages[0].Metadata.EventPayload["key"] != "k1" {
		t.Errorf("conversations.history: %+v, %v", history, err)
	}
	replies, _, _, err := api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: "C1", Timestamp: ts})
	if err != nil || len(replies) != 2 || replies[1].Timestamp != reply {
		t.Errorf("conversations.replies: %+v, %v", replies, err)
	}
	if link, err := api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: "C1", Ts: ts}); err != nil || !strings.Contains(link, "/archives/C1/p") {
		t.Errorf("chat.getPermalink: %s, %v", link, err)
	}
	if err := api.AddPinContext(ctx, "C1", slack.NewRefToMessage("C1", ts)); err != nil || len(s.Channel("C1").Pins()) != 1 {
		t.Errorf("pins.add: %v", err)
	}
	if _, err := api.PostEphemeralContext(ctx, "C1", "U1", slack.MsgOptionText("only you", false)); err != nil {
		t.Error(err)
	}
	if got := s.Channel("C1").Last("U1").Lines(); got != "only you" || len(s.Channel("C1").Messages()) != 2 || len(s.Channel("C1").SeenBy("U2")) != 2 {
		t.Errorf("ephemeral: %q, %+v", got, s.Channel("C1").Messages())
	}
	if _, _, err = api.DeleteMessageContext(ctx, "C1", reply); err != nil || len(s.Channel("C1").Thread(ts)) != 0 {
		t.Error(err)
	}
	channels, _, err := api.GetConversationsContext(ctx, &slack.GetConversationsParameters{})
	if err != nil || len(channels) != 1 || !channels[0].IsMember {
		t.Errorf("conversations.list: %+v, %v", channels, err)
	}
	if c, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: "C1"}); err != nil || c.Name != "general" {
		t.Errorf("conversations.info: %+v, %v", c, err)
	}
}

func TestServer_Refusals(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{Tolerate: true})
	s.AddChannel(slacktest.ChannelSpec{ID: "C2", Name: "old", Archived: true, Members: []string{s.BotUser}})
	s.AddChannel(slacktest.ChannelSpec{ID: "C3", Name: "secret", Private: true})
	s.AddChannel(slacktest.ChannelSpec{ID: "C4", Name: "far"})
	others := s.Say("U1", "C1", "mine")
	api := client(s, s.BotToken)
	post := func(api *slack.Client, channel string, o ...slack.MsgOption) func(context.Context) error {
		return func(ctx context.Context) error { _, _, err := api.PostMessageContext(ctx, channel, o...); return err }
	}
	text := slack.MsgOptionText("hello", false)
	tests := []struct {
		name string
		do   func(context.Context) error
		want string
	}{
		{"no token", post(client(s, ""), "C1", text), "not_authed"},
		{"wrong token", post(client(s, "xoxb-other"), "C1", text), "invalid_auth"},
		{"token of the app", post(client(s, s.AppToken), "C1", text), "not_allowed_token_type"},
		{"no channel", post(api, "C9", text), "channel_not_found"},
		{"private", post(api, "C3", text), "channel_not_found"},
		{"archived", post(api, "C2", text), "is_archived"},
		{"nothing", post(api, "C1"), "no_text"},
		{"too long", post(api, "C1", slack.MsgOptionText(strings.Repeat("x", 40_001), false)), "msg_too_long"},
		{"of another", func(ctx context.Context) error {
			_, _, _, err := api.UpdateMessageContext(ctx, "C1", others, text)
			return err
		}, "cant_update_message"},
		{"no message", func(ctx context.Context) error {
			_, _, err := api.DeleteMessageContext(ctx, "C1", "1.000000")
			return err
		}, "message_not_found"},
		{"not known", func(ctx context.Context) error { return api.EndDNDContext(ctx) }, "unknown_method"},
		{"header", post(api, "C1", slack.MsgOptionText("t", false), slack.MsgOptionBlocks(slack.NewHeaderBlock(
			slack.NewTextBlockObject(slack.PlainTextType, strings.Repeat("x", 151), false, false)))), "invalid_blocks"},
		{"reader", func(ctx context.Context) error {
			_, err := api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: "C4"})
			return err
		}, "not_in_channel"},
	}
	for _, test := range tests {
		if got := code(test.do(t.Context())); got != test.want {
			t.Errorf("%s: %q instead of %q", test.name, got, test.want)
		}
	}
	s.DropScope("chat:write")
	refused, _ := errors.AsType[slack.SlackErrorResponse](post(api, "C1", text)(t.Context()))
	if refused.Err != "missing_scope" || refused.Needed != "chat:write" || !strings.Contains(refused.Provided, "users:read") {
		t.Errorf("%+v", refused)
	}
	s.Revoke(s.BotToken, "token_revoked")
	if got := code(post(api, "C1", text)(t.Context())); got != "token_revoked" {
		t.Error(got)
	}
}

func TestServer_Rates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slacktest.New(t, slacktest.Options{Memory: true, Burst: 2, Limits: map[string]int{"auth.test": 1}})
		api := client(s, s.BotToken)
		post := func() error {
			_, _, err := api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText("x", false))
			return err
		}
		if err := errors.Join(post(), post()); err != nil {
			t.Fatal(err)
		}
		limited, ok := errors.AsType[*slack.RateLimitedError](post())
		if !ok || limited.RetryAfter != time.Second {
			t.Fatalf("the third message: %v", limited)
		}
		<-time.After(limited.RetryAfter)
		if err := post(); err != nil {
			t.Error(err)
		}
		_, first := api.AuthTestContext(t.Context())
		_, second := api.AuthTestContext(t.Context())
		if limited, ok = errors.AsType[*slack.RateLimitedError](second); first != nil || !ok || limited.RetryAfter != time.Minute {
			t.Errorf("auth.test: %v, %v", first, second)
		}
	})
}

func TestServer_Faults(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{Unlimited: true})
	api := client(s, s.BotToken)
	s.Fail("chat.postMessage",
		slacktest.Fault{Status: 503}, slacktest.Fault{Status: 429, RetryAfter: 7 * time.Second}, slacktest.Fault{Error: "fatal_error"},
		slacktest.Fault{Half: true}, slacktest.Fault{Cut: true}, slacktest.Fault{Cut: true, After: true})
	var got []string
	for range 7 {
		_, _, err := api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText("x", false))
		got = append(got, code(err))
	}
	for i, want := range []string{"503", "retry after 7s", "fatal_error", "EOF", "EOF", "EOF", ""} {
		if !strings.Contains(got[i], want) || want == "" && got[i] != "" {
			t.Errorf("call %d: %q instead of %q", i, got[i], want)
		}
	}
	if n := len(s.Channel("C1").Messages()); n != 3 {
		t.Errorf("%d messages, instead of the two that were carried out but not answered and the last", n)
	}
	random := func() (codes []string) {
		s.FailRandomly(7, 0.5, slacktest.Fault{Error: "fatal_error"}, slacktest.Fault{Status: 500})
		for range 20 {
			_, err := api.AuthTestContext(t.Context())
			codes = append(codes, code(err))
		}
		return codes
	}
	if diff := cmp.Diff(random(), random()); diff != "" {
		t.Errorf("the same seed gave other faults:\n%s", diff)
	}
	s.Heal()
	if _, err := api.AuthTestContext(t.Context()); err != nil {
		t.Error(err)
	}
}
