package sqldb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const lockName = "callboard.lock"

// folderLock keeps other processes out of a data folder. The kernel drops the lock with the
// process, however that ends; the content of the file only tells people who has it.
type folderLock struct{ file *os.File }

// lockFolder takes the folder or gives an *InUseError.
func lockFolder(dir string) (*folderLock, error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator's own folder
	if err != nil {
		return nil, fmt.Errorf("data folder %s cannot be used: %w", dir, err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = lockHolder(dir, file)
	} else if err == nil {
		err = writeHolder(file)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &folderLock{file}, nil
}

// release leaves the file in place: deleting it would let two processes lock two files of that name.
// Closing it would not be enough: a child that is being forked at this moment has it open, too, and
// the lock stays until the last one closes it.
func (l *folderLock) release() error {
	return errors.Join(l.file.Truncate(0), syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}

func writeHolder(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	text := fmt.Sprintf("pid %d\nsince %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	// A full disk must not keep the program from starting; then the lock just has no name on it.
	if _, err := file.WriteAt([]byte(text), 0); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return nil
}

func lockHolder(dir string, file io.Reader) *InUseError {
	held := &InUseError{Dir: dir}
	text, err := io.ReadAll(io.LimitReader(file, 256))
	if err != nil {
		return held
	}
	for line := range bytes.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		switch key {
		case "pid":
			held.PID, _ = strconv.Atoi(value)
		case "since":
			held.Since, _ = time.Parse(time.RFC3339, value)
		}
	}
	return held
}
