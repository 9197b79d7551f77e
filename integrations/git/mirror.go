package git

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

const (
	mirrorSection = "callboard"  // of the mirror's config file
	filterOption  = "blob-limit" // larger blobs were not asked for
	depthOption   = "depth"

	maxPacks   = 100    // a mirror of more is built anew, since every lookup asks each pack
	maxWalk    = 20_000 // commits looked at to tell a push from a rewritten history
	newSuffix  = ".new"
	oldSuffix  = ".old"
	mirrorMode = 0o700
)

// errRewritten says that the old head is not in the history of the new one.
var errRewritten = errors.New("history was rewritten")

// tip is what a remote's branch points to.
type tip struct {
	name   plumbing.ReferenceName
	want   plumbing.Hash // to ask for: a tag object, or the commit
	commit plumbing.Hash
}

// mirror is a bare repository in a folder, with the history of one branch of one remote.
type mirror struct {
	dir       string
	head      plumbing.Hash // zero for one that has nothing yet
	blobLimit int64         // 0: it holds all blobs
}

// recoverMirror brings the folders to a state that a crash may have left them out of.
func recoverMirror(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if err := os.Rename(dir+oldSuffix, dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.RemoveAll(dir + newSuffix); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "tmp_pack_*"))
	if err != nil {
		return err
	}
	for _, f := range left {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir + oldSuffix)
}

// openMirror reads what a mirror holds. It gives nil when there is none, or when it is of no use:
// of another remote, with another depth or filter than wanted, damaged, or of too many packs.
func (s *Source) openMirror() *mirror {
	m := s.lookMirror()
	if m == nil {
		return nil
	}
	st := openStorage(m.dir, "")
	defer func() { _ = st.Close() }()
	if !has(st, m.head) {
		return nil
	}
	return m
}

// lookMirror is openMirror without looking into the packs, which takes long for large ones.
func (s *Source) lookMirror() *mirror {
	m := &mirror{dir: s.cfg.mirrorDir()}
	if _, err := os.Stat(filepath.Join(m.dir, "HEAD")); err != nil {
		return nil
	}
	st := openStorage(m.dir, "")
	defer func() { _ = st.Close() }()
	cfg, err := st.Config()
	if err != nil || cfg.Remotes["origin"] == nil || !slices.Equal(cfg.Remotes["origin"].URLs, []string{s.at.String()}) {
		return nil
	}
	section := cfg.Raw.Section(mirrorSection)
	if section.Option(depthOption) != strconv.Itoa(s.cfg.Depth) {
		return nil
	}
	if v := section.Option(filterOption); v != "" {
		if m.blobLimit, err = strconv.ParseInt(v, 10, 64); err != nil || m.blobLimit < s.limits.WideFileBytes {
			return nil
		}
	}
	packs, err := st.ObjectPacks()
	if err != nil || len(packs) > maxPacks {
		return nil
	}
	head, err := st.Reference(plumbing.HEAD)
	if err == nil && head.Type() == plumbing.SymbolicReference {
		head, err = st.Reference(head.Target())
	}
	if err != nil {
		return nil
	}
	m.head = head.Hash()
	return m
}

// createMirror makes an empty mirror beside the one in use.
func (s *Source) createMirror(adv *packp.AdvRefs) (*mirror, error) {
	m := &mirror{dir: s.cfg.mirrorDir() + newSuffix}
	if err := os.RemoveAll(m.dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(m.dir, "objects", "pack"), mirrorMode); err != nil {
		return nil, err
	}
	st := openStorage(m.dir, "")
	defer func() { _ = st.Close() }()
	if err := st.Init(); err != nil {
		return nil, err
	}
	cfg := config.NewConfig()
	cfg.Core.IsBare = true
	cfg.Remotes["origin"] = &config.RemoteConfig{Name: "origin", URLs: []string{s.at.String()}}
	cfg.Raw.Section(mirrorSection).SetOption(depthOption, strconv.Itoa(s.cfg.Depth))
	if adv.Capabilities.Supports(capability.Filter) {
		m.blobLimit = s.limits.WideFileBytes
		cfg.Raw.Section(mirrorSection).SetOption(filterOption, strconv.FormatInt(m.blobLimit, 10))
	}
	return m, st.SetConfig(cfg)
}

// publish puts a new mirror in the place of the old one. A crash in between is undone by recoverMirror.
func (s *Source) publish(m *mirror) error {
	final := s.cfg.mirrorDir()
	if err := os.RemoveAll(final + oldSuffix); err != nil {
		return err
	}
	if err := os.Rename(final, final+oldSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(m.dir, final); err != nil {
		return err
	}
	m.dir = final
	return os.RemoveAll(final + oldSuffix)
}

// fetch brings one tip into the mirror: the pack first, then the boundary of its history, then the
// ref, so that a crash at any point leaves a mirror that holds what its head needs.
func (m *mirror) fetch(ctx context.Context, s *Source, sess session, adv *packp.AdvRefs, to tip, meter *meter) error {
	st := openStorage(m.dir, "")
	defer func() { _ = st.Close() }()
	shallow, err := st.Shallow()
	if err != nil {
		return err
	}
	depth, have := max(0, s.cfg.Depth), []plumbing.Hash(nil)
	if !m.head.IsZero() {
		depth, have = 0, []plumbing.Hash{m.head} // the history grows from where it is
	}
	req := packRequest(adv, to.want, have, shallow, depth, m.blobLimit)
	resp, err := sess.pack(ctx, req)
	if err != nil {
		return err
	}
	tmp, err := download(resp, req, filepath.Join(m.dir, "objects", "pack"))
	_ = resp.Close()
	if err != nil {
		return err
	}
	meter.pause()
	n, err := install(ctx, tmp, s.limits)
	if err != nil {
		return err
	}
	s.stats.Objects = n
	if len(resp.Shallows) > 0 {
		if err := st.SetShallow(append(shallow, resp.Shallows...)); err != nil {
			return err
		}
	}
	return m.advance(to)
}

// advance checks that the tip is here and descends from the head, and makes it the head.
func (m *mirror) advance(to tip) error {
	st := openStorage(m.dir, "") // a new one, which sees the new pack
	defer func() { _ = st.Close() }()
	if !has(st, to.commit) {
		return fail(ErrProtocol, "did not send the commit %s that it announced", to.commit)
	}
	if !m.head.IsZero() && !descends(st, to.commit, m.head) {
		return errRewritten
	}
	if err := st.SetReference(plumbing.NewHashReference(to.name, to.commit)); err != nil {
		return err
	}
	if err := st.SetReference(plumbing.NewSymbolicReference(plumbing.HEAD, to.name)); err != nil {
		return err
	}
	m.head = to.commit
	return nil
}

// has reports whether a store holds an object. (go-git's HasEncodedObject takes a missing loose object
// for an error when the store has exclusive access.)
func has(st *filesystem.Storage, h plumbing.Hash) bool {
	_, err := st.EncodedObjectSize(h)
	return err == nil
}

// descends reports whether old is in the history of head, as far as it is known here.
func descends(st *filesystem.Storage, head, old plumbing.Hash) bool {
	queue, seen := []plumbing.Hash{head}, map[plumbing.Hash]bool{head: true}
	for len(queue) > 0 && len(seen) < maxWalk {
		h := queue[0]
		queue = queue[1:]
		if h == old {
			return true
		}
		c, err := object.GetCommit(st, h)
		if err != nil {
			continue // beyond the kept history
		}
		for _, p := range c.ParentHashes {
			if !seen[p] {
				seen[p] = true
				queue = append(queue, p)
			}
		}
	}
	return false
}

// pick finds the branch to read among a remote's refs.
func pick(adv *packp.AdvRefs, branch string) (tip, error) {
	if branch == "" {
		return pickHead(adv)
	}
	for _, name := range []string{branch, "refs/heads/" + branch, "refs/tags/" + branch} {
		if h, ok := adv.References[name]; ok && strings.HasPrefix(name, "refs/") {
			return tipOf(adv, name, h), nil
		}
	}
	return tip{}, fail(ErrBranch, "has no branch or tag %q: %s", oneLine(branch), branches(adv.References))
}

// pickHead resolves the default branch; servers older than Git 1.8 do not name it.
func pickHead(adv *packp.AdvRefs) (tip, error) {
	for _, v := range adv.Capabilities.Get(capability.SymRef) {
		if name, ok := strings.CutPrefix(v, "HEAD:"); ok {
			if h, ok := adv.References[name]; ok {
				return tipOf(adv, name, h), nil
			}
			return tip{}, fail(ErrBranch, "its default branch %q does not exist: %s", oneLine(name), branches(adv.References))
		}
	}
	if adv.Head != nil {
		for _, name := range append([]string{"refs/heads/main", "refs/heads/master"}, sortedBranches(adv.References)...) {
			if adv.References[name] == *adv.Head {
				return tipOf(adv, name, *adv.Head), nil
			}
		}
	}
	return tip{}, fail(ErrBranch, "has no default branch: %s", branches(adv.References))
}

func tipOf(adv *packp.AdvRefs, name string, h plumbing.Hash) tip {
	t := tip{name: plumbing.ReferenceName(name), want: h, commit: h}
	if peeled, ok := adv.Peeled[name]; ok {
		t.commit = peeled
	}
	return t
}

func sortedBranches(refs map[string]plumbing.Hash) []string {
	var names []string
	for name := range refs {
		if strings.HasPrefix(name, "refs/heads/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// branches says what there is, for an operator who has to choose.
func branches(refs map[string]plumbing.Hash) string {
	names := sortedBranches(refs)
	if len(names) == 0 {
		return "it has no branches at all"
	}
	const show = 5
	text := make([]string, 0, show)
	for _, n := range names[:min(show, len(names))] {
		text = append(text, oneLine(strings.TrimPrefix(n, "refs/heads/")))
	}
	more := ""
	if len(names) > show {
		more = " and " + strconv.Itoa(len(names)-show) + " more"
	}
	return "it has " + strings.Join(text, ", ") + more + "; set ref"
}
