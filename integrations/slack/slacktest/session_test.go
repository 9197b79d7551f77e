package slacktest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"callboard/integrations/slack/slacktest"
)

// bot is a small bot over HTTP, with slack-go.
type bot struct {
	s   *slacktest.Server
	api *slack.Client
	t   *testing.T
}

func startBot(t *testing.T, s *slacktest.Server) {
	t.Helper()
	b := &bot{s: s, api: client(s, s.BotToken), t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("/commands", b.verified(b.command))
	mux.HandleFunc("/interactions", b.verified(b.interaction))
	mux.HandleFunc("/events", b.verified(b.event))
	s.UseHandler(mux, slacktest.URLs{Commands: "/commands", Interactions: "/interactions", Options: "/interactions", Events: "/events"})
}

func (b *bot) verified(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		v, err := slack.NewSecretsVerifier(r.Header, b.s.SigningSecret)
		if err == nil {
			_, _ = v.Write(body)
			err = v.Ensure()
		}
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		next(w, r)
	}
}

func option(label string) *slack.OptionBlockObject {
	return slack.NewOptionBlockObject(strings.ToLower(label), plainText(label), nil)
}

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// form has a text and a menu that is searched.
func form() slack.ModalViewRequest {
	name := slack.NewInputBlock("name", plainText("Name"), nil, slack.NewPlainTextInputBlockElement(nil, "name"))
	service := slack.NewInputBlock("service", plainText("Service"), nil,
		slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plainText("Search"), "service"))
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText("Link me"), Submit: plainText("Ask"), CallbackID: "link",
		Blocks: slack.Blocks{BlockSet: []slack.Block{name, service}}, NotifyOnClose: true,
	}
}

func (b *bot) command(w http.ResponseWriter, r *http.Request) {
	c, err := slack.SlashCommandParse(r)
	if err != nil || c.TeamID != b.s.TeamID || c.APIAppID != b.s.AppID || c.UserName == "" || c.ChannelName == "" {
		b.t.Errorf("command: %+v, %v", c, err)
	}
	if c.Text == "form" {
		if _, err := b.api.OpenViewContext(r.Context(), c.TriggerID, form()); err != nil {
			b.t.Error(err)
		}
		return
	}
	w.Header().Set("Content-Type", "application/json")
	blocks := []slack.Block{
		slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, "owner of *"+c.Text+"*: <https://example.com/team|team>", false, false), nil, nil),
		slack.NewActionBlock("", slack.NewButtonBlockElement("share", c.Text, plainText("Share"))),
	}
	_ = json.NewEncoder(w).Encode(slack.Msg{ResponseType: slack.ResponseTypeEphemeral, Text: "owner of " + c.Text, Blocks: slack.Blocks{BlockSet: blocks}})
}

func (b *bot) interaction(w http.ResponseWriter, r *http.Request) {
	c, err := slack.InteractionCallbackParse(r)
	if err != nil || c.Team.ID != b.s.TeamID || c.APIAppID != b.s.AppID || c.User.ID == "" {
		b.t.Errorf("interaction: %+v, %v", c, err)
	}
	switch c.Type {
	case slack.InteractionTypeBlockActions:
		a := c.ActionCallback.BlockActions[0]
		if a.ActionID != "share" || c.Container.ChannelID != "C1" || !c.Container.IsEphemeral {
			b.t.Errorf("action: %+v in %+v", a, c.Container)
		}
		no := false
		err := slack.PostWebhookCustomHTTPContext(r.Context(), c.ResponseURL, b.s.HTTPClient(), &slack.WebhookMessage{
			Text: "shared: " + a.Value, ResponseType: slack.ResponseTypeInChannel, UnfurlLinks: &no, UnfurlMedia: &no,
		})
		if err != nil {
			b.t.Error(err)
		}
	case slack.InteractionTypeBlockSuggestion:
		_ = json.NewEncoder(w).Encode(slack.OptionsResponse{Options: []*slack.OptionBlockObject{option("Checkout"), option("Check-in")}})
	case slack.InteractionTypeViewSubmission:
		chosen := c.View.State.Values["service"]["service"].SelectedOption.Value
		if c.View.State.Values["name"]["name"].Value == "wrong" {
			_ = json.NewEncoder(w).Encode(slack.NewErrorsViewSubmissionResponse(map[string]string{"name": "not " + chosen}))
		}
	case slack.InteractionTypeViewClosed:
	default:
		b.t.Errorf("unexpected %s", c.Type)
	}
}

func (b *bot) event(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
	if err != nil {
		b.t.Error(err)
	}
	if e.Type == slackevents.URLVerification {
		var c slackevents.ChallengeResponse
		_ = json.Unmarshal(body, &c)
		_, _ = io.WriteString(w, c.Challenge)
		return
	}
	switch inner := e.InnerEvent.Data.(type) {
	case *slackevents.AppMentionEvent:
		thread := inner.ThreadTimeStamp
		if thread == "" {
			thread = inner.TimeStamp
		}
		_, _, err = b.api.PostMessageContext(r.Context(), inner.Channel, slack.MsgOptionText("you said: "+
			strings.TrimPrefix(inner.Text, "<@"+b.s.BotUser+"> "), false), slack.MsgOptionTS(thread))
	case *slackevents.MessageEvent:
		if inner.ChannelType != "im" {
			b.t.Errorf("%+v", inner)
		}
		_, _, err = b.api.PostMessageContext(r.Context(), inner.Channel, slack.MsgOptionText("hello "+inner.User, false))
	case *slackevents.AppHomeOpenedEvent:
		_, err = b.api.PublishViewContext(r.Context(), slack.PublishViewContextRequest{UserID: inner.User, View: slack.HomeTabViewRequest{
			Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewHeaderBlock(plainText("My services"))}},
		}})
	case *slackevents.MemberJoinedChannelEvent:
	default:
		b.t.Errorf("unexpected %T", inner)
	}
	if err != nil {
		b.t.Error(err)
	}
}

func TestServer_Session(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{})
	startBot(t, s)
	if !s.VerifyURL() {
		t.Error("the challenge did not come back")
	}
	if d := s.Command("U1", "C1", "/who-owns", "checkout"); !d.OK() {
		t.Fatalf("%d, %v", d.Status(), d.Err())
	}
	answer := s.Channel("C1").Last("U1")
	want := "owner of *checkout*: team <https://example.com/team>\n[Share]"
	if diff := cmp.Diff(want, answer.Lines()); diff != "" || answer.To != "U1" || len(s.Channel("C1").Messages()) != 0 {
		t.Errorf("seen by U1, only: %+v\n%s", answer, diff)
	}
	s.Press("U1", answer, "Share")
	if shared := s.Channel("C1").Messages(); len(shared) != 1 || shared[0].Lines() != "shared: checkout" {
		t.Errorf("shared: %+v", shared)
	}
	if ts := s.Say("U2", "C1", "anybody?"); !s.Mention("U2", "C1", "who-owns cart", slacktest.InThread(ts)).OK() ||
		len(s.Channel("C1").Thread(ts)) != 2 || s.Channel("C1").Thread(ts)[1].Text != "you said: who-owns cart" {
		t.Errorf("thread: %+v", s.Channel("C1").Thread(ts))
	}
	if s.DM("U2", "hi"); s.Direct("U2").Last("U2").Text != "hello U2" {
		t.Errorf("%+v", s.Direct("U2").Messages())
	}
	if s.OpenHome("U1"); s.Home("U1").Lines() != "# My services" {
		t.Errorf("%s", s.Home("U1").Lines())
	}
	s.Join("U9", "C1")
}

func TestServer_Modal(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{})
	startBot(t, s)
	s.Command("U1", "C1", "/callboard", "form")
	if s.Modal("U1") == nil || s.Modal("U2") != nil {
		t.Fatal("the modal is not open, or at somebody else's")
	}
	if got := s.Search("U1", s.Modal("U1"), "Service", "che"); cmp.Diff([]string{"Checkout", "Check-in"}, got) != "" {
		t.Errorf("offered %q", got)
	}
	if s.Submit("U1") != nil || len(s.Modal("U1").Errors) != 2 {
		t.Errorf("two fields are empty: %v", s.Modal("U1").Errors)
	}
	s.Fill("U1", "Service", "Checkout")
	s.Fill("U1", "Name", "wrong")
	s.Submit("U1")
	want := "== Link me ==\nName: [wrong]\n  ! not checkout\nService: [Checkout]\n[Ask]"
	if diff := cmp.Diff(want, s.Modal("U1").Lines()); diff != "" {
		t.Error(diff)
	}
	s.Fill("U1", "Name", "right")
	if s.Submit("U1"); s.Modal("U1") != nil {
		t.Errorf("still open:\n%s", s.Modal("U1").Lines())
	}
	s.Command("U1", "C1", "/callboard", "form")
	if d := s.CloseModal("U1"); d == nil || !d.OK() || s.Depth("U1") != 0 {
		t.Error("closing was not told")
	}
}

func TestServer_Signature(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slacktest.New(t, slacktest.Options{Memory: true})
		startBot(t, s)
		tests := []struct {
			name string
			knob slacktest.Knob
			want int
		}{
			{"right", slacktest.SignedAt(0), 200},
			{"almost too old", slacktest.SignedAt(-299 * time.Second), 200},
			{"too old", slacktest.SignedAt(-302 * time.Second), 401},
			{"from the future", slacktest.SignedAt(302 * time.Second), 401},
			{"another secret", slacktest.WrongSecret(), 401},
			{"changed byte", slacktest.ChangedByte(), 401},
			{"unsigned", slacktest.Unsigned(), 401},
		}
		for _, test := range tests {
			if d := s.Command("U1", "C1", "/who-owns", "checkout", test.knob); d.Status() != test.want || d.OK() != (test.want == 200) {
				t.Errorf("%s: %d", test.name, d.Status())
			}
		}
	})
}

func TestServer_Deadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slacktest.New(t, slacktest.Options{Memory: true})
		gone := make(chan time.Duration, 1)
		s.UseHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			start := time.Now()
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			gone <- time.Since(start)
		}), slacktest.URLs{Commands: "/"})
		d := s.Command("U1", "C1", "/who-owns", "checkout")
		if took := <-gone; !d.TimedOut() || d.OK() || took != 3*time.Second {
			t.Errorf("timed out %v after %v", d.TimedOut(), took)
		}
	})
}

func TestServer_Lives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slacktest.New(t, slacktest.Options{Memory: true})
		s.UseHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), slacktest.URLs{Commands: "/"})
		api := client(s, s.BotToken)
		open := func(trigger string) string {
			_, err := api.OpenViewContext(t.Context(), trigger, form())
			return code(err)
		}
		post := func(address string, m *slack.WebhookMessage) string {
			return code(slack.PostWebhookCustomHTTPContext(t.Context(), address, s.HTTPClient(), m))
		}
		d := s.Command("U1", "C1", "/callboard", "")
		if first, second := open(d.TriggerID), open(d.TriggerID); first != "" || second != "exchanged_trigger_id" {
			t.Errorf("one trigger: %q, %q", first, second)
		}
		for i := range 6 {
			got := post(d.ResponseURL, &slack.WebhookMessage{Text: "late"})
			if refused := strings.Contains(got, "404"); refused != (i == 5) || !refused && got != "" {
				t.Errorf("post %d: %s", i+1, got)
			}
			<-time.After(time.Second)
		}
		if n, calls := len(s.Channel("C1").SeenBy("U1")), s.Calls("response_url"); n != 5 || calls[5].Error != "used_url" {
			t.Errorf("%d messages, %+v", n, calls[5])
		}
		d = s.Command("U1", "C1", "/callboard", "")
		<-time.After(3*time.Second + time.Millisecond)
		if got := open(d.TriggerID); got != "expired_trigger_id" {
			t.Error(got)
		}
		<-time.After(30 * time.Minute)
		post(d.ResponseURL, &slack.WebhookMessage{Text: "late"})
		if calls := s.Calls("response_url"); calls[6].Error != "expired_url" {
			t.Errorf("%+v", calls[6])
		}
	})
}
