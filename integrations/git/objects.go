package git

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

const (
	maxReaders  = 4         // stores open at once per source; each holds an index of its own
	readerCache = 8 << 20   // bytes of delta bases that a store keeps
	maxTree     = 64 << 20  // bytes of one directory's tree object: about 1.5 million names
	maxCommit   = 1 << 20   // bytes of one commit object
	maxObject   = 160 << 20 // bytes of any object that a mirror takes, since indexing holds one in memory
	maxDelta    = 32 << 20  // bytes of an object stored as a difference, which takes it three times
)

// objects reads from one repository's object store: by packs what they know, else by go-git's store. That is for
// one goroutine, so there is a small pool of them; they keep pack files open, which makes reading five times faster.
type objects struct {
	dir    string
	common string // folder that holds the objects, when not dir (linked worktrees)

	access sync.RWMutex // held for writing to open or close packs
	packs  *packs       // nil until something is read

	slots chan struct{}
	mu    sync.Mutex
	idle  []*filesystem.Storage
	gen   int // stores opened before a refresh are not used again
}

func newObjects(dir, common string) *objects {
	return &objects{dir: dir, common: common, slots: make(chan struct{}, min(maxReaders, runtime.GOMAXPROCS(0)))}
}

func openStorage(dir, common string) *filesystem.Storage {
	fs := osfs.New(dir)
	if common != "" {
		fs = dotgit.NewRepositoryFilesystem(fs, osfs.New(common))
	}
	return filesystem.NewStorageWithOptions(fs, cache.NewObjectLRU(readerCache), filesystem.Options{
		KeepDescriptors: true,
		ExclusiveAccess: true, // lists loose objects once, not at every read; a store that misses something is opened anew
	})
}

// with lends a store to f. A panic of the decoder, which hostile or damaged packs have caused in the
// past, becomes an error: it must not end a process that serves other sources.
func (o *objects) with(f func(*filesystem.Storage) error) (err error) {
	o.slots <- struct{}{}
	defer func() { <-o.slots }()
	st, gen := o.take()
	defer func() {
		if r := recover(); r != nil {
			err = failWith(ErrCorrupt, fmt.Errorf("%v", r), "reading an object failed")
		}
		o.give(st, gen, err)
	}()
	return f(st)
}

func (o *objects) take() (*filesystem.Storage, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.idle); n > 0 {
		st := o.idle[n-1]
		o.idle = o.idle[:n-1]
		return st, o.gen
	}
	return openStorage(o.dir, o.common), o.gen
}

// give takes a store back. One that has failed is not used again: the files below it may have changed.
func (o *objects) give(st *filesystem.Storage, gen int, err error) {
	var large *TooLargeError
	o.mu.Lock()
	defer o.mu.Unlock()
	if (err == nil || errors.As(err, &large)) && gen == o.gen {
		o.idle = append(o.idle, st)
		return
	}
	_ = st.Close()
}

// refresh closes what is open, so that new packs are seen and idle sources hold no memory.
func (o *objects) refresh() {
	o.access.Lock()
	if o.packs != nil {
		o.packs.close()
		o.packs = nil
	}
	o.access.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, st := range o.idle {
		_ = st.Close()
	}
	o.idle = nil
	o.gen++
}

// size tells an object's size without inflating it.
func (o *objects) size(h plumbing.Hash) (n int64, err error) {
	err = o.with(func(st *filesystem.Storage) error {
		n, err = st.EncodedObjectSize(h)
		return err
	})
	return n, err
}

// read gives an object's content after its header said that it is small enough. Size alone is
// returned, with a TooLargeError, when it is not. A store that does not know the object is opened
// again once: another process may have packed the repository anew.
func (o *objects) read(h plumbing.Hash, limit int64) ([]byte, error) {
	data, err := o.readPacked(h, limit)
	if !errors.Is(err, errElsewhere) {
		return data, err
	}
	data, err = o.readOnce(h, limit)
	if errors.Is(err, plumbing.ErrObjectNotFound) || errors.Is(err, os.ErrNotExist) {
		data, err = o.readOnce(h, limit)
	}
	return data, err
}

func (o *objects) readPacked(h plumbing.Hash, limit int64) ([]byte, error) {
	o.access.RLock()
	defer o.access.RUnlock()
	for o.packs == nil {
		o.access.RUnlock()
		o.openPacks()
		o.access.RLock()
	}
	return o.packs.read(h, limit)
}

func (o *objects) openPacks() {
	o.access.Lock()
	defer o.access.Unlock()
	if o.packs == nil {
		o.packs = openPacks(filepath.Join(cmp.Or(o.common, o.dir), "objects"))
	}
}

func (o *objects) readOnce(h plumbing.Hash, limit int64) (data []byte, err error) {
	err = o.with(func(st *filesystem.Storage) error {
		data, err = readFrom(st, h, limit)
		return err
	})
	return data, err
}

func readFrom(st *filesystem.Storage, h plumbing.Hash, limit int64) ([]byte, error) {
	size, err := st.EncodedObjectSize(h)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, &TooLargeError{Size: size, Max: limit}
	}
	obj, err := st.EncodedObject(plumbing.AnyObject, h)
	if err != nil {
		return nil, err
	}
	r, err := obj.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data := make([]byte, size)
	_, err = io.ReadFull(r, data)
	return data, err
}
