package ingest_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// bottomless is a file system whose every file goes on for ever.
type bottomless struct {
	fs.FS
	read int
}

func (b *bottomless) Open(name string) (fs.File, error) {
	f, err := b.FS.Open(name)
	return endless{f, b}, err
}

type endless struct {
	fs.File
	fsys *bottomless
}

func (e endless) Read(p []byte) (int, error) {
	copy(p, strings.Repeat("apiVersion: backstage.io/v1alpha1\n", len(p)/34+1))
	e.fsys.read += len(p)
	return len(p), nil
}

func TestLint_ReadsNoMoreThanTheLimit(t *testing.T) {
	root := &bottomless{FS: fstest.MapFS{"big.yaml": {}}}
	limits := ingest.Limits{FileBytes: 4 << 10}
	got := ingest.Lint(root, []ingest.LintFile{{Path: "big.yaml"}}, limits)
	if len(got) != 1 || got[0].Accepted || len(got[0].Problems) != 1 || got[0].Problems[0].Rule != catalog.RuleFile {
		t.Errorf("%+v", got)
	}
	if root.read > 2*limits.FileBytes {
		t.Errorf("%d bytes were read, the limit is %d", root.read, limits.FileBytes)
	}
}
