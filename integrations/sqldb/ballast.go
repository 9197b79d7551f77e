package sqldb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

const ballastSize = 16 << 20

// ballast is a file that does nothing but occupy space, so that there is some to give back when
// the disk is full: SQLite then cannot even delete rows.
type ballast struct {
	path string
	size int64
	mu   sync.Mutex
}

func newBallast(dir string, size int64) *ballast {
	if size == 0 {
		size = ballastSize
	}
	return &ballast{path: filepath.Join(dir, "callboard.ballast"), size: size}
}

// restore creates the file if it is missing. It wants twice the space free, so that it does not
// itself fill the disk; when there is less, or the disk fills up meanwhile, it gives ErrFull and
// leaves no file. With the file there, ErrFull says that next to nothing is free: mirrors and the index
// of the documentation have no ballast.
func (b *ballast) restore() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var disk syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(b.path), &disk); err != nil {
		return err
	}
	free, exists := int64(disk.Bavail)*disk.Bsize, b.exists()
	switch {
	case exists && free >= b.size/16:
		return nil
	case exists || free < 2*b.size:
		return ErrFull
	}
	part := b.path + ".part"
	err := errors.Join(writeZeros(part, b.size), os.Rename(part, b.path))
	if err == nil {
		return nil
	}
	_ = os.Remove(part) // it may not even exist
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ErrFull
	}
	return err
}

// release deletes the file and reports whether that gave space back.
func (b *ballast) release() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return os.Remove(b.path) == nil
}

func (b *ballast) exists() bool {
	_, err := os.Stat(b.path)
	return !errors.Is(err, fs.ErrNotExist)
}

// writeZeros allocates the blocks for real: a file with holes would give nothing back.
func writeZeros(path string, size int64) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // below the operator's own folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	block := make([]byte, 1<<20)
	for size > 0 {
		n, err := file.Write(block[:min(size, int64(len(block)))])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}
