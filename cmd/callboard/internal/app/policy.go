package app

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/catalog/policy"
	"callboard/cmd/callboard/internal/config"
)

// keepLimit bounds a write of the rules to the store.
const keepLimit = 5 * time.Second

// rulebook keeps the rules that hide entities in step with the configuration and, where they are in a source too,
// with its file. What was good last is in force until something better comes; where nothing ever was, nobody sees
// anything.
type rulebook struct {
	config     config.Policy
	store      policy.Store
	log        *slog.Logger
	visibility policy.Visibility

	mu       sync.Mutex
	rules    *policy.Rules // in force; nil: not known yet
	kept     policy.Kept
	looked   bool              // at the file, by this process
	hash     string            // of the file that was looked at last
	problems []catalog.Problem // of that file
	why      string            // rules are nil
	unsaved  bool
}

// openRules gives the rules of the configuration, and those that the store kept.
func openRules(ctx context.Context, cfg config.Policy, store policy.Store, log *slog.Logger) (*rulebook, error) {
	b := &rulebook{config: cfg, store: store, log: log}
	if !b.hidesAnything() {
		return b, nil
	}
	if cfg.Source == "" {
		b.rules, _ = policy.Compile(cfg.Rules()) // the configuration was checked
		return b, nil
	}
	b.why = "the file of rules " + cfg.Path + " of " + cfg.Source + " was never read"
	kept, err := store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	if kept.Source != cfg.Source || kept.Path != cfg.Path {
		b.kept = policy.Kept{Source: cfg.Source, Path: cfg.Path}
		return b, nil
	}
	b.kept = kept
	var outgrown []catalog.Problem // an earlier version of the program took them
	if kept.Revision != "" {
		if b.rules, outgrown = b.compile(kept.Revision, kept.Text); len(outgrown) > 0 {
			b.rules = nil
		}
	}
	b.refused(slices.Concat(outgrown, kept.Problems))
	return b, nil
}

// hidesAnything reports whether there are rules or should be.
func (b *rulebook) hidesAnything() bool { return b.config.Source != "" || len(b.config.Visibility) > 0 }

// viewer is what an actor may see.
func (b *rulebook) viewer(actor policy.Actor) catalog.Viewer {
	if !b.hidesAnything() {
		return catalog.Everything{}
	}
	return b.visibility.Viewer(actor)
}

// follow puts the rules in force for a catalog that is about to be served.
func (b *rulebook) follow(next ingest.Next) {
	if !b.hidesAnything() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.config.Source != "" {
		b.followFile(next)
	}
	rules := b.rules
	if b.older(next.Snapshot) {
		rules = nil
	}
	b.visibility.Follow(next.Snapshot, rules, next.Refs, next.Whole)
}

// older reports whether the rules were last looked at in another revision of their source than the catalog's. That
// is so when the process was killed between keeping one and the other.
func (b *rulebook) older(s *catalog.Snapshot) bool {
	if b.config.Source == "" || b.rules == nil {
		return false
	}
	sources := s.As(catalog.Everything{}).Sources()
	i := slices.IndexFunc(sources, func(s catalog.SourceStatus) bool { return s.Name == b.config.Source })
	if i < 0 || sources[i].Revision == b.kept.Seen {
		return false
	}
	b.why = "the rules that are known are of another revision of " + b.config.Source + " than the catalog"
	return true
}

func (b *rulebook) followFile(next ingest.Next) {
	tree, fetched := next.Trees[b.config.Source]
	if fetched && (tree.Revision != b.kept.Seen || !b.looked) {
		b.read(tree)
	}
	if !b.unsaved {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), keepLimit)
	defer cancel()
	if err := b.store.KeepPolicy(ctx, b.kept); err != nil {
		b.log.Error("the store does not take the rules of who sees what, they are in force all the same", "error", err)
		return
	}
	b.unsaved = false
}

// read takes over the file of a tree, if it is good.
func (b *rulebook) read(tree ingest.Tree) {
	hash, found := tree.Root.File(b.config.Path)
	if b.looked && found && hash == b.hash {
		b.kept.Seen, b.unsaved = tree.Revision, true
		return
	}
	origin := catalog.Origin{Source: b.config.Source, Path: b.config.Path, Revision: tree.Revision}
	var data []byte
	if found {
		var err error
		if data, err = fs.ReadFile(tree.FS, b.config.Path); err != nil {
			b.refuse([]catalog.Problem{{Origin: origin, Severity: catalog.Error, Rule: catalog.RulePolicy, Text: "the file cannot be read: " + err.Error(), Fix: "see that the source can be read, and sync again"}})
			return // and is tried again with the next catalog
		}
	}
	b.looked, b.hash, b.kept.Seen, b.unsaved = true, hash, tree.Revision, true
	if !found {
		b.refuse([]catalog.Problem{{
			Origin: origin, Severity: catalog.Error, Rule: catalog.RulePolicy, Text: "there is no such file, and policy.path in callboard.yaml names it",
			Fix: "add it, with visibility: [] for no rules, or change policy.path",
		}})
		return
	}
	rules, problems := b.compile(tree.Revision, data)
	if len(problems) > 0 {
		b.refuse(problems)
		return
	}
	b.rules, b.problems, b.kept.Revision, b.kept.Text, b.kept.Problems = rules, nil, tree.Revision, data, nil
	b.log.Info("the rules of who sees what are in force", "source", b.config.Source, "path", b.config.Path, "revision", tree.Revision)
}

// refuse notes and tells what is wrong with the newest version of the file.
func (b *rulebook) refuse(problems []catalog.Problem) {
	b.refused(problems)
	b.kept.Problems = problems[:min(len(problems), policy.MaxKept)]
	for _, p := range problems {
		tell := b.log.With("place", p.Origin.String(), "problem", p.Text, "fix", p.Fix)
		if b.rules == nil {
			tell.Error("the file of rules cannot be used, and there was no good one before: nobody sees anything")
		} else {
			tell.Error("the file of rules cannot be used, what was good last stays in force")
		}
	}
}

// refused notes what is wrong with the newest version of the file, if anything is.
func (b *rulebook) refused(problems []catalog.Problem) {
	if len(problems) == 0 {
		return
	}
	b.problems = problems
	if b.rules == nil {
		b.why = "the file of rules " + b.config.Path + " of " + b.config.Source + " cannot be used"
	}
}

// compile joins the rules of the configuration with those of the file.
func (b *rulebook) compile(revision string, data []byte) (*policy.Rules, []catalog.Problem) {
	origin := catalog.Origin{Source: b.config.Source, Path: b.config.Path, Revision: revision}
	rules, problems := policy.ParseFile(origin, data)
	if len(problems) > 0 {
		return nil, problems
	}
	all, mistakes := policy.Compile(append(b.config.Rules(), rules...))
	for _, m := range mistakes {
		problems = append(problems, catalog.Problem{Origin: origin, Severity: catalog.Error, Rule: catalog.RulePolicy, Text: m.Text, Fix: m.Fix + " (callboard.yaml has rules too)"})
	}
	return all, problems
}

// closed says why nobody sees anything; "" when the rules are known.
func (b *rulebook) closed() string {
	if !b.hidesAnything() || !b.visibility.Report().Closed {
		return ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("nobody sees anything: %s%s", b.why, b.where())
}

// fault says that an older version of the rules is in force; "" when it is the newest. It shows to everybody, so
// it does not quote the file.
func (b *rulebook) fault() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) == 0 || b.rules == nil {
		return ""
	}
	return "the file of rules cannot be used" + b.where() + ", so its older version stays in force: callboard lint says what is wrong"
}

// toldProblems are the problems of the file of rules as everybody may read them: where they are, without a word of the
// file. Rules that nobody knows are a problem too.
func (b *rulebook) toldProblems() []catalog.Problem {
	closed := b.closed()
	b.mu.Lock()
	defer b.mu.Unlock()
	text := "the file of rules cannot be used, so its older version stays in force"
	if closed != "" {
		text = "nobody sees anything: " + b.why
	}
	told := catalog.Problem{
		Origin: catalog.Origin{Source: b.config.Source, Path: b.config.Path}, Severity: catalog.Error, Rule: catalog.RulePolicy,
		Text: text, Fix: "callboard lint says what is wrong with it, callboard doctor too",
	}
	if len(b.problems) == 0 {
		if closed == "" {
			return nil
		}
		return []catalog.Problem{told}
	}
	all := make([]catalog.Problem, len(b.problems))
	for i, p := range b.problems {
		all[i] = told
		all[i].Origin = p.Origin
	}
	return all
}

func (b *rulebook) where() string {
	if len(b.problems) == 0 || b.problems[0].Origin.Line == 0 {
		return ""
	}
	return " (line " + strconv.Itoa(b.problems[0].Origin.Line) + ")"
}

// whySeen names the rule by which an actor sees an entity.
func (b *rulebook) whySeen(actor policy.Actor, ref catalog.Ref) string {
	if !b.hidesAnything() {
		return "no rule hides anything"
	}
	return b.visibility.Why(actor, ref)
}

// PolicyReport is what doctor shows of the rules.
type PolicyReport struct {
	policy.Report
	Why      string            // nobody sees anything; "" when all is well
	Problems []catalog.Problem // of the newest version of the file
}

// Policy says what the rules do, for operators; nil when there are none.
func (a *App) Policy() *PolicyReport {
	if !a.rules.hidesAnything() {
		return nil
	}
	report := &PolicyReport{Report: a.rules.visibility.Report(), Why: a.rules.closed()}
	a.rules.mu.Lock()
	defer a.rules.mu.Unlock()
	report.Problems = slices.Clone(a.rules.problems)
	return report
}

// refusals notes who asked for what is hidden from them. The asker cannot tell: the same is done for names that
// nothing has.
func (a *App) refusals(next bot.Handler) bot.Handler {
	return func(ctx context.Context, req *bot.Request) bot.Reply {
		reply := next(ctx, req)
		if !a.rules.hidesAnything() || req.Kind == bot.Complete || reply.Outcome != bot.NotFound || len(req.Command.Args) == 0 {
			return reply
		}
		snapshot := a.syncer.Snapshot()
		match := snapshot.As(catalog.Everything{}).Resolve(strings.Join(req.Command.Args, " "))
		if match.Entity == nil || match.How.Guess() {
			return reply
		}
		if _, sees := snapshot.As(a.rules.viewer(req.Actor)).Get(match.Entity.Ref); !sees {
			a.refused(req.Actor, req.Command.Verb, match.Entity.Ref)
		}
		return reply
	}
}

// discreet keeps an answer for the asker, where answers are for everybody, unless somebody of whom nothing is known would
// get the very same: who reads along may not be among those whom a rule lets see it. The asker can still share it.
func (a *App) discreet(writes func(*bot.Request) bool) bot.Middleware {
	return func(next bot.Handler) bot.Handler {
		return func(ctx context.Context, req *bot.Request) bot.Reply {
			reply := next(ctx, req)
			if !req.Address.Open || !a.rules.hidesAnything() || reply.Visibility != bot.OnlyAsker || reply.Card == nil || writes(req) {
				return reply
			}
			anybody := *req
			anybody.Actor = policy.Actor{Platform: req.Actor.Platform}
			if reflect.DeepEqual(next(ctx, &anybody), reply) {
				return reply
			}
			reply.Visibility = bot.Guarded
			reply.Card = noted(reply.Card, card.Note{Text: card.T("Only you see this answer: not everybody here would get the same")})
			return reply
		}
	}
}

// noted is a card with one more note, before all others.
func noted(c *card.Card, note card.Note) *card.Card {
	with := *c
	with.Notes = append([]card.Note{note}, with.Notes[:min(len(with.Notes), card.MaxNotes-1)]...)
	return &with
}

// unidentified says on answers that the platform does not tell who asks, where rules hide what only some may see.
func (a *App) unidentified(next bot.Handler) bot.Handler {
	return func(ctx context.Context, req *bot.Request) bot.Reply {
		reply := next(ctx, req)
		if reply.Card == nil || req.User == (bot.ChatUser{}) || req.Actor.Class != policy.Unsaid || !a.rules.hidesAnything() {
			return reply
		}
		reply.Card = noted(reply.Card, card.Note{Status: card.Warn, Text: card.T(card.Line(req.Actor.Why) + ": you see what everybody sees")})
		return reply
	}
}

// refused counts a refusal and writes its log line.
func (a *App) refused(actor policy.Actor, verb string, ref catalog.Ref) {
	a.meters.refusals.WithLabelValues(actor.Platform).Inc()
	a.log.Info("refused", "verb", verb, "entity", ref.String(), "platform", actor.Platform, "account", actor.ChatID, "user", actor.User.String())
}
