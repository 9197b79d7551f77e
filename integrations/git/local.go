package git

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// findLocal finds the folders of a repository on this machine: bare, with a .git folder, or a linked
// worktree, whose .git is a file that points elsewhere. common is empty unless objects and branches
// are in another folder than HEAD.
func findLocal(path string) (dir, common string, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", "", fail(ErrNotFound, "there is no such folder on this machine")
	}
	dir = path
	dotgit := filepath.Join(path, ".git")
	if st, err := os.Stat(dotgit); err == nil && st.IsDir() {
		dir = dotgit
	} else if err == nil {
		if dir, err = pointer(dotgit, "gitdir: ", path); err != nil {
			return "", "", err
		}
	}
	if c, err := pointer(filepath.Join(dir, "commondir"), "", dir); err == nil {
		common = c
	}
	objects := dir
	if common != "" {
		objects = common
	}
	if st, err := os.Stat(filepath.Join(objects, "objects")); err != nil || !st.IsDir() {
		return "", "", fail(ErrNotFound, "the folder is not a Git repository")
	}
	return dir, common, nil
}

// pointer reads a file that holds nothing but a path, relative to base.
func pointer(file, prefix, base string) (string, error) {
	const limit = 4096
	st, err := os.Stat(file)
	if err != nil || st.Size() > limit {
		return "", fail(ErrNotFound, "the folder is not a Git repository")
	}
	data, err := os.ReadFile(file) //nolint:gosec // below a folder that the operator names
	if err != nil {
		return "", err
	}
	to, ok := strings.CutPrefix(strings.TrimSpace(string(data)), prefix)
	if !ok {
		return "", fail(ErrNotFound, "the folder is not a Git repository")
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(base, to)
	}
	return to, nil
}

// localTip resolves the branch to read in a repository on this machine.
func localTip(st *filesystem.Storage, branch string) (tip, error) {
	if branch != "" {
		for _, name := range []string{branch, "refs/heads/" + branch, "refs/tags/" + branch, "refs/remotes/origin/" + branch} {
			if !strings.HasPrefix(name, "refs/") {
				continue
			}
			if ref, err := storer.ResolveReference(st, plumbing.ReferenceName(name)); err == nil {
				return localCommit(st, ref)
			}
		}
		return tip{}, fail(ErrBranch, "has no branch or tag %q: %s", oneLine(branch), branches(localRefs(st)))
	}
	if ref, err := storer.ResolveReference(st, plumbing.HEAD); err == nil {
		return localCommit(st, ref)
	}
	refs := localRefs(st)
	if len(refs) == 0 {
		return tip{}, fail(ErrEmpty, "the repository has no commits yet: make one")
	}
	return tip{}, fail(ErrBranch, "its HEAD points to a branch that does not exist: %s", branches(refs))
}

// localCommit follows an annotated tag to its commit. A branch is at a commit, so that a poll without news need not
// read the indexes of all packs.
func localCommit(st *filesystem.Storage, ref *plumbing.Reference) (tip, error) {
	t := tip{name: ref.Name(), want: ref.Hash(), commit: ref.Hash()}
	if !ref.Name().IsTag() {
		return t, nil
	}
	tag, err := object.GetTag(st, ref.Hash())
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return t, nil // a light tag
	}
	if err != nil {
		return t, corrupt(err, "tag %s cannot be read", oneLine(ref.Name().Short()))
	}
	t.commit = tag.Target
	return t, nil
}

func localRefs(st *filesystem.Storage) map[string]plumbing.Hash {
	refs := make(map[string]plumbing.Hash)
	iter, err := st.IterReferences()
	if err != nil {
		return refs
	}
	_ = iter.ForEach(func(r *plumbing.Reference) error {
		if r.Type() == plumbing.HashReference {
			refs[r.Name().String()] = r.Hash()
		}
		return nil
	})
	return refs
}
