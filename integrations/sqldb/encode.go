package sqldb

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"strings"

	"callboard/catalog"
)

// The body of a catalog_files row is one record: everything of a catalog.File that has no column.
//
//	version byte · head length · text length · head · text · raw · CRC-32 of all before it
//
// head holds numbers and the words that many records share; text the strings of this record alone,
// which head names by place and length; raw the JSON of specs. So a decoded file costs one
// string for all of its text, and documents share their words. The checksum finds pages that were
// damaged without SQLite noticing.
//
// When the format changes, count formatVersion up and empty the table in a migration: the catalog
// comes back from Git.
const (
	formatVersion = 1
	lookBack      = 2048 // bytes of text searched for a string that is already there
)

// Bits that head holds for each document and origin.
const (
	hasEntity = 1 << iota
	isStale
	holdsRef
	sameRef
	sameOrigin
	samePositions
)

const (
	otherSource = 1 << iota
	otherPath
	otherRevision
	otherDoc
)

// encoder writes one record after the other into buffers that it keeps.
type encoder struct {
	head, text, raw, out, packed []byte
	shapes                       map[string]string // packed pointers by the pointers
}

func newEncoder() *encoder { return &encoder{shapes: make(map[string]string)} }

// file packs the inputs and documents of f. The record is valid until the next call.
func (e *encoder) file(f *catalog.File) []byte {
	e.head, e.text, e.raw = e.head[:0], e.text[:0], e.raw[:0]
	e.count(len(f.Inputs), f.Inputs == nil)
	for _, in := range f.Inputs {
		e.str(in.Path)
		e.str(in.Blob)
	}
	e.count(len(f.Documents), f.Documents == nil)
	for i := range f.Documents {
		e.document(&f.Documents[i], catalog.Origin{Source: f.Source, Path: f.Path, Doc: i + 1})
	}
	return e.record()
}

func (e *encoder) record() []byte {
	out := append(e.out[:0], formatVersion)
	out = binary.AppendUvarint(out, uint64(len(e.head)))
	out = binary.AppendUvarint(out, uint64(len(e.text)))
	out = append(out, e.head...)
	out = append(out, e.text...)
	out = append(out, e.raw...)
	e.out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	return e.out
}

func (e *encoder) document(d *catalog.Document, near catalog.Origin) {
	flags := bit(isStale, d.Stale) | bit(holdsRef, d.Holds)
	if d.Entity != nil {
		flags |= hasEntity | bit(sameRef, d.Entity.Ref == d.Ref) | bit(sameOrigin, d.Entity.Origin == d.Origin) |
			bit(samePositions, d.Entity.Positions == d.Positions)
	}
	e.num(flags)
	e.origin(d.Origin, near)
	e.ref(d.Ref)
	e.str(d.Lost)
	e.positions(d.Positions)
	e.count(len(d.Problems), d.Problems == nil)
	for i := range d.Problems {
		e.problem(&d.Problems[i], d.Origin)
	}
	if d.Entity != nil {
		e.entity(d.Entity, d.Origin, flags)
	}
}

func (e *encoder) entity(n *catalog.Entity, near catalog.Origin, flags int) {
	if flags&sameRef == 0 {
		e.ref(n.Ref)
	}
	if flags&sameOrigin == 0 {
		e.origin(n.Origin, near)
	}
	if flags&samePositions == 0 {
		e.positions(n.Positions)
	}
	e.words(n.APIVersion, n.Kind, n.Type, n.Lifecycle)
	e.metadata(&n.Metadata)
	e.json(n.Spec)
	e.count(len(n.Declares), n.Declares == nil)
	for _, r := range n.Declares {
		e.words(r.Type, r.Target.Kind, r.Target.Namespace, r.Target.Name)
	}
}

func (e *encoder) metadata(m *catalog.Metadata) {
	e.str(m.Name)
	e.words(m.Namespace)
	e.str(m.Title)
	e.str(m.Description)
	e.pairs(m.Labels)
	e.pairs(m.Annotations)
	e.count(len(m.Tags), m.Tags == nil)
	e.words(m.Tags...)
	e.count(len(m.Links), m.Links == nil)
	for _, l := range m.Links {
		e.str(l.URL)
		e.str(l.Title)
		e.words(l.Icon, l.Type)
	}
	e.json(m.Extra)
}

func (e *encoder) pairs(p catalog.Pairs) {
	e.count(len(p), p == nil)
	for _, pair := range p {
		e.words(pair.Key)
		e.str(pair.Value)
	}
}

func (e *encoder) problem(p *catalog.Problem, near catalog.Origin) {
	e.origin(p.Origin, near)
	e.num(p.Column)
	e.ref(p.Ref)
	e.words(p.Pointer, string(p.Severity), string(p.Rule))
	e.str(p.Text)
	e.str(p.Value)
	e.str(p.Fix)
}

// ref shares the name with metadata.name, which follows in most records.
func (e *encoder) ref(r catalog.Ref) {
	e.words(r.Kind, r.Namespace)
	e.str(r.Name)
}

// origin leaves out what equals near.
func (e *encoder) origin(o, near catalog.Origin) {
	flags := bit(otherSource, o.Source != near.Source) | bit(otherPath, o.Path != near.Path) |
		bit(otherRevision, o.Revision != near.Revision) | bit(otherDoc, o.Doc != near.Doc)
	e.num(flags)
	e.num(o.Line)
	if flags&otherSource != 0 {
		e.words(o.Source)
	}
	if flags&otherPath != 0 {
		e.str(o.Path)
	}
	if flags&otherRevision != 0 {
		e.words(o.Revision)
	}
	if flags&otherDoc != 0 {
		e.num(o.Doc)
	}
}

// positions writes the pointers and then the places, as one piece: what is written twice the decoder
// unpacks once.
func (e *encoder) positions(p catalog.Positions) {
	pointers, places := p.Split()
	shape, known := e.shapes[pointers]
	if !known {
		shape = packPointers(pointers)
		e.shapes[pointers] = shape
	}
	if places == "" && pointers == "" {
		shape = ""
	}
	packed := binary.AppendUvarint(e.packed[:0], uint64(len(shape)))
	packed = append(packed, shape...)
	packed = append(packed, places...)
	e.packed = packed
	e.num(len(packed))
	e.head = append(e.head, packed...)
}

// packPointers writes each line by what it adds to the line before.
func packPointers(pointers string) string {
	var packed []byte
	previous := ""
	for line := range strings.SplitSeq(pointers, "\n") {
		same := commonPrefix(previous, line)
		packed = binary.AppendUvarint(packed, uint64(same))
		packed = binary.AppendUvarint(packed, uint64(len(line)-same))
		packed = append(packed, line[same:]...)
		previous = line
	}
	return string(packed)
}

// num writes a number of either sign, small ones in one byte.
func (e *encoder) num(n int) { e.head = binary.AppendVarint(e.head, int64(n)) }

// count writes the length of a list, which can be nil.
func (e *encoder) count(n int, isNil bool) {
	if isNil {
		n = -1
	}
	e.num(n)
}

// words writes strings that are likely to occur in other records too.
func (e *encoder) words(list ...string) {
	for _, s := range list {
		e.num(len(s))
		e.head = append(e.head, s...)
	}
}

// str writes a string of this record, once if it is already part of the text.
func (e *encoder) str(s string) {
	e.num(len(s))
	if s == "" {
		return
	}
	from := max(0, len(e.text)-lookBack)
	at := from + bytes.Index(e.text[from:], []byte(s))
	if at < from {
		at = len(e.text)
		e.text = append(e.text, s...)
	}
	e.num(at)
}

func (e *encoder) json(data json.RawMessage) {
	e.count(len(data), data == nil)
	e.raw = append(e.raw, data...)
}

func bit(b int, on bool) int {
	if on {
		return b
	}
	return 0
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
