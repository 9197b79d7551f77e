package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
)

// Commit is a change that Init and Append write.
type Commit struct {
	Author, Email, Message string
	When                   time.Time
	Write                  map[string][]byte // content by path
	Remove                 []string          // paths of files or folders
}

// MainBranch is the branch that Init makes.
const MainBranch = "main"

// Init makes a bare repository in a folder, which must be empty or missing, with the given history.
func Init(dir string, commits []Commit) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fail(ErrConfig, "%s: the folder is not empty", dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, "objects", "pack"), 0o750); err != nil {
		return err
	}
	st := openStorage(dir, "")
	defer func() { _ = st.Close() }()
	if err := st.Init(); err != nil {
		return err
	}
	cfg := config.NewConfig()
	cfg.Core.IsBare = true
	if err := st.SetConfig(cfg); err != nil {
		return err
	}
	main := plumbing.NewBranchReferenceName(MainBranch)
	if err := st.SetReference(plumbing.NewSymbolicReference(plumbing.HEAD, main)); err != nil {
		return err
	}
	return Append(dir, commits...)
}

// Append adds commits to the branch that HEAD of a bare repository points to. Objects go into one
// pack, so that a commit of a hundred thousand files takes seconds; the branch moves last.
func Append(dir string, commits ...Commit) error {
	if len(commits) == 0 {
		return nil
	}
	st := openStorage(dir, "")
	defer func() { _ = st.Close() }()
	head, err := st.Reference(plumbing.HEAD)
	if err != nil {
		return err
	}
	w := &writer{old: st, fresh: memory.NewStorage()}
	var root *folder
	var parents []plumbing.Hash
	switch ref, err := st.Reference(head.Target()); {
	case errors.Is(err, plumbing.ErrReferenceNotFound):
		root = &folder{}
	case err != nil:
		return err
	default:
		c, err := object.GetCommit(st, ref.Hash())
		if err != nil {
			return err
		}
		root, parents = &folder{hash: c.TreeHash}, []plumbing.Hash{ref.Hash()}
	}
	for _, c := range commits {
		h, err := w.commit(root, c, parents)
		if err != nil {
			return err
		}
		parents = []plumbing.Hash{h}
	}
	if err := w.flush(dir); err != nil {
		return err
	}
	return st.SetReference(plumbing.NewHashReference(head.Target(), parents[0]))
}

// writer gathers new objects in memory.
type writer struct {
	old   storer.EncodedObjectStorer
	fresh *memory.Storage
	order []plumbing.Hash
}

// folder is a directory that is being changed. It is read from its tree only when it is touched; hash
// is zero from then on until it is written again.
type folder struct {
	hash  plumbing.Hash
	subs  map[string]*folder
	files map[string]treeEntry
}

func (w *writer) commit(root *folder, c Commit, parents []plumbing.Hash) (plumbing.Hash, error) {
	for _, p := range c.Remove {
		if err := w.change(root, p, func(in *folder, name string) error {
			if _, file := in.files[name]; !file && in.subs[name] == nil {
				return &fs.PathError{Op: "remove", Path: p, Err: fs.ErrNotExist}
			}
			delete(in.files, name)
			delete(in.subs, name)
			return nil
		}); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	for _, p := range slices.Sorted(maps.Keys(c.Write)) {
		if err := w.change(root, p, func(in *folder, name string) error {
			h, err := w.add(plumbing.BlobObject, c.Write[p])
			delete(in.subs, name)
			in.files[name] = treeEntry{mode: "100644", name: name, hash: h}
			return err
		}); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	if _, err := w.tree(root); err != nil {
		return plumbing.ZeroHash, err
	}
	who := object.Signature{Name: c.Author, Email: c.Email, When: c.When}
	obj := &plumbing.MemoryObject{}
	made := &object.Commit{Author: who, Committer: who, Message: c.Message, TreeHash: root.hash, ParentHashes: parents}
	if err := made.Encode(obj); err != nil {
		return plumbing.ZeroHash, err
	}
	return w.keep(obj)
}

// change loads the folders on the way to a path and lets f change the last one.
func (w *writer) change(at *folder, path string, f func(in *folder, name string) error) error {
	if !fs.ValidPath(path) || path == "." {
		return &fs.PathError{Op: "write", Path: path, Err: fs.ErrInvalid}
	}
	for {
		if err := w.load(at); err != nil {
			return err
		}
		first, rest, deeper := strings.Cut(path, "/")
		if !deeper {
			return f(at, first)
		}
		if at.subs[first] == nil {
			at.subs[first] = &folder{}
			delete(at.files, first)
		}
		at, path = at.subs[first], rest
	}
}

func (w *writer) load(d *folder) error {
	if d.subs == nil {
		d.subs, d.files = make(map[string]*folder), make(map[string]treeEntry)
		if !d.hash.IsZero() {
			entries, err := w.entries(d.hash)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if e.isDir() {
					d.subs[e.name] = &folder{hash: e.hash}
				} else {
					d.files[e.name] = e
				}
			}
		}
	}
	d.hash = plumbing.ZeroHash
	return nil
}

// tree writes a folder and all that changed below it; it reports whether anything is in it.
func (w *writer) tree(d *folder) (bool, error) {
	if !d.hash.IsZero() {
		return true, nil
	}
	entries := slices.Collect(maps.Values(d.files))
	for name, sub := range d.subs {
		some, err := w.tree(sub)
		if err != nil {
			return false, err
		}
		if some {
			entries = append(entries, treeEntry{mode: modeDir, name: name, hash: sub.hash})
		}
	}
	slices.SortFunc(entries, func(a, b treeEntry) int { return strings.Compare(a.sortKey(), b.sortKey()) })
	var buf bytes.Buffer
	for _, e := range entries {
		buf.WriteString(e.mode + " " + e.name + "\x00")
		buf.Write(e.hash[:])
	}
	var err error
	d.hash, err = w.add(plumbing.TreeObject, buf.Bytes())
	return len(entries) > 0, err
}

// sortKey orders names as Git does: folders as if they ended in a slash.
func (e treeEntry) sortKey() string {
	if e.isDir() {
		return e.name + "/"
	}
	return e.name
}

func (w *writer) add(t plumbing.ObjectType, data []byte) (plumbing.Hash, error) {
	obj := &plumbing.MemoryObject{}
	obj.SetType(t)
	if _, err := obj.Write(data); err != nil {
		return plumbing.ZeroHash, err
	}
	return w.keep(obj)
}

func (w *writer) keep(obj plumbing.EncodedObject) (plumbing.Hash, error) {
	h := obj.Hash()
	if w.fresh.HasEncodedObject(h) == nil {
		return h, nil
	}
	w.order = append(w.order, h)
	return w.fresh.SetEncodedObject(obj)
}

// entries reads a tree from what is new, else from what was there.
func (w *writer) entries(h plumbing.Hash) ([]treeEntry, error) {
	obj, err := w.fresh.EncodedObject(plumbing.TreeObject, h)
	if err != nil {
		obj, err = w.old.EncodedObject(plumbing.TreeObject, h)
	}
	if err != nil {
		return nil, err
	}
	r, err := obj.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return parseTree(data)
}

// flush writes the gathered objects as one pack, without looking for differences.
func (w *writer) flush(dir string) error {
	f, err := os.CreateTemp(filepath.Join(dir, "objects", "pack"), "tmp_pack_")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = packfile.NewEncoder(f, w.fresh, false).Encode(w.order, 0)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return indexPack(context.Background(), f.Name())
}
