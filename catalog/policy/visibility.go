package policy

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"weak"

	"callboard/catalog"
)

// Visibility decides who sees which entities. It is safe for use by many goroutines.
//
// The rules are evaluated when a catalog or the rules change, never for a question: Follow takes each catalog before
// it is served, so that none is ever shown under the rules of another. Until then, and while there are no rules
// although there should be, nobody sees anything.
type Visibility struct {
	mu   sync.Mutex // one Follow at a time
	now  atomic.Pointer[judged]
	past atomic.Pointer[judged] // the one before, of which views may still be made
}

// judged is a catalog with what the rules say about it.
type judged struct {
	snapshot weak.Pointer[catalog.Snapshot] // weak: an old catalog must not stay in memory for this
	rules    *Rules                         // nil: unknown, so nothing is seen
	matches  map[*catalog.Entity]mask       // the entities that any rule matches
	any      mask                           // of all of them
	counts   []int                          // entities by rule
	failures []Failure
	hidden   sync.Map // mask → int: entities hidden from those who are denied these rules, where owners see no more
}

// Failure is a condition that could not be evaluated. The entity counts as matched.
type Failure struct {
	Rule   string
	Entity catalog.Ref
	Err    error
}

// maxFailures is how many failures are kept.
const maxFailures = 20

// Follow takes over a catalog that is about to be served, and the rules that are in force with it; nil rules hide
// everything. Refs are what sets the catalog apart from the one before, unless whole. It is called for one catalog
// after the other.
func (v *Visibility) Follow(next *catalog.Snapshot, rules *Rules, refs []catalog.Ref, whole bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before := v.now.Load()
	var old *catalog.Snapshot // judged by the same rules
	if before != nil && before.rules == rules {
		old = before.snapshot.Value()
	}
	var j *judged
	switch {
	case rules == nil:
		j = &judged{}
	case whole || old == nil:
		j = judgeAll(next, rules, old, before)
	default:
		j = before.derive(old, next, refs)
	}
	j.snapshot = weak.Make(next)
	v.past.Store(before)
	v.now.Store(j)
}

// judgeAll evaluates a whole catalog. Entities never change, so those that the old one has too, if there is one,
// need no evaluation.
func judgeAll(next *catalog.Snapshot, rules *Rules, old *catalog.Snapshot, before *judged) *judged {
	j := &judged{rules: rules, matches: map[*catalog.Entity]mask{}}
	var known []*catalog.Entity // sorted by ref, as are those of next
	if old != nil {
		known = slices.Collect(old.As(catalog.Everything{}).All())
	}
	for e := range next.As(catalog.Everything{}).All() {
		for len(known) > 0 && known[0].Ref.Compare(e.Ref) < 0 {
			known = known[1:]
		}
		if len(known) > 0 && known[0] == e && !before.failed(e) {
			j.put(e, before.matches[e])
			continue
		}
		j.judge(e)
	}
	j.sum()
	return j
}

// derive judges what is new only.
func (j *judged) derive(before, next *catalog.Snapshot, refs []catalog.Ref) *judged {
	out := &judged{rules: j.rules, matches: maps.Clone(j.matches), failures: slices.Clone(j.failures)}
	old, now := before.As(catalog.Everything{}), next.As(catalog.Everything{})
	for _, ref := range refs {
		if e, found := old.Get(ref); found {
			delete(out.matches, e)
		}
		out.failures = slices.DeleteFunc(out.failures, func(f Failure) bool { return f.Entity == ref })
	}
	for _, ref := range refs {
		if e, found := now.Get(ref); found {
			out.judge(e)
		}
	}
	out.sum()
	return out
}

func (j *judged) judge(e *catalog.Entity) {
	j.put(e, j.rules.match(e, func(rule int, err error) {
		if len(j.failures) < maxFailures {
			j.failures = append(j.failures, Failure{j.rules.rules[rule].Name, e.Ref, err})
		}
	}))
}

func (j *judged) put(e *catalog.Entity, m mask) {
	if m != 0 {
		j.matches[e] = m
	}
}

func (j *judged) failed(e *catalog.Entity) bool {
	return slices.ContainsFunc(j.failures, func(f Failure) bool { return f.Entity == e.Ref })
}

// sum counts what each rule matches.
func (j *judged) sum() {
	j.counts, j.any = make([]int, len(j.rules.rules)), 0
	for _, m := range j.matches {
		j.any |= m
		for i := range j.counts {
			if m&bit(i) != 0 {
				j.counts[i]++
			}
		}
	}
}

// Viewer gives what an actor may see.
func (v *Visibility) Viewer(actor Actor) catalog.Viewer { return viewer{v, actor.User} }

// viewer is a person who looks at no catalog in particular yet.
type viewer struct {
	visibility *Visibility
	user       catalog.Ref
}

// Of implements catalog.Binder: the catalog under its own rules, seen by who the present catalog says the person is.
func (w viewer) Of(s *catalog.Snapshot) catalog.Viewer {
	now := w.visibility.now.Load()
	if now == nil || now.rules == nil {
		return nobody{}
	}
	key := weak.Make(s)
	for _, j := range []*judged{now, w.visibility.past.Load()} {
		if j != nil && j.rules != nil && j.snapshot == key {
			return j.as(mine(s, w.user))
		}
	}
	return w.elsewhere(now)
}

// CanSee implements catalog.Viewer for an entity of no catalog in particular.
func (w viewer) CanSee(e *catalog.Entity) bool { return w.elsewhere(w.visibility.now.Load()).CanSee(e) }

// elsewhere is who looks at a catalog that was never followed.
func (w viewer) elsewhere(now *judged) catalog.Viewer {
	if now == nil || now.rules == nil {
		return nobody{}
	}
	present := now.snapshot.Value()
	if present == nil {
		return nobody{}
	}
	refs := mine(present, w.user)
	return &stranger{
		present: present.As(now.as(refs)), everything: present.As(catalog.Everything{}),
		rules: now.rules, denied: now.rules.denies(refs), mine: refs, known: map[*catalog.Entity]bool{},
	}
}

// mine gives a person's own ref and those of the groups that they are a direct member of.
func mine(s *catalog.Snapshot, user catalog.Ref) []catalog.Ref {
	if user.IsZero() {
		return nil
	}
	out := []catalog.Ref{user}
	for _, r := range s.As(catalog.Everything{}).Relations(user, "memberOf") {
		out = append(out, r.Target)
	}
	return out
}

// as gives the viewer of a judged catalog.
func (j *judged) as(mine []catalog.Ref) catalog.Viewer {
	denied := j.rules.denies(mine) & j.any
	if denied == 0 {
		return catalog.Everything{}
	}
	return &seer{judged: j, denied: denied, mine: mine}
}

// seer sees a judged catalog, but for what it is denied.
type seer struct {
	*judged
	denied mask
	mine   []catalog.Ref

	once   sync.Once
	hidden int
}

// CanSee implements catalog.Viewer.
func (s *seer) CanSee(e *catalog.Entity) bool {
	m := s.matches[e] & s.denied
	return m == 0 || s.rules.allowOwner(m, e, s.mine)
}

// Hidden implements catalog.Counter.
func (s *seer) Hidden() int {
	s.once.Do(func() {
		byOwner := s.denied&s.rules.owners != 0
		if known, found := s.judged.hidden.Load(s.denied); found && !byOwner {
			s.hidden, _ = known.(int)
			return
		}
		for e := range s.matches {
			if !s.CanSee(e) {
				s.hidden++
			}
		}
		if !byOwner {
			s.judged.hidden.Store(s.denied, s.hidden)
		}
	})
	return s.hidden
}

// allowOwner reports whether all rules of m let owners see, and e is owned by one of mine.
func (r *Rules) allowOwner(m mask, e *catalog.Entity, mine []catalog.Ref) bool {
	return m&^r.owners == 0 && slices.ContainsFunc(e.Declares, func(rel catalog.Relation) bool {
		return rel.Type == "ownedBy" && slices.Contains(mine, rel.Target)
	})
}

// stranger sees a catalog that was never followed, such as one of the past: an entity of it must be visible under
// the present rules as it is there, and as it is at present. It is made for one question.
type stranger struct {
	present, everything catalog.View
	rules               *Rules
	denied              mask
	mine                []catalog.Ref

	mu    sync.Mutex
	known map[*catalog.Entity]bool
}

// CanSee implements catalog.Viewer.
func (s *stranger) CanSee(e *catalog.Entity) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sees, judged := s.known[e]
	if !judged {
		sees = s.judge(e)
		s.known[e] = sees
	}
	return sees
}

func (s *stranger) judge(e *catalog.Entity) bool {
	if _, exists := s.everything.Get(e.Ref); exists {
		if _, seen := s.present.Get(e.Ref); !seen {
			return false
		}
	}
	m := s.rules.match(e, func(int, error) {}) & s.denied
	return m == 0 || s.rules.allowOwner(m, e, s.mine)
}

// nobody sees nothing.
type nobody struct{}

// CanSee always reports false.
func (nobody) CanSee(*catalog.Entity) bool { return false }
