package sqldb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// What SQLite's files begin with (https://www.sqlite.org/fileformat.html). The last byte of the -wal
// file's says which byte order its checksums have, so it is left out.
const (
	databaseMagic = "SQLite format 3\x00"
	walMagic      = "\x37\x7f\x06"
)

// openFile is a file as it was when SQLite opened it.
type openFile struct {
	path  string
	info  fs.FileInfo
	magic string
	own   *os.File // open for reading; nil without magic
}

// watchFile remembers a file that SQLite has just opened. One with magic stays open, and may be closed
// only after SQLite has closed it: closing any descriptor of a file drops the process's POSIX locks on it.
func watchFile(path, magic string) (*openFile, error) {
	f := &openFile{path: path, magic: magic}
	var err error
	if magic != "" {
		if f.own, err = os.Open(path); err != nil { //nolint:gosec // below the operator's own folder
			return nil, err
		}
	}
	if f.info, err = os.Stat(path); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *openFile) close() error {
	if f == nil || f.own == nil {
		return nil
	}
	return f.own.Close()
}

// check reports what somebody else did to the file since.
func (f *openFile) check() error {
	now, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.lost("deleted")
	case err != nil:
		return fmt.Errorf("database file %s: %w", f.path, err)
	case !os.SameFile(f.info, now):
		return f.lost("replaced")
	case f.magic == "" || now.Size() == 0 && f.magic == walMagic: // SQLite empties its log now and then
		return nil
	}
	start := make([]byte, len(f.magic))
	if _, err := f.own.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("database file %s: %w", f.path, err)
	}
	if string(start) != f.magic {
		return f.lost("overwritten")
	}
	return nil
}

// lost says what became of the file. What was open goes on working, which helps nobody: the next start
// would find something else.
func (f *openFile) lost(how string) error {
	return &LostError{f.path, how}
}
