package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/catalog/policy"
	"callboard/cmd/callboard/internal/config"
)

// source is an ingest.Source over files in memory.
type source struct{ fs.FS }

func (s source) Fetch(context.Context) (ingest.Tree, error) {
	root, err := ingest.ListFS(s.FS)
	return ingest.Tree{FS: s.FS, Revision: "3f786850e387550fdab836ed7e6dc881de23001b", Branch: "main", Root: root}, err
}

// people is a catalog of people, and of a service of an untrusted source that claims to be one of them.
func people(t *testing.T) func() *catalog.Snapshot {
	t.Helper()
	user := func(name, email, annotation string) string {
		text := "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: " + name + "\n"
		if annotation != "" {
			text += "  annotations:\n    " + annotation + "\n"
		}
		return text + "spec:\n  memberOf: [team-a]\n  profile: { email: " + email + " }\n"
	}
	trusted := fstest.MapFS{"people.yaml": {Data: []byte(strings.Join([]string{
		user("ana", "ana@acme.example", `slack.com/user-id: "U1"`),
		user("berta", "berta@acme.example", `slack.com/user-id: "T1:U2"`),
		user("carl", "Carl@acme.example", ""),
		user("dora", "shared@acme.example", ""),
		user("emil", "shared@acme.example", ""),
		user("fay", "fay@acme.example", `slack.com/user-id: "U6"`),
		user("gus", "gus@acme.example", `slack.com/user-id: "U6"`),
		"apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: { name: team-a }\nspec: { type: team, children: [] }\n",
	}, "---\n"))}}
	untrusted := fstest.MapFS{"evil.yaml": {Data: []byte(
		"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: evil\n  annotations: { slack.com/user-id: U9 }\n" +
			"spec: { type: service, lifecycle: production, owner: team-a }\n---\n" + user("mallory", "mal@acme.example", `slack.com/user-id: "U9"`))}}
	return synced(t, trusted, untrusted)
}

// directory knows accounts by id; others cannot be looked up.
type directory map[string]bot.Account

var errNoAnswer = errors.New("no answer")

func (d directory) Account(_ context.Context, user bot.ChatUser) (bot.Account, error) {
	if account, known := d[user.ID]; known {
		return account, nil
	}
	return bot.Account{}, errNoAnswer
}

// TestApproverKinds: who an account is, for every shape of account (threats.md row 3).
func TestApproverKinds(t *testing.T) {
	accounts := directory{
		"U3":  {Email: "carl@ACME.example"},
		"U4":  {Email: "shared@acme.example"},
		"U5":  {},
		"U6":  {Email: "fay@acme.example"},
		"U10": {Email: "carl@acme.example", Guest: true},
		"U11": {Email: "carl@acme.example", Stranger: true},
		"U12": {Email: "carl@acme.example", Bot: true},
		"U13": {Email: "carl@acme.example", Deactivated: true},
		"U9":  {Email: "nobody@acme.example"},
	}
	tests := []struct {
		name, id string
		email    bool
		want     string // "" for nobody
		class    policy.Class
		why      string
	}{
		{"annotation", "U1", false, "user:default/ana", policy.Member, "slack.com/user-id in people.yaml"},
		{"annotation with the workspace", "U2", false, "user:default/berta", policy.Member, "annotation"},
		{"annotation that two people have", "U6", true, "", policy.Member, "user:default/fay and on user:default/gus"},
		{"annotation of an untrusted source", "U9", true, "", policy.Member, "no User"},
		{"verified e-mail", "U3", true, "user:default/carl", policy.Member, "verified e-mail"},
		{"e-mail where it is not allowed", "U3", false, "", policy.Member, "carries this account's id"},
		{"e-mail that two people have", "U4", true, "", policy.Member, "user:default/dora and to user:default/emil"},
		{"no verified e-mail", "U5", true, "", policy.Member, "no verified e-mail"},
		{"guest", "U10", true, "", policy.Guest, "guest"},
		{"stranger", "U11", true, "", policy.Stranger, "another workspace"},
		{"bot", "U12", true, "", policy.Bot, "bot"},
		{"deactivated", "U13", true, "", policy.Deactivated, "deactivated"},
		{"the platform does not answer", "U99", true, "", policy.Unsaid, "does not say at the moment"},
	}
	snapshot := people(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			who := newIdentity(config.Identity{Email: tt.email}, snapshot, map[string]bot.Directory{"slack": accounts}, slog.New(slog.DiscardHandler))
			got := who.Actor(t.Context(), bot.ChatUser{Platform: "slack", Workspace: "T1", ID: tt.id})
			user := ""
			if got.Linked() {
				user = got.User.String()
			}
			if user != tt.want || got.Class != tt.class || !strings.Contains(got.Why, tt.why) {
				t.Errorf("user %q, class %q, why %q; want %q, %q, and %q in why", user, got.Class, got.Why, tt.want, tt.class, tt.why)
			}
			if linked := got.Linked(); linked != (len(got.Groups) > 0) {
				t.Errorf("groups %v of %q", got.Groups, user)
			}
		})
	}
}

// An account that is known by annotation is known while the platform is silent; what the platform said once
// counts for a while.
func TestIdentity_PlatformSilent(t *testing.T) {
	accounts := directory{"U3": {Email: "carl@acme.example"}}
	who := newIdentity(config.Identity{Email: true}, people(t), map[string]bot.Directory{"slack": accounts}, slog.New(slog.DiscardHandler))
	actor := func(id string) policy.Actor {
		return who.Actor(t.Context(), bot.ChatUser{Platform: "slack", Workspace: "T1", ID: id})
	}
	if !actor("U3").Linked() {
		t.Fatal("not linked while the platform answers")
	}
	delete(accounts, "U3")
	for _, id := range []string{"U1", "U3"} {
		if !actor(id).Linked() {
			t.Errorf("%s is not linked while the platform is silent", id)
		}
	}
}

// While the platform is silent, what it said last counts for 30 minutes; after that nobody is known by it, but whom it had
// turned away stays turned away.
func TestIdentity_PlatformSilentForLong(t *testing.T) {
	snapshot := people(t)
	synctest.Test(t, func(t *testing.T) {
		accounts := directory{"U3": {Email: "carl@acme.example"}, "UG": {Guest: true}, "US": {Stranger: true}, "UB": {Bot: true}, "UD": {Deactivated: true}}
		who := newIdentity(config.Identity{Email: true}, snapshot, map[string]bot.Directory{"slack": accounts}, slog.New(slog.DiscardHandler))
		actor := func(id string) policy.Actor {
			return who.Actor(t.Context(), bot.ChatUser{Platform: "slack", Workspace: "T1", ID: id})
		}
		ids := slices.Sorted(maps.Keys(accounts))
		for _, id := range ids {
			actor(id)
		}
		clear(accounts)
		for _, tt := range []struct {
			after  time.Duration
			linked bool
			class  policy.Class // of U3
		}{{9 * time.Minute, true, policy.Member}, {20 * time.Minute, true, policy.Member}, {2 * time.Minute, false, policy.Unsaid}, {48 * time.Hour, false, policy.Unsaid}} {
			time.Sleep(tt.after) //nolint:forbidigo // in the bubble's time
			if got := actor("U3"); got.Linked() != tt.linked || got.Class != tt.class {
				t.Errorf("after %v: a person is linked: %v, %q; want %v, %q", tt.after, got.Linked(), got.Class, tt.linked, tt.class)
			}
			for id, class := range map[string]policy.Class{"UG": policy.Guest, "US": policy.Stranger, "UB": policy.Bot, "UD": policy.Deactivated, "UX": policy.Unsaid} {
				if got := actor(id); got.Linked() || got.Class != class {
					t.Errorf("after %v: %s is %q, linked %v; want %q", tt.after, id, got.Class, got.Linked(), class)
				}
			}
		}
	})
}

func TestAdmit(t *testing.T) {
	tests := []struct {
		class   policy.Class
		guests  bool
		outcome bot.Outcome
		words   bool
	}{
		{policy.Member, false, bot.Fine, true},
		{policy.Unsaid, false, bot.Fine, true},
		{policy.Guest, false, bot.Denied, true},
		{policy.Guest, true, bot.Fine, true},
		{policy.Stranger, true, bot.Denied, true},
		{policy.Bot, true, bot.Denied, false},
		{policy.Deactivated, true, bot.Denied, false},
	}
	for _, tt := range tests {
		handle := admit(tt.guests)(func(context.Context, *bot.Request) bot.Reply {
			return bot.Reply{Card: &card.Card{Summary: "the answer"}}.Fine()
		})
		reply := handle(t.Context(), &bot.Request{Actor: policy.Actor{Class: tt.class}})
		if reply.Outcome != tt.outcome || (reply.Card != nil) != tt.words {
			t.Errorf("%s, guests %v: %s, card %v; want %s, card %v", tt.class, tt.guests, reply.Outcome, reply.Card, tt.outcome, tt.words)
		}
	}
}

// What platforms say is remembered of maxAccounts accounts at most.
func TestIdentity_Bounds(t *testing.T) {
	who := newIdentity(config.Identity{}, people(t), map[string]bot.Directory{"slack": anybody{}}, slog.New(slog.DiscardHandler))
	peak := 0
	for i := range maxAccounts + 10 {
		if _, err := who.account(t.Context(), bot.ChatUser{Platform: "slack", Workspace: "T1", ID: strconv.Itoa(i)}); err != nil {
			t.Fatal(err)
		}
		peak = max(peak, len(who.accounts))
	}
	if peak != maxAccounts {
		t.Errorf("%d accounts are held, want %d", peak, maxAccounts)
	}
}

// anybody is a directory that knows every account.
type anybody struct{}

func (anybody) Account(context.Context, bot.ChatUser) (bot.Account, error) { return bot.Account{}, nil }
