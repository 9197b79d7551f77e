package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"callboard/bot"
	"callboard/catalog"
	"callboard/catalog/policy"
	"callboard/cmd/callboard/internal/config"
)

const (
	accountLife  = 10 * time.Minute // how long what a platform says about an account counts
	accountStale = 30 * time.Minute // how long it counts at most while the platform is silent (threats.md rule R5)
	accountLimit = 2 * time.Second  // an answer waits no longer for what a platform says about the asker
	maxAccounts  = 50_000
)

// identity tells which person of the catalog a chat account is: by the platform's id in an annotation of the User, which
// only trusted sources define, or, where the operator allows it, by a verified e-mail address that
// exactly one User has. It implements bot.Identity. Nothing that a platform says about roles or groups counts: those
// are the catalog's (threats.md rule R1).
type identity struct {
	config      config.Identity
	catalog     func() *catalog.Snapshot
	directories map[string]bot.Directory // by platform
	log         *slog.Logger

	mu       sync.Mutex
	accounts map[bot.ChatUser]knownAccount
}

type knownAccount struct {
	account bot.Account
	at      time.Time
}

var errNotAsked = errors.New("the platform was not asked")

func newIdentity(cfg config.Identity, snapshot func() *catalog.Snapshot, directories map[string]bot.Directory, log *slog.Logger) *identity {
	return &identity{config: cfg, catalog: snapshot, directories: directories, log: log, accounts: map[bot.ChatUser]knownAccount{}}
}

// Actor implements bot.Identity. An account with an annotated User is known without asking the platform,
// so that answers do not depend on it, unless the platform lets write who has left. Of others the platform tells whether they
// are members. While it does not, whom it turned away before stays turned away; everybody else is nobody, and sees what
// everybody sees (reads fail open, rules that hide fail closed).
func (i *identity) Actor(ctx context.Context, user bot.ChatUser) policy.Actor {
	return i.actor(user, func() (bot.Account, error) {
		account, err := i.account(ctx, user)
		if err != nil {
			i.log.Warn("an account cannot be looked up", "platform", user.Platform, "account", user.ID, "error", err)
		}
		return account, err
	})
}

// person gives what all accounts of one person have in common: the User, as far as it is known without asking anybody,
// else the account itself.
func (i *identity) person(user bot.ChatUser) any {
	actor := i.actor(user, func() (bot.Account, error) {
		if known, found := i.remembered(user); found && time.Since(known.at) < accountStale {
			return known.account, nil
		}
		return bot.Account{}, errNotAsked
	})
	if actor.Linked() {
		return actor.User
	}
	return user
}

// actor tells who an account is; look tells what the platform says about it, and is called only where that matters.
func (i *identity) actor(user bot.ChatUser, look func() (bot.Account, error)) policy.Actor {
	actor := policy.Actor{Platform: user.Platform, Workspace: user.Workspace, ChatID: user.ID}
	view := i.catalog().As(catalog.Everything{})
	found, why := annotated(view, user)
	if found != nil && !outlives(user.Platform) {
		return linked(view, actor, found, why)
	}
	account, err := look()
	if err != nil {
		actor.Why = user.Platform + " does not say at the moment who this account is"
		if class := i.lastClass(user); class != policy.Member {
			actor.Class = class
		}
		return actor
	}
	actor.Class = classOf(account)
	switch {
	case found != nil && (actor.Class == policy.Member || actor.Class == policy.Guest):
		return linked(view, actor, found, why)
	case actor.Class != policy.Member:
		actor.Why = "the account is " + actor.Class.String()
		return actor
	}
	if found == nil && why != "" { // disputed
		actor.Why = why
		return actor
	}
	if found, why = i.byEmail(view, account); found == nil {
		actor.Why = why
		return actor
	}
	return linked(view, actor, found, why)
}

func classOf(a bot.Account) policy.Class {
	switch {
	case a.Deactivated:
		return policy.Deactivated
	case a.Bot:
		return policy.Bot
	case a.Stranger:
		return policy.Stranger
	case a.Guest:
		return policy.Guest
	}
	return policy.Member
}

// annotated finds the User that carries the account's id. The id with the workspace in front counts
// before the id alone, for companies with several workspaces. Why without a User says that there are too many.
func annotated(view catalog.View, user bot.ChatUser) (found *catalog.Entity, why string) {
	key := user.Platform + ".com/user-id"
	for _, value := range []string{user.Workspace + ":" + user.ID, user.ID} {
		var people []*catalog.Entity
		for _, e := range view.WithAnnotation(key, value) {
			if e.Ref.Kind == "user" {
				people = append(people, e)
			}
		}
		switch len(people) {
		case 0:
		case 1:
			return people[0], "the annotation " + key + " in " + people[0].Origin.Place()
		default:
			return nil, "the annotation " + key + ": " + value + " is on " + people[0].Ref.String() + " and on " + people[1].Ref.String()
		}
	}
	return nil, ""
}

// byEmail finds the one User with the account's verified e-mail address.
func (i *identity) byEmail(view catalog.View, account bot.Account) (found *catalog.Entity, why string) {
	switch {
	case !i.config.Email:
		return nil, "no User of the catalog carries this account's id"
	case account.Email == "":
		return nil, "no User of the catalog carries this account's id, and the account shows no verified e-mail address"
	}
	people := view.WithEmail(account.Email)
	switch len(people) {
	case 0:
		return nil, "no User of the catalog carries this account's id or its e-mail address"
	case 1:
		return people[0], "the account's verified e-mail address, which " + people[0].Ref.String() + " alone has"
	}
	return nil, "the account's e-mail address belongs to " + people[0].Ref.String() + " and to " + people[1].Ref.String()
}

func linked(view catalog.View, actor policy.Actor, user *catalog.Entity, why string) policy.Actor {
	actor.User, actor.Why, actor.Class = user.Ref, why, policy.Member
	for _, group := range view.Relations(user.Ref, "memberOf") {
		actor.Groups = append(actor.Groups, group.Target)
	}
	return actor
}

// account asks the platform, or remembers what it said.
func (i *identity) account(ctx context.Context, user bot.ChatUser) (bot.Account, error) {
	directory := i.directories[user.Platform]
	if directory == nil {
		return bot.Account{}, errors.New("nobody can be asked about accounts of " + user.Platform)
	}
	known, found := i.remembered(user)
	if found && time.Since(known.at) < accountLife {
		return known.account, nil
	}
	ctx, cancel := context.WithTimeout(ctx, accountLimit)
	defer cancel()
	account, err := directory.Account(ctx, user)
	switch {
	case err != nil && found && time.Since(known.at) < accountStale:
		return known.account, nil
	case err != nil:
		return bot.Account{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.accounts) >= maxAccounts {
		clear(i.accounts) // so many ask seldom; those who do are asked for again
	}
	i.accounts[user] = knownAccount{account, time.Now()}
	return account, nil
}

// lastClass is what the platform said last of an account, however long ago; Unsaid when it never did.
func (i *identity) lastClass(user bot.ChatUser) policy.Class {
	known, found := i.remembered(user)
	if !found {
		return policy.Unsaid
	}
	return classOf(known.account)
}

func (i *identity) remembered(user bot.ChatUser) (known knownAccount, found bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	known, found = i.accounts[user]
	return known, found
}
