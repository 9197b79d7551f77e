package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/catalog/ingest/ingesttest"
	"callboard/catalog/policy"
	"callboard/cmd/callboard/internal/config"
)

// both is a catalog of people with accounts on two platforms.
func both(t *testing.T) func() *catalog.Snapshot {
	t.Helper()
	user := func(name string, annotations ...string) string {
		return "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: " + name + "\n  annotations:\n    " +
			strings.Join(annotations, "\n    ") + "\nspec:\n  memberOf: [team-a]\n  profile: { email: " + name + "@acme.example }\n"
	}
	return synced(t, fstest.MapFS{"people.yaml": {Data: []byte(strings.Join([]string{
		user("ana", `slack.com/user-id: "T1:U1"`, `discord.com/user-id: "77:1001"`),
		user("berta", `discord.com/user-id: "1002"`),
		user("carl", `discord.com/user-id: "88:1003"`),
		user("dora", `discord.com/user-id: "1004"`),
		user("emil", `discord.com/user-id: "1004"`),
		user("fay", `slack.com/user-id: "1006"`),
		"apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: { name: team-a }\nspec: { type: team, children: [] }\n",
	}, "---\n"))}}, fstest.MapFS{"evil.yaml": {Data: []byte(user("mallory", `discord.com/user-id: "1009"`))}})
}

// synced gives the catalog of a trusted and an untrusted source.
func synced(t *testing.T, trusted, untrusted fs.FS) func() *catalog.Snapshot {
	t.Helper()
	syncer := ingest.NewSyncer(ingest.Options{
		Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler),
		Sources: []ingest.Config{
			{Name: "org", Source: source{trusted}, Trusted: true, Paths: []string{"*.yaml"}},
			{Name: "apps", Source: source{untrusted}, Paths: []string{"*.yaml"}},
		},
	})
	syncer.Sync(t.Context(), false)
	return syncer.Snapshot
}

// TestApproverKinds_Discord: who an account of Discord is, for every shape of account (threats.md row 3). It may have left the
// guild and write all the same, so that an annotation alone does not make it a person.
func TestApproverKinds_Discord(t *testing.T) {
	accounts := directory{
		"1001": {}, "1002": {}, "1003": {}, "1004": {}, "1005": {Email: "fay@acme.example"}, "1006": {}, "1009": {},
	}
	gone := directory{"1001": {Stranger: true}, "1002": {Bot: true}, "1003": {Deactivated: true}}
	tests := []struct {
		name, id  string
		directory directory
		want      string // "" for nobody
		class     policy.Class
		why       string
	}{
		{"annotation with the guild", "1001", accounts, "user:default/ana", policy.Member, "discord.com/user-id in people.yaml"},
		{"annotation", "1002", accounts, "user:default/berta", policy.Member, "discord.com/user-id"},
		{"annotation with another guild", "1003", accounts, "", policy.Member, "no User"},
		{"annotation that two people have", "1004", accounts, "", policy.Member, "user:default/dora and on user:default/emil"},
		{"annotation of another platform", "1006", accounts, "", policy.Member, "no User"},
		{"annotation of an untrusted source", "1009", accounts, "", policy.Member, "no User"},
		{"not a member of the guild any more", "1001", gone, "", policy.Stranger, "another workspace"},
		{"a bot or a webhook", "1002", gone, "", policy.Bot, "bot"},
		{"Discord does not answer", "1001", directory{}, "", policy.Unsaid, "does not say at the moment"},
	}
	snapshot := both(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			who := newIdentity(config.Identity{}, snapshot, map[string]bot.Directory{"discord": tt.directory}, slog.New(slog.DiscardHandler))
			got := who.Actor(t.Context(), bot.ChatUser{Platform: "discord", Workspace: "77", ID: tt.id})
			user := ""
			if got.Linked() {
				user = got.User.String()
			}
			if user != tt.want || got.Class != tt.class || !strings.Contains(got.Why, tt.why) {
				t.Errorf("user %q, class %q, why %q; want %q, %q, and %q in why", user, got.Class, got.Why, tt.want, tt.class, tt.why)
			}
		})
	}
}

// TestOnePerson: the accounts of one person on two platforms are one person to everything that counts people: clicks, rights
// and limits. Accounts of nobody, and of others, are not.
func TestOnePerson(t *testing.T) {
	slackAna := bot.ChatUser{Platform: "slack", Workspace: "T1", ID: "U1"}
	discordAna := bot.ChatUser{Platform: "discord", Workspace: "77", ID: "1001"}
	berta := bot.ChatUser{Platform: "discord", Workspace: "77", ID: "1002"}
	nobody := bot.ChatUser{Platform: "slack", Workspace: "T1", ID: "U9"}
	same := bot.ChatUser{Platform: "discord", Workspace: "77", ID: "U9"}
	tests := []struct {
		name   string
		clicks []bot.ChatUser
		people int // distinct Users of the catalog
		keys   int // distinct in what is counted for limits
	}{
		{"twice by one account", []bot.ChatUser{slackAna, slackAna}, 1, 1},
		{"by one person on two platforms", []bot.ChatUser{slackAna, discordAna}, 1, 1},
		{"by two people", []bot.ChatUser{slackAna, berta}, 2, 2},
		{"by two people on three accounts", []bot.ChatUser{slackAna, discordAna, berta}, 2, 2},
		{"by nobody", []bot.ChatUser{nobody}, 0, 1},
		{"by the same id of two platforms, which is nobody's", []bot.ChatUser{nobody, same}, 0, 2},
	}
	who := newIdentity(config.Identity{}, both(t), map[string]bot.Directory{
		"slack": directory{"U9": {}}, "discord": directory{"1001": {}, "1002": {}, "U9": {}},
	}, slog.New(slog.DiscardHandler))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			people, keys := map[catalog.Ref]bool{}, map[any]bool{}
			for _, click := range tt.clicks {
				if actor := who.Actor(t.Context(), click); actor.Linked() {
					people[actor.User] = true
					if !slices.Equal(actor.Groups, []catalog.Ref{catalog.NewRef("group", "", "team-a")}) {
						t.Errorf("groups %v of %v", actor.Groups, click)
					}
				}
				keys[who.person(click)] = true
			}
			if len(people) != tt.people || len(keys) != tt.keys {
				t.Errorf("%d people and %d keys, want %d and %d", len(people), len(keys), tt.people, tt.keys)
			}
		})
	}
}

// TestOnePerson_Limits: a person who asks on two platforms asks no faster for it.
func TestOnePerson_Limits(t *testing.T) {
	snapshot := both(t)
	synctest.Test(t, func(t *testing.T) {
		who := newIdentity(config.Identity{}, snapshot, map[string]bot.Directory{"discord": directory{"1001": {}}}, slog.New(slog.DiscardHandler))
		limits := bot.DefaultLimits()
		limits.Person = who.person
		handle := bot.Chain(func(context.Context, *bot.Request) bot.Reply { return bot.Reply{}.Fine() }, bot.Limit(limits))
		users := []bot.ChatUser{{Platform: "slack", Workspace: "T1", ID: "U1"}, {Platform: "discord", Workspace: "77", ID: "1001"}}
		who.Actor(t.Context(), users[1]) // Discord has said by now that they are a member
		answered := 0
		for i := range 60 {
			user := users[i%2]
			if handle(t.Context(), &bot.Request{User: user, Address: bot.Address{Platform: user.Platform, Private: true}}).Outcome == bot.Fine {
				answered++
			}
		}
		if answered != limits.UserBurst {
			t.Errorf("%d of 60 were answered, want %d", answered, limits.UserBurst)
		}
	})
}

// stage is a platform that does what a test wants.
type stage struct {
	name  string
	fails error // of Serve
	asks  chan *bot.Request
	told  chan bot.Reply
}

func (s *stage) Name() string { return s.name }

func (s *stage) Serve(ctx context.Context, handle bot.Handler) error {
	if s.fails != nil {
		return s.fails
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case req := <-s.asks:
			s.told <- handle(ctx, req)
		}
	}
}

func (s *stage) Account(context.Context, bot.ChatUser) (bot.Account, error) {
	return bot.Account{}, nil
}

func (s *stage) Post(context.Context, bot.Address, *card.Card, string) (string, error) {
	return "1", nil
}
func (s *stage) Update(context.Context, bot.Address, string, *card.Card) error { return nil }
func (s *stage) Find(context.Context, bot.Address, string, time.Time) (string, bool, error) {
	return "", false, nil
}
func (s *stage) Check(context.Context, bot.Wanted, func(bot.Finding))           {}
func (s *stage) Accounts(context.Context, func(id string, a bot.Account)) error { return nil }
func (s *stage) Handler(bot.Handler) http.Handler                               { return http.NotFoundHandler() }
func (s *stage) Fault() string                                                  { return "" }
func (s *stage) surface() *surface {
	return &surface{platform: platform{name: s.name, label: strings.ToUpper(s.name[:1]) + s.name[1:], requests: func(*config.Config) bool { return false }}, adapter: s}
}

// One platform that cannot be served leaves the other as it is, and health names it.
func TestChats_OneFails(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen = t.TempDir(), "127.0.0.1:0"
	daemon := openDaemon(t, cfg)
	works := &stage{name: "slack", asks: make(chan *bot.Request), told: make(chan bot.Reply)}
	broken := &stage{name: "discord", fails: errors.New("Discord refuses the token (4004): take a new one, and put it where discord.token says")}
	daemon.chat.surfaces = []*surface{works.surface(), broken.surface()}
	runDaemon(t, daemon)
	for deadline := time.Now().Add(10 * time.Second); ; {
		works.asks <- &bot.Request{Kind: bot.Typed, Text: "health", Received: time.Now()}
		reply := <-works.told
		if reply.Card == nil {
			t.Fatalf("%+v", reply)
		}
		text := reply.Card.Text()
		if strings.Contains(text, "Slack — connected") && strings.Contains(text, "Discord refuses the token (4004)") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(text)
		}
		<-time.After(10 * time.Millisecond)
	}
	if reasons := daemon.Faults(); len(reasons) != 0 {
		t.Errorf("an outside system turned readiness red: %v", reasons)
	}
}

func TestOperators(t *testing.T) {
	cfg := config.Default()
	cfg.Operators.Channels = []string{"slack:C1", "discord:1122334455667788990", "slack:C2"}
	cfg.Slack.Mode, cfg.Slack.Team = config.SlackSocket, "T1"
	want := []bot.Address{{Platform: "slack", Workspace: "T1", Channel: "C1"}, {Platform: "slack", Workspace: "T1", Channel: "C2"}}
	if diff := cmp.Diff(want, operators(cfg)); diff != "" {
		t.Errorf("with Slack alone (-want +got)\n%s", diff)
	}
	cfg.Slack.Mode = config.SlackOff
	if got := operators(cfg); got != nil {
		t.Errorf("without any chat: %v", got)
	}
}
