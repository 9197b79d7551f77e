package git

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// errElsewhere says that packs cannot tell: the object is not in a pack, or not in a form that they read, or
// the pack is damaged. go-git can, or words the error.
var errElsewhere = errors.New("not an object that packs can read")

// packs reads objects from the packs of one repository, for many goroutines at once. It knows what a first
// sync reads a hundred thousand times: whole objects, and differences to an earlier object of the same pack.
// go-git's reader, which finds, seeks and inflates an object for its size and once more for its content, and
// which needs an index for each goroutine, takes twice the time and memory; it reads all the rest.
type packs struct {
	list      []*pack
	inflaters sync.Pool
	bases     baseCache
}

type pack struct {
	file  *os.File
	index *packIndex
}

const maxChain = 4096 // differences upon differences; Git makes at most 50 of its own accord

// openPacks opens the packs in an object folder. One that cannot be read is left to go-git.
func openPacks(objects string) *packs {
	p := &packs{inflaters: sync.Pool{New: func() any { return new(inflater) }}}
	names, _ := filepath.Glob(filepath.Join(objects, "pack", "pack-*.idx")) // fails for bad patterns only
	for _, name := range names[:min(len(names), maxPacks)] {
		if one := openPack(name); one != nil {
			p.list = append(p.list, one)
		}
	}
	return p
}

func openPack(index string) *pack {
	data, err := os.ReadFile(index) //nolint:gosec // of the operator's own repository, or of a mirror
	if err != nil {
		return nil
	}
	parsed, err := parseIndex(data)
	if err != nil {
		return nil
	}
	file, err := os.Open(index[:len(index)-len(".idx")] + ".pack")
	if err != nil {
		return nil
	}
	return &pack{file, parsed}
}

func (p *packs) close() {
	for _, one := range p.list {
		_ = one.file.Close() // it was only read
	}
}

// read gives an object's content, which the caller may change. The error is errElsewhere or a
// *TooLargeError.
func (p *packs) read(h plumbing.Hash, limit int64) (data []byte, err error) {
	defer func() {
		if recover() != nil { // the decoder of differences is go-git's
			data, err = nil, errElsewhere
		}
	}()
	for _, one := range p.list {
		if at, found := one.index.find(h); found {
			return p.object(one, at, limit)
		}
	}
	return nil, errElsewhere
}

// object gives what stands at a place of a pack.
func (p *packs) object(in *pack, at, limit int64) ([]byte, error) {
	inf, _ := p.inflaters.Get().(*inflater)
	defer p.inflaters.Put(inf)
	if known := p.bases.get(baseKey{in, at}); known != nil {
		if int64(len(known)) > limit {
			return nil, &TooLargeError{Size: int64(len(known)), Max: limit}
		}
		return slices.Clone(known), nil
	}
	piece, base, err := inf.piece(in.file, at, limit)
	if err != nil || base == 0 {
		return piece, err
	}
	data, err := p.patch(inf, in, []difference{{at, piece}}, base)
	return slices.Clone(data), err
}

// difference is what stands at a place of a pack instead of an object.
type difference struct {
	at    int64
	delta []byte
}

// patch follows differences to a whole object, and applies them to it. Each object on the way is kept for a
// while, since others are likely to differ from it.
func (p *packs) patch(inf *inflater, in *pack, chain []difference, at int64) ([]byte, error) {
	data := p.bases.get(baseKey{in, at})
	for data == nil {
		piece, base, err := inf.piece(in.file, at, maxDelta)
		switch {
		case err != nil || len(chain) == maxChain:
			return nil, errElsewhere
		case base == 0:
			data = piece
			p.bases.put(baseKey{in, at}, data)
		default:
			chain = append(chain, difference{at, piece})
			at = base
			data = p.bases.get(baseKey{in, at})
		}
	}
	for _, d := range slices.Backward(chain) {
		var err error
		if data, err = packfile.PatchDelta(data, d.delta); err != nil {
			return nil, errElsewhere
		}
		p.bases.put(baseKey{in, d.at}, data)
	}
	return data, nil
}

// inflater unpacks one object after the other.
type inflater struct {
	from io.SectionReader
	in   *bufio.Reader
	z    io.ReadCloser
}

// piece reads what stands at a place of a pack: a whole object, or a difference, for which it also tells where
// the object stands that it differs from. The limit is that of the object, or what a difference makes of it.
func (r *inflater) piece(f *os.File, at, limit int64) (data []byte, base int64, err error) {
	r.from = *io.NewSectionReader(f, at, 1<<62)
	if r.in == nil {
		r.in = bufio.NewReader(&r.from)
	} else {
		r.in.Reset(&r.from)
	}
	kind, size, err := objectHeader(r.in)
	if err != nil {
		return nil, 0, errElsewhere
	}
	switch kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject:
		if size > limit {
			return nil, 0, &TooLargeError{Size: size, Max: limit}
		}
	case plumbing.OFSDeltaObject:
		back, err := backwards(r.in)
		if err != nil || back <= 0 || back >= at || size > maxDelta {
			return nil, 0, errElsewhere
		}
		base = at - back
	default:
		return nil, 0, errElsewhere
	}
	if data, err = r.inflate(size); err != nil {
		return nil, 0, errElsewhere
	}
	if base != 0 {
		err = fits(data, limit)
	}
	return data, base, err
}

// inflate reads to the end of the stream, where its checksum is.
func (r *inflater) inflate(size int64) (data []byte, err error) {
	if r.z == nil {
		r.z, err = zlib.NewReader(r.in)
	} else if again, ok := r.z.(zlib.Resetter); ok {
		err = again.Reset(r.in, nil)
	}
	if err != nil {
		return nil, err
	}
	data = make([]byte, size)
	if _, err := io.ReadFull(r.z, data); err != nil {
		return nil, err
	}
	var more [1]byte
	if n, err := r.z.Read(more[:]); n > 0 || !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("longer than announced: %w", err)
	}
	return data, nil
}

// fits checks the sizes that a difference begins with: of what it differs from, and of what it makes.
func fits(delta []byte, limit int64) error {
	r := bytes.NewReader(delta)
	base, err := binary.ReadUvarint(r)
	if err != nil || base > maxDelta {
		return errElsewhere
	}
	target, err := binary.ReadUvarint(r)
	switch {
	case err != nil || target > 1<<62:
		return errElsewhere
	case int64(target) > limit:
		return &TooLargeError{Size: int64(target), Max: limit}
	case target > maxDelta:
		return errElsewhere
	default:
		return nil
	}
}

// objectHeader reads the type and the unpacked size of what stands in a pack: four bits of the size beside the
// type, seven in each further byte.
func objectHeader(r io.ByteReader) (kind plumbing.ObjectType, size int64, err error) {
	c, err := r.ReadByte()
	kind, size = plumbing.ObjectType(c>>4&7), int64(c&15)
	for shift := 4; err == nil && c >= 0x80; shift += 7 {
		if c, err = r.ReadByte(); shift > 48 {
			return 0, 0, errElsewhere
		}
		size |= int64(c&0x7f) << shift
	}
	return kind, size, err
}

// backwards reads how far before a difference its base stands: seven bits a byte, high ones first, each
// further byte adding one so that no number can be written in two ways.
func backwards(r io.ByteReader) (n int64, err error) {
	c, err := r.ReadByte()
	n = int64(c & 0x7f)
	for err == nil && c >= 0x80 {
		if n >= 1<<48 {
			return 0, errElsewhere
		}
		c, err = r.ReadByte()
		n = (n+1)<<7 | int64(c&0x7f)
	}
	return n, err
}

// baseCache keeps objects that others differ from, in two generations: when the young one is full, it becomes
// the old one, which is forgotten.
type baseCache struct {
	mu         sync.Mutex
	young, old map[baseKey][]byte
	size       int // of the young
}

type baseKey struct {
	pack *pack
	at   int64
}

func (c *baseCache) get(k baseKey) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if data := c.young[k]; data != nil {
		return data
	}
	data := c.old[k]
	if data != nil {
		c.keep(k, data)
	}
	return data
}

func (c *baseCache) put(k baseKey, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(k, data)
}

func (c *baseCache) keep(k baseKey, data []byte) {
	if len(data) > readerCache/4 || c.young[k] != nil {
		return
	}
	if c.size += len(data); c.young == nil || c.size > readerCache {
		c.young, c.old, c.size = make(map[baseKey][]byte), c.young, len(data)
	}
	c.young[k] = data
}
