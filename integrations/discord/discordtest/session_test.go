package discordtest_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/google/go-cmp/cmp"

	"callboard/integrations/discord/discordtest"
)

const commands = `[{"name":"who-owns","description":"Who owns it","options":[
	{"type":3,"name":"target","description":"A service","required":true,"autocomplete":true},
	{"type":3,"name":"env","description":"Where","choices":[{"name":"Production","value":"prod"}]},
	{"type":5,"name":"share","description":"Show everybody"}]},
	{"name":"form","description":"A form"},{"name":"late","description":"Deferred"}]`

// rewrite sends discordgo's calls to the fake.
type rewrite struct {
	to   *url.URL
	next http.RoundTripper
}

func (t rewrite) RoundTrip(r *http.Request) (*http.Response, error) {
	again := r.Clone(r.Context())
	again.URL.Scheme, again.URL.Host = t.to.Scheme, t.to.Host
	return t.next.RoundTrip(again)
}

// client is discordgo, which talks to the fake.
func client(t *testing.T, s *discordtest.Server) *discordgo.Session {
	t.Helper()
	api, err := discordgo.New("Bot " + s.Token)
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(s.APIURL)
	if err != nil {
		t.Fatal(err)
	}
	api.Client = s.HTTPClient()
	api.Client.Transport = rewrite{to, api.Client.Transport}
	api.Dialer = s.Dialer()
	api.ShouldRetryOnRateLimit = false
	api.Identify.Intents = discordgo.IntentsGuilds | discordgo.IntentsGuildMessages | discordgo.IntentsDirectMessages
	return api
}

func silent() *discordgo.MessageAllowedMentions {
	return &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}
}

func row(c ...discordgo.MessageComponent) []discordgo.MessageComponent {
	return []discordgo.MessageComponent{discordgo.ActionsRow{Components: c}}
}

// answer is what a small bot answers to an interaction.
func answer(i *discordgo.Interaction) *discordgo.InteractionResponse {
	message := func(content string, flags discordgo.MessageFlags) *discordgo.InteractionResponse {
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource, Data: &discordgo.InteractionResponseData{
			Content: content, Flags: flags, AllowedMentions: silent(),
		}}
	}
	switch i.Type {
	case discordgo.InteractionApplicationCommandAutocomplete:
		return &discordgo.InteractionResponse{Type: discordgo.InteractionApplicationCommandAutocompleteResult, Data: &discordgo.InteractionResponseData{
			Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "checkout (service)", Value: "component:default/checkout"}},
		}}
	case discordgo.InteractionMessageComponent:
		return message("shared: "+i.MessageComponentData().CustomID, 0)
	case discordgo.InteractionModalSubmit:
		row, _ := i.ModalSubmitData().Components[0].(*discordgo.ActionsRow)
		input, _ := row.Components[0].(*discordgo.TextInput)
		return message("linked "+input.Value, 0)
	case discordgo.InteractionPing:
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponsePong}
	case discordgo.InteractionApplicationCommand:
	}
	data := i.ApplicationCommandData()
	switch data.Name {
	case "form":
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal, Data: &discordgo.InteractionResponseData{
			CustomID: "link", Title: "Link me", Components: row(discordgo.TextInput{
				CustomID: "name", Label: "Name", Style: discordgo.TextInputShort, Required: true, MaxLength: 20,
			}),
		}}
	case "late":
		return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource}
	}
	r := message("owner of **"+data.Options[0].StringValue()+"**: [team](https://example.com/team)", discordgo.MessageFlagsEphemeral)
	r.Data.Components = row(discordgo.Button{Label: "Share", CustomID: "share:1", Style: discordgo.PrimaryButton})
	return r
}

// startBot starts a small bot on the gateway, with discordgo.
func startBot(t *testing.T, s *discordtest.Server) {
	t.Helper()
	api := client(t, s)
	var list []*discordgo.ApplicationCommand
	if err := json.Unmarshal([]byte(commands), &list); err != nil {
		t.Fatal(err)
	}
	if _, err := api.ApplicationCommandBulkOverwrite(s.AppID, s.GuildID, list); err != nil {
		t.Fatal(err)
	}
	api.AddHandler(func(api *discordgo.Session, e *discordgo.InteractionCreate) {
		a := answer(e.Interaction)
		if err := api.InteractionRespond(e.Interaction, a); err != nil {
			t.Error(err)
		}
		if a.Type == discordgo.InteractionResponseDeferredChannelMessageWithSource {
			content := "at last"
			if _, err := api.InteractionResponseEdit(e.Interaction, &discordgo.WebhookEdit{Content: &content, AllowedMentions: silent()}); err != nil {
				t.Error(err)
			}
		}
	})
	api.AddHandler(func(api *discordgo.Session, e *discordgo.MessageCreate) {
		if e.Author.Bot {
			return
		}
		_, err := api.ChannelMessageSendComplex(e.ChannelID, &discordgo.MessageSend{
			Content: "you said: " + strings.TrimPrefix(e.Content, "<@"+s.BotUser+"> "), AllowedMentions: silent(),
			Reference: e.Reference(),
		})
		if err != nil {
			t.Error(err)
		}
	})
	if err := api.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	s.Until("a session", func() bool { return s.Sockets() == 1 })
}

func TestServer_Session(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{})
	startBot(t, s)
	if got := s.Autocomplete("ada", "general", "/who-owns", "che"); cmp.Diff([]string{"checkout (service)"}, got) != "" {
		t.Errorf("offered %q", got)
	}
	if d := s.Command("ada", "general", "/who-owns", `target:"checkout (service)" --env=Production --share`); !d.OK() {
		t.Fatalf("%v, %v", d.TimedOut(), d.Payload())
	}
	seen := s.Channel("general").Last("ada")
	want := "owner of **component:default/checkout**: team <https://example.com/team>\n[Share]"
	if diff := cmp.Diff(want, seen.Lines()); diff != "" || !seen.Ephemeral() || len(s.Channel("general").Messages()) != 0 {
		t.Errorf("seen by ada, only: %+v\n%s", seen, diff)
	}
	s.Press("ada", seen, "Share")
	if shared := s.Channel("general").Messages(); len(shared) != 1 || shared[0].Lines() != "shared: share:1" {
		t.Errorf("shared: %+v", shared)
	}
	if !s.Command("ada", "general", "/late", "").OK() {
		t.Error("the deferred answer did not come")
	}
	s.Until("the late answer", func() bool { return s.Channel("general").Last("ada").Lines() == "at last" })
	id := s.Say("grace", "general", "anybody?")
	s.Mention("grace", "general", "who-owns cart", discordtest.InThread(id))
	s.Until("the answer in the thread", func() bool {
		all := s.Channel("general").Thread(id)
		return len(all) == 2 && all[1].Content == "you said: who-owns cart"
	})
	s.DM("grace", "hi")
	s.Until("the answer to the DM", func() bool { return s.Direct("grace").Last("grace").Content == "you said: hi" })
}

func TestServer_Modal(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{})
	startBot(t, s)
	s.Command("ada", "general", "/form", "")
	if s.Modal("ada") == nil || s.Modal("grace") != nil {
		t.Fatal("the modal is not open, or at somebody else's")
	}
	if s.Submit("ada") != nil || len(s.Modal("ada").Errors) != 1 {
		t.Errorf("a field is empty: %v", s.Modal("ada").Errors)
	}
	s.Fill("ada", "Name", "Ada")
	if diff := cmp.Diff("== Link me ==\nName: [Ada]\n  ! This field is required\n[Cancel] [Submit]", s.Modal("ada").Lines()); diff != "" {
		t.Error(diff)
	}
	if d := s.Submit("ada"); !d.OK() || s.Modal("ada") != nil || s.Channel("general").Last("ada").Lines() != "linked Ada" {
		t.Errorf("still open, or not answered: %v", s.Channel("general").Last("ada"))
	}
	s.Command("ada", "general", "/form", "")
	if s.CloseModal("ada"); s.Modal("ada") != nil {
		t.Error("not closed")
	}
}

// serveHTTP starts the same bot over HTTP.
func serveHTTP(t *testing.T, s *discordtest.Server) {
	t.Helper()
	key, err := hex.DecodeString(s.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	s.UseHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stamp, err := time.ParseDuration(r.Header.Get("X-Signature-Timestamp") + "s")
		age := s.Now().Sub(time.Unix(int64(stamp.Seconds()), 0)).Abs()
		if err != nil || age > 5*time.Minute || !discordgo.VerifyInteraction(r, ed25519.PublicKey(key)) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(r.Body)
		var i discordgo.Interaction
		if err := json.Unmarshal(body, &i); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer(&i))
	}), "/discord/interactions")
}

func TestServer_HTTP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.New(t, discordtest.Options{Memory: true})
		s.Register(commands)
		serveHTTP(t, s)
		if wrong := s.Probe(); wrong != "" {
			t.Error(wrong)
		}
		tests := []struct {
			name string
			knob discordtest.Knob
			want int
		}{
			{"right", discordtest.SignedAt(0), 200},
			{"almost too old", discordtest.SignedAt(-299 * time.Second), 200},
			{"too old", discordtest.SignedAt(-302 * time.Second), 401},
			{"another key", discordtest.WrongKey(), 401},
			{"changed byte", discordtest.ChangedByte(), 401},
			{"unsigned", discordtest.Unsigned(), 401},
		}
		for _, test := range tests {
			d := s.Command("ada", "general", "/who-owns", "checkout", test.knob)
			if d.Status() != test.want || d.OK() != (test.want == 200) {
				t.Errorf("%s: %d", test.name, d.Status())
			}
		}
		if n := len(s.Channel("general").SeenBy("ada")); n != 2 {
			t.Errorf("%d answers", n)
		}
	})
}
