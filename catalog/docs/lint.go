package docs

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"callboard/catalog"
)

// Lint judges the documentation of entities that were read from the files of one repository. It gives the
// problems of each, pages included; those of a page on several shelves go to the first of them. What lies in
// another repository is not judged.
func Lint(files fs.FS, entities []*catalog.Entity) map[*catalog.Entity][]catalog.Problem {
	documents := make([]*catalog.Document, len(entities))
	for i, e := range entities {
		documents[i] = &catalog.Document{Ref: e.Ref, Entity: e, Origin: e.Origin, Holds: true}
	}
	f := newFinder(Present{
		Snapshot: catalog.NewSnapshot(catalog.Contents{Documents: documents}),
		Trees:    map[string]Tree{"": onDisk(files)},
	})
	f.alone = true
	out := map[*catalog.Entity][]catalog.Problem{}
	judged := map[PageKey]bool{}
	for _, e := range entities {
		if !concerned(e) {
			continue
		}
		shelf, _ := f.find(e)
		out[e] = shelf.Problems
		for _, file := range shelf.Files {
			if !judged[file.PageKey] {
				judged[file.PageKey] = true
				out[e] = append(out[e], readPage(f.trees[file.Source], file, e.Ref).Problems...)
			}
		}
	}
	return out
}

// onDisk is a Tree whose hashes say nothing about content, for looking once.
func onDisk(files fs.FS) Tree {
	return Tree{
		FS: capped{files},
		Hash: func(name string) (string, Kind) {
			for i := range len(name) + 1 { // a link on the way counts as one
				if i < len(name) && name[i] != '/' {
					continue
				}
				info, err := fs.Lstat(files, name[:i])
				switch {
				case err != nil:
					return "", Nothing
				case info.Mode()&fs.ModeSymlink != 0:
					return "", ALink
				case i < len(name) && info.IsDir():
				case info.IsDir():
					return name, AFolder
				case i == len(name) && info.Mode().IsRegular():
					return name, AFile
				default:
					return "", Nothing
				}
			}
			return "", Nothing
		},
		List: func(dir string) (folders, names []string) {
			entries, err := fs.ReadDir(files, dir)
			if err != nil {
				return nil, nil
			}
			for _, entry := range entries {
				switch {
				case !entry.IsDir():
					names = append(names, entry.Name())
				case !hasGit(files, path.Join(dir, entry.Name())):
					folders = append(folders, entry.Name())
				}
			}
			return folders, names
		},
	}
}

// hasGit reports whether a folder is a repository of its own, such as a submodule.
func hasGit(files fs.FS, dir string) bool {
	_, err := fs.Lstat(files, path.Join(dir, ".git"))
	return err == nil || strings.HasSuffix(dir, "/.git") || dir == ".git"
}

// maxLintBytes is the size of the largest file that is opened at all, as it is of a source by default.
const maxLintBytes = 5 << 20

// capped refuses files that are too large to be read whole.
type capped struct{ fs.FS }

// Open implements fs.FS.
func (c capped) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > maxLintBytes {
		err = &fs.PathError{Op: "read", Path: name, Err: errors.New("it has " + strconv.FormatInt(info.Size()>>20, 10) + " MiB")}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
