package docstest

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"iter"
	"path"

	"callboard/catalog/docs"
)

// Tree lists a file system as it is now, reading every file for its hash.
func Tree(files fs.FS, revision string) (docs.Tree, error) {
	hashes, kinds := map[string]string{}, map[string]docs.Kind{}
	folders, names := map[string][]string{}, map[string][]string{}
	var list func(dir string) (string, error)
	list = func(dir string) (string, error) {
		entries, err := fs.ReadDir(files, dir)
		if err != nil {
			return "", err
		}
		sum := sha256.New()
		for _, entry := range entries {
			name := path.Join(dir, entry.Name())
			hash := ""
			switch {
			case entry.IsDir():
				folders[dir] = append(folders[dir], entry.Name())
				kinds[name] = docs.AFolder
				hash, err = list(name)
			case entry.Type().IsRegular():
				names[dir] = append(names[dir], entry.Name())
				kinds[name] = docs.AFile
				var data []byte
				data, err = fs.ReadFile(files, name)
				digest := sha256.Sum256(data)
				hash = hex.EncodeToString(digest[:])
			case entry.Type()&fs.ModeSymlink != 0:
				names[dir] = append(names[dir], entry.Name())
				kinds[name] = docs.ALink
			}
			if err != nil {
				return "", err
			}
			hashes[name] = hash
			_, _ = sum.Write([]byte(entry.Name() + " " + hash + "\n"))
		}
		return hex.EncodeToString(sum.Sum(nil)), nil
	}
	root, err := list(".")
	hashes["."], kinds["."] = root, docs.AFolder
	return docs.Tree{
		FS: files, Revision: revision,
		Hash: func(name string) (string, docs.Kind) { return hashes[name], kinds[name] },
		Folders: func(dir string) iter.Seq2[string, string] {
			return func(yield func(string, string) bool) {
				for _, name := range folders[dir] {
					if !yield(name, hashes[path.Join(dir, name)]) {
						return
					}
				}
			}
		},
		List: func(dir string) ([]string, []string) { return folders[dir], names[dir] },
	}, err
}
