package git

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"callboard/catalog"
)

// Bounds of blaming a file.
const (
	maxBlameLines = 50_000   // of a file
	maxKeptText   = 32 << 20 // bytes of versions whose lines are remembered
)

// lineAt is a line of the file in question, and where it stands in an older version.
type lineAt struct{ final, here int32 }

// blamer finds which commit wrote each line of a file. Each line is passed on from a commit to the parent that
// has it too, newest commits first, until a commit is reached none of whose parents has it.
type blamer struct {
	*walker
	limit int64 // bytes of a version that are read

	ids    map[string]int32 // of lines that were met
	kept   map[plumbing.Hash][]int32
	volume int // bytes of the versions in kept

	pending map[version][]lineAt
	queue   newestFirst
	guilty  []verdict // by line
}

// version is a file in a commit.
type version struct {
	commit plumbing.Hash
	path   string
}

// verdict is the commit that a line is laid to; cut when the line may be older.
type verdict struct {
	commit plumbing.Hash
	cut    bool
}

// blame gives the verdicts for the file at path in the commit from.
func (w *walker) blame(ctx context.Context, from plumbing.Hash, path string, limit int64) ([]verdict, error) {
	b := &blamer{
		walker: w, limit: limit, ids: make(map[string]int32),
		kept: make(map[plumbing.Hash][]int32), pending: make(map[version][]lineAt),
	}
	blob, err := w.at(ctx, from, path)
	if err != nil {
		return nil, err
	}
	if blob.IsZero() {
		return nil, catalog.ErrNoFile
	}
	lines, err := b.lines(blob)
	if err != nil {
		return nil, err
	}
	if len(lines) > maxBlameLines {
		return nil, fmt.Errorf("the file has %d lines, of which at most %d are looked into", len(lines), maxBlameLines)
	}
	b.guilty = make([]verdict, len(lines))
	all := make([]lineAt, len(lines))
	for i := range all {
		all[i] = lineAt{int32(i), int32(i)}
	}
	if err := b.pass(ctx, version{from, path}, all); err != nil {
		return nil, err
	}
	for len(b.queue) > 0 {
		next, _ := heap.Pop(&b.queue).(visit)
		err := b.judge(ctx, next)
		if spent(err) {
			break // each line stays laid to where it was followed to
		}
		if err != nil {
			return nil, err
		}
	}
	return b.guilty, nil
}

// pass lays lines to a commit, for now.
func (b *blamer) pass(ctx context.Context, to version, lines []lineAt) error {
	if len(lines) == 0 {
		return nil
	}
	c, err := b.commit(ctx, to.commit)
	if err != nil {
		return err
	}
	if b.pending[to] == nil {
		heap.Push(&b.queue, visit{c, to.path})
	}
	b.pending[to] = append(b.pending[to], lines...)
	for _, l := range lines {
		b.guilty[l.final] = verdict{to.commit, true} // until it is judged
	}
	return nil
}

// judge passes the lines laid to a commit on to its parents; those that none of them has are its own.
func (b *blamer) judge(ctx context.Context, c visit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lines := b.pending[version{c.hash, c.path}]
	delete(b.pending, version{c.hash, c.path})
	if b.volume > maxKeptText {
		b.ids, b.kept, b.volume = make(map[string]int32), make(map[plumbing.Hash][]int32), 0
	}
	if parent, found, err := b.same(ctx, c.step, c.path); err != nil || found {
		if err == nil {
			err = b.pass(ctx, version{parent, c.path}, lines)
		}
		return err
	}
	here, err := b.entry(c.tree, c.path)
	if err != nil {
		return err
	}
	if from, found, err := b.moved(ctx, c, here); err != nil || found {
		if err == nil {
			err = b.pass(ctx, from, lines)
		}
		return err
	}
	cut := c.cut
	for _, p := range c.parents {
		there, err := b.at(ctx, p, c.path)
		if err != nil {
			return err
		}
		if there.IsZero() {
			continue
		}
		old, now, err := b.both(there, here)
		if errors.Is(err, ErrTooLarge) || missing(err) {
			cut = true // that version was too large to be kept or read
			continue
		}
		if err != nil {
			return err
		}
		shared, own := split(lines, matchLines(old, now))
		if err := b.pass(ctx, version{p, c.path}, shared); err != nil {
			return err
		}
		lines = own
	}
	for _, l := range lines {
		b.guilty[l.final] = verdict{c.hash, cut}
	}
	return nil
}

func (b *blamer) both(there, here plumbing.Hash) (old, now []int32, err error) {
	if now, err = b.lines(here); err != nil {
		return nil, nil, err
	}
	old, err = b.lines(there)
	return old, now, err
}

// split parts lines into those that an older version has, at their place there, and the rest.
func split(lines []lineAt, match []int32) (shared, own []lineAt) {
	for _, l := range lines {
		if at := match[l.here]; at >= 0 {
			shared = append(shared, lineAt{l.final, at})
		} else {
			own = append(own, l)
		}
	}
	return shared, own
}

// lines gives the lines of a file as numbers: the same number for the same text.
func (b *blamer) lines(blob plumbing.Hash) ([]int32, error) {
	if known, found := b.kept[blob]; found {
		return known, nil
	}
	data, err := readFrom(b.st, blob, b.limit)
	if err != nil {
		return nil, err
	}
	out := make([]int32, 0, bytes.Count(data, []byte{'\n'})+1)
	for line := range bytes.Lines(data) {
		id, known := b.ids[string(line)]
		if !known {
			id = int32(len(b.ids))
			b.ids[string(line)] = id
		}
		out = append(out, id)
	}
	b.volume += len(data)
	b.kept[blob] = out
	return out, nil
}

// visit is a commit to look at, and the path that matters there.
type visit struct {
	*step
	path string
}

// newestFirst is a heap of commits by commit time.
type newestFirst []visit

func (q newestFirst) Len() int           { return len(q) }
func (q newestFirst) Less(i, j int) bool { return q[i].since > q[j].since }
func (q newestFirst) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *newestFirst) Push(x any) {
	if c, ok := x.(visit); ok {
		*q = append(*q, c)
	}
}

// Pop implements heap.Interface.
func (q *newestFirst) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
