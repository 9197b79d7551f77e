package docs

import (
	"io/fs"
	"iter"
	"path"
	"strings"

	"callboard/catalog"
)

// Tree is a source's files at one revision. Its functions answer from a listing, so that looking for
// documentation that is not there reads nothing; paths are slash-separated, "." is the whole tree.
type Tree struct {
	FS       fs.FS // asked only for the content of files
	Revision string
	// Folders gives the names of the folders in a folder with their hashes, in order; nil: every change is one of everything.
	Folders func(dir string) iter.Seq2[string, string]
	Hash    func(name string) (hash string, found Kind) // content hash of a file or folder; equal hashes, equal content
	List    func(dir string) (folders, files []string)  // names in a folder, each sorted; links are among the files
}

// Kind is what there is at a path.
type Kind uint8

// What there can be at a path.
const (
	Nothing Kind = iota
	AFile
	AFolder
	ALink // a symbolic link or submodule, or what lies behind one: never followed
)

func (t Tree) isFile(name string) bool {
	_, found := t.Hash(name)
	return found == AFile
}

func (t Tree) isDir(name string) bool {
	_, found := t.Hash(name)
	return found == AFolder
}

func (t Tree) isLink(name string) bool {
	_, found := t.Hash(name)
	return found == ALink
}

// listing is what there is to read below a folder.
type listing struct {
	pages []string // files of a folder before those of folders in it
	links []string // pages by their name, but only links to them
	more  bool     // there are more pages than were asked for
}

// pages lists the pages below a folder, at most limit of them.
func (t Tree) pages(dir string, limit int) (found listing) {
	var walk func(dir string, depth int)
	walk = func(dir string, depth int) {
		if depth > maxFolderDepth || found.more || !t.isDir(dir) {
			return
		}
		folders, files := t.List(dir)
		for _, name := range files {
			at := path.Join(dir, name)
			switch {
			case !isPage(name):
			case t.isLink(at):
				found.links = append(found.links, at)
			case len(found.pages) == limit:
				found.more = true
				return
			default:
				found.pages = append(found.pages, at)
			}
		}
		for _, name := range folders {
			if !strings.HasPrefix(name, ".") {
				walk(path.Join(dir, name), depth+1)
			}
		}
	}
	walk(dir, 0)
	return found
}

// spot is a file or folder of a source.
type spot struct{ source, path string }

// atlas knows the addresses of all sources, so that a URL finds the source that holds it.
type atlas []address

type address struct{ source, web string }

func newAtlas(sources []catalog.SourceStatus) atlas {
	var out atlas
	for _, s := range sources {
		if s.Web != "" {
			out = append(out, address{s.Name, plainWeb(s.Web)})
		}
	}
	return out
}

func (a atlas) find(url string) (spot, bool) {
	url, _, _ = strings.Cut(url, "#")
	url, _, _ = strings.Cut(url, "?")
	plain := plainWeb(strings.TrimSuffix(url, "/") + "/")
	for _, known := range a {
		if rest, found := strings.CutPrefix(plain, known.web); found {
			name := path.Clean(strings.Trim(rest, "/"))
			return spot{known.source, name}, fs.ValidPath(name)
		}
	}
	return spot{}, false
}

// plainWeb makes the addresses comparable under which forges show one and the same file.
func plainWeb(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, file, _ := strings.Cut(rest, "/")
	for _, view := range []string{"/-/blob/", "/-/tree/", "/-/raw/", "/-/edit/", "/blob/", "/tree/", "/raw/", "/edit/", "/src/branch/"} {
		if before, after, found := strings.Cut(file, view); found {
			file = before + "//" + after
			break
		}
	}
	return strings.ToLower(scheme+"://"+host) + "/" + file
}

// within joins a folder and a relative path that must not leave it.
func within(dir, name string) (string, bool) {
	if strings.HasPrefix(name, "/") || strings.Contains(name, "\\") {
		return "", false
	}
	joined := path.Clean(name)
	if joined == ".." || strings.HasPrefix(joined, "../") {
		return "", false
	}
	joined = path.Join(dir, joined)
	return joined, fs.ValidPath(joined)
}
