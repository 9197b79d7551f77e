package git

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"callboard/catalog/ingest"
)

// Files is one revision of a repository as a file system: regular files and folders, read from the
// object store. It is safe for concurrent use. Modification times are zero, since Git keeps none.
//
// It stays readable while its source fetches newer revisions. After a rewritten history or a damaged
// mirror has made the source start anew, files that were not read before may be missing.
type Files struct {
	root      *ingest.Dir
	objs      *objects
	limits    Limits
	blobLimit int64 // larger blobs are not in the store; 0: all are
	suspect   func()
}

var (
	_ fs.ReadFileFS = (*Files)(nil)
	_ fs.ReadDirFS  = (*Files)(nil)
	_ fs.StatFS     = (*Files)(nil)
)

// Open gives a file of at most Limits.FileBytes, or a folder.
func (f *Files) Open(name string) (fs.File, error) {
	info, err := f.lookup("open", name)
	if err != nil {
		return nil, err
	}
	if info.dir != nil {
		return &openDir{info: info, entries: f.entries(info.dir, name)}, nil
	}
	data, err := f.content(info, f.limits.FileBytes)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	info.size = int64(len(data))
	return &openFile{Reader: bytes.NewReader(data), info: info}, nil
}

// ReadFile gives the content of a file of at most Limits.FileBytes.
func (f *Files) ReadFile(name string) ([]byte, error) { return f.ReadLimit(name, f.limits.FileBytes) }

// ReadLimit gives the content of a file of at most limit bytes, or of Limits.WideFileBytes when that
// is less. The error for a larger one is a *TooLargeError within an *fs.PathError.
func (f *Files) ReadLimit(name string, limit int64) ([]byte, error) {
	info, err := f.lookup("read", name)
	if err == nil && info.dir != nil {
		err = &fs.PathError{Op: "read", Path: name, Err: errors.New("is a folder")}
	}
	if err != nil {
		return nil, err
	}
	data, err := f.content(info, min(limit, f.limits.WideFileBytes))
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// ReadDir lists a folder, sorted by name.
func (f *Files) ReadDir(name string) ([]fs.DirEntry, error) {
	info, err := f.lookup("readdir", name)
	if err == nil && info.dir == nil {
		err = &fs.PathError{Op: "readdir", Path: name, Err: errors.New("is not a folder")}
	}
	if err != nil {
		return nil, err
	}
	return f.entries(info.dir, name), nil
}

// Stat describes a file or folder; the size of a file is read from its object's header.
func (f *Files) Stat(name string) (fs.FileInfo, error) {
	info, err := f.lookup("stat", name)
	if err != nil || info.dir != nil {
		return info, err
	}
	if info.size, err = f.size(info); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return info, nil
}

// lookup finds a name in the listing, which holds only what may be read.
func (f *Files) lookup(op, name string) (*info, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	dir, rest := f.root, name
	if name == "." {
		return &info{name: ".", path: name, dir: dir}, nil
	}
	for {
		first, more, deeper := strings.Cut(rest, "/")
		i, isDir := slices.BinarySearchFunc(dir.Dirs, first, func(s ingest.Sub, n string) int { return strings.Compare(s.Name, n) })
		switch {
		case isDir && deeper:
			dir, rest = dir.Dirs[i].Dir, more
			continue
		case isDir:
			return &info{name: first, path: name, dir: dir.Dirs[i].Dir}, nil
		case !deeper:
			j, isFile := slices.BinarySearchFunc(dir.Files, first, func(b ingest.Blob, n string) int { return strings.Compare(b.Name, n) })
			if isFile {
				return &info{name: first, path: name, hash: dir.Files[j].Hash}, nil
			}
		}
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
}

func (f *Files) content(of *info, limit int64) ([]byte, error) {
	h, ok := parseHash(of.hash)
	if !ok {
		return nil, fs.ErrInvalid
	}
	data, err := f.objs.read(h, limit)
	return data, f.explain(err, of.path, limit)
}

func (f *Files) size(of *info) (int64, error) {
	h, ok := parseHash(of.hash)
	if !ok {
		return 0, fs.ErrInvalid
	}
	n, err := f.objs.size(h)
	return n, f.explain(err, of.path, f.limits.WideFileBytes)
}

// explain tells a file that was left out for its size from a damaged store. The latter is reported
// to the source, which then starts anew.
func (f *Files) explain(err error, path string, limit int64) error {
	var large *TooLargeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return &TooLargeError{Path: path, Size: large.Size, Max: large.Max}
	case errors.Is(err, plumbing.ErrObjectNotFound) && f.blobLimit > 0:
		return &TooLargeError{Path: path, Size: -1, Max: min(limit, f.blobLimit)}
	default:
		f.suspect()
		return failWith(ErrCorrupt, err, "its content is missing or damaged in the local copy; the next fetch repairs it")
	}
}

func (f *Files) entries(dir *ingest.Dir, name string) []fs.DirEntry {
	out := make([]fs.DirEntry, 0, len(dir.Dirs)+len(dir.Files))
	for _, s := range dir.Dirs {
		out = append(out, &entry{info: info{name: s.Name, path: path.Join(name, s.Name), dir: s.Dir}, files: f})
	}
	for _, b := range dir.Files {
		out = append(out, &entry{info: info{name: b.Name, path: path.Join(name, b.Name), hash: b.Hash}, files: f})
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out
}

// info describes a file or folder; it is its own fs.FileInfo.
type info struct {
	name, path string
	dir        *ingest.Dir // nil for a file
	hash       string      // of a file
	size       int64       // of a file, when it is known
}

func (i *info) Name() string       { return i.name }
func (i *info) Size() int64        { return i.size }
func (i *info) ModTime() time.Time { return time.Time{} }
func (i *info) IsDir() bool        { return i.dir != nil }
func (i *info) Sys() any           { return nil }

func (i *info) Mode() fs.FileMode {
	if i.dir != nil {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// entry is a line of ReadDir. The size is looked up only when it is asked for.
type entry struct {
	info  info
	files *Files
}

func (e *entry) Name() string               { return e.info.name }
func (e *entry) IsDir() bool                { return e.info.IsDir() }
func (e *entry) Type() fs.FileMode          { return e.info.Mode().Type() }
func (e *entry) Info() (fs.FileInfo, error) { return e.files.Stat(e.info.path) }
func (e *entry) String() string             { return fs.FormatDirEntry(e) }

type openFile struct {
	*bytes.Reader
	info *info
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	info    *info
	entries []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.path, Err: errors.New("is a folder")}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	out := d.entries[:n]
	d.entries = d.entries[n:]
	return out, nil
}
