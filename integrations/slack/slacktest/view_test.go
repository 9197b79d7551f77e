package slacktest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"callboard/integrations/slack/slacktest"
)

func TestServer_Views(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{})
	var answer string
	s.UseHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/commands" {
			_, _ = w.Write([]byte(answer))
		}
	}), slacktest.URLs{Commands: "/commands", Interactions: "/interactions", Options: "/options"})
	api, ctx := client(s, s.BotToken), t.Context()
	view := form()
	view.ExternalID = "ours"
	opened, err := api.OpenViewContext(ctx, s.Command("U1", "C1", "/callboard", "").TriggerID, view)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = api.UpdateViewContext(ctx, view, "", "stale", opened.ID); code(err) != "hash_conflict" {
		t.Error(err)
	}
	if _, err = api.UpdateViewContext(ctx, view, "", opened.Hash, opened.ID); err != nil {
		t.Error(err)
	}
	view.ExternalID = ""
	if _, err = api.PushViewContext(ctx, s.Command("U1", "C1", "/callboard", "").TriggerID, view); code(err) != "not_found" {
		t.Errorf("pushed without a modal: %v", err)
	}
	s.Search("U1", s.Modal("U1"), "Service", "x") // gets no JSON
	if v := s.Violations(); len(v) != 1 || !strings.Contains(v[0], "options are no JSON") {
		t.Errorf("%q", v)
	}
	answer = `{"options":[{"text":{"type":"plain_text","text":"X"},"value":"x"}]}`
	if got := s.Search("U1", s.Modal("U1"), "Service", "x"); len(got) != 1 || got[0] != "X" {
		t.Errorf("offered %q", got)
	}
	view.Blocks.BlockSet = view.Blocks.BlockSet[:1]
	if _, err = api.UpdateViewContext(ctx, view, "ours", "", ""); err != nil {
		t.Error(err)
	}
	s.Fill("U1", "Name", "somebody")
	var trigger string
	for _, step := range []struct {
		answer string
		depth  int
	}{
		{`{"response_action":"errors","errors":{"name":"no"}}`, 1},
		{`{"response_action":"push","view":` + small("Second") + `}`, 2},
		{`{"response_action":"update","view":` + small("Third") + `}`, 2},
		{`{"response_action":"push","view":` + small("Fourth") + `}`, 3},
		{``, 2},
		{`{"response_action":"clear"}`, 0},
	} {
		answer = step.answer
		trigger = s.Submit("U1").TriggerID
		if got := s.Depth("U1"); got != step.depth {
			t.Errorf("after %s: %d modals, not %d", step.answer, got, step.depth)
		}
	}
	if trigger == "" {
		t.Error("a submission has a trigger")
	}
	answer = `{"response_action":"errors","errors":{"nowhere":"no"}}`
	if _, err = api.OpenViewContext(ctx, s.Command("U1", "C1", "/callboard", "").TriggerID, view); err != nil {
		t.Fatal(err)
	}
	s.Fill("U1", "Name", "somebody")
	s.Submit("U1")
	if v := s.Violations(); len(v) != 1 || !strings.Contains(v[0], "no input block") {
		t.Errorf("%q", v)
	}
}

func small(title string) string {
	return `{"type":"modal","title":{"type":"plain_text","text":"` + title + `"},"submit":{"type":"plain_text","text":"Go"},"blocks":[]}`
}

func TestServer_Home(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{})
	s.UseHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), slacktest.URLs{Interactions: "/", Events: "/"})
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
		slack.NewActionBlock("", slack.NewButtonBlockElement("more", "v1", plainText("More"))),
	}}}
	published, err := client(s, s.BotToken).PublishViewContext(t.Context(), slack.PublishViewContextRequest{UserID: "U1", View: home})
	if err != nil || s.Home("U2") != nil {
		t.Fatal(err)
	}
	payload := s.Press("U1", s.Home("U1"), "More").Payload()
	container := map[string]any{"type": "view", "view_id": published.ID}
	if diff := cmp.Diff(container, payload["container"]); diff != "" || payload["channel"] != nil || payload["response_url"] != nil {
		t.Errorf("pressed at home: %v\n%s", payload, diff)
	}
}

func TestServer_Insist(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slacktest.New(t, slacktest.Options{Memory: true})
		var got []string
		start := time.Now()
		s.UseHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.Header.Get("X-Slack-Retry-Num")+" "+r.Header.Get("X-Slack-Retry-Reason")+" "+time.Since(start).String())
			if len(got) < 4 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}), slacktest.URLs{Events: "/"})
		d := s.Mention("U1", "C1", "hello")
		again := s.Insist(d)
		want := []string{"  0s", "1 http_error 0s", "2 http_error 1m0s", "3 http_error 6m0s"}
		if diff := cmp.Diff(want, got); diff != "" || d.OK() || !again.OK() || again.EventID != d.EventID {
			t.Errorf("attempts: %s", diff)
		}
	})
}

func TestServer_Violations(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{AllowMentions: []string{"@U1"}, Burst: 10})
	api := client(s, s.BotToken)
	for _, test := range []struct{ text, want string }{
		{"<@U1> look", ""},
		{"<@U2> look", "chat.postMessage: a live mention: @U2 [/text]"},
		{"<!here> look", "chat.postMessage: a live mention: !here [/text]"},
		{"see https://example.com", "chat.postMessage: a message with links must say unfurl_links and unfurl_media false [/unfurl_media]"},
	} {
		if _, _, err := api.PostMessageContext(t.Context(), "C1", slack.MsgOptionText(test.text, false)); err != nil {
			t.Error(err)
		}
		if got := strings.Join(s.Violations(), "\n"); got != test.want {
			t.Errorf("%s: %q instead of %q", test.text, got, test.want)
		}
	}
}
