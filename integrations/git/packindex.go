package git

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/go-git/go-git/v5/plumbing"
)

// packIndex is the index of a pack as it is on disk, version 2, which is all that Git has written since 2007:
//
//	magic · version · 256 counts · names · checksums · places · far places · checksums of pack and index
//
// The counts say how many names begin with at most that byte; the names are sorted. A place with its high bit
// set is a number among the far ones. https://git-scm.com/docs/gitformat-pack#_version_2_pack_idx_files_support_packs_larger_than_4_gib_and
type packIndex struct {
	counts, names, places, far []byte
}

const (
	indexMagic = "\xfftOc\x00\x00\x00\x02"
	hashSize   = len(plumbing.Hash{})
)

var errIndex = errors.New("malformed pack index")

// parseIndex keeps data.
func parseIndex(data []byte) (*packIndex, error) {
	const counts = 4 * 256
	rest, found := bytes.CutPrefix(data, []byte(indexMagic))
	if !found || len(rest) < counts+2*hashSize {
		return nil, errIndex
	}
	x := &packIndex{counts: rest[:counts]}
	rest = rest[counts : len(rest)-2*hashSize]
	for i := 1; i < 256; i++ {
		if x.below(i) > x.below(i+1) {
			return nil, errIndex
		}
	}
	n := x.below(256)
	if len(rest) < n*(hashSize+4+4) {
		return nil, errIndex
	}
	x.names, rest = rest[:n*hashSize], rest[n*(hashSize+4):]
	x.places, x.far = rest[:4*n], rest[4*n:]
	return x, nil
}

// below is how many names begin with a byte less than first.
func (x *packIndex) below(first int) int {
	if first == 0 {
		return 0
	}
	return int(binary.BigEndian.Uint32(x.counts[4*(first-1):]))
}

// find tells where in the pack an object stands.
func (x *packIndex) find(h plumbing.Hash) (at int64, found bool) {
	low, high := x.below(int(h[0])), x.below(int(h[0])+1)
	for low < high {
		middle := (low + high) / 2
		switch order := bytes.Compare(h[:], x.names[middle*hashSize:(middle+1)*hashSize]); {
		case order == 0:
			return x.place(middle)
		case order < 0:
			high = middle
		default:
			low = middle + 1
		}
	}
	return 0, false
}

func (x *packIndex) place(i int) (at int64, found bool) {
	near := binary.BigEndian.Uint32(x.places[4*i:])
	if near < 1<<31 {
		return int64(near), true
	}
	far := int(near&(1<<31-1)) * 8
	if far+8 > len(x.far) {
		return 0, false
	}
	place := binary.BigEndian.Uint64(x.far[far:])
	return int64(place & (1<<62 - 1)), place < 1<<62
}
