package catalog

import (
	"context"
	"errors"
	"time"
)

// History is the past of the catalog's sources, as deep as their local copies go. It asks no remote.
// Every method may read much from the disk: callers set a deadline on ctx, after which the work goes on for a
// while, so that the same question asked again is answered from memory.
type History interface {
	// At gives the commit that was the newest of the source's branch at a moment. The error for a time before
	// the beginning is a *BeginningError, that for an unknown commit ErrNoCommit, that for
	// the beginning of several hashes ErrManyCommits.
	At(ctx context.Context, source string, m Moment) (Commit, error)
	// Depth says how far back the history of the source's branch goes.
	Depth(ctx context.Context, source string) (Depth, error)
	// Log gives the newest commits of the branch that changed the file or folder at path, newest first and at
	// most limit. The path "" is the whole repository.
	Log(ctx context.Context, source, path string, limit int) ([]Commit, error)
	// Blame says for each line of a file, as it was at a revision, which commit wrote it.
	Blame(ctx context.Context, source, revision, path string) (Blame, error)
	// File gives the content of a file at a revision. The error for one that was not there is
	// ErrNoFile.
	File(ctx context.Context, source, revision, path string) ([]byte, error)
}

// ErrNoHistory says that nothing at all is known of a source's past, such as when its repository is
// gone and no copy was ever made.
var ErrNoHistory = errors.New("there is no history of this source")

// ErrNoCommit says that a source's branch never pointed to a commit, as far as its history is known.
var ErrNoCommit = errors.New("no such commit")

// ErrManyCommits says that the beginning of a hash is that of several commits.
var ErrManyCommits = errors.New("several commits fit")

// ErrNoFile says that a revision has no such file.
var ErrNoFile = errors.New("this revision has no such file")

// Moment is a point in the past: a time, or a commit.
type Moment struct {
	Time   time.Time
	Commit string // a hash or the beginning of one, in lower case; then Time says nothing
}

// Commit is one change of a source's repository.
type Commit struct {
	Revision string
	Author   string // one line
	Email    string
	When     time.Time // when it was written
	Since    time.Time // when it was committed, from which on the branch showed it
	Subject  string    // first line of the message
	Cut      bool      // older history is not here: what is laid to this commit may be older
}

// Depth is how far back a history goes.
type Depth struct {
	Oldest Commit
	Cut    bool // the repository has older commits than Oldest, but they are not here
}

// BeginningError says that a moment lies before all that is known of a source.
type BeginningError struct{ Depth Depth }

// Error says how far back the history goes.
func (e *BeginningError) Error() string {
	text := "the history begins at " + e.Depth.Oldest.Since.UTC().Format("2006-01-02 15:04 UTC")
	if e.Depth.Cut {
		text += ": older commits are not kept here"
	}
	return text
}

// Blame tells of each line of a file which commit wrote it.
type Blame struct {
	Commits []Commit
	Lines   []int32 // index in Commits, line by line
}

// Line gives the commit that wrote a line, counted from 1; false when the file has no such line.
func (b Blame) Line(n int) (Commit, bool) {
	if n < 1 || n > len(b.Lines) {
		return Commit{}, false
	}
	return b.Commits[b.Lines[n-1]], true
}

// Past is the catalog as it was at a moment.
type Past struct {
	Catalog *Snapshot
	When    time.Time // of a moment that is a commit, when that was committed
	Sources []PastSource
}

// PastSource says what a source gave to a Past.
type PastSource struct {
	Name   string
	Commit Commit // that the source was at; its Revision is empty when it gave nothing
	Depth  Depth  // zero when nothing is known of the source's history
	Err    error  // why it gave nothing: a *BeginningError, or what went wrong
}
