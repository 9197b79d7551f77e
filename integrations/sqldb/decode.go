package sqldb

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"strings"

	"callboard/catalog"
)

// errRecord says that a record is not what encoder.file wrote.
var errRecord = errors.New("a catalog record is damaged")

// decoder reads records one after the other. Their words, pointers and places are shared and everything else lies
// side by side in slabs, which keeps 100,000 entities small and quick to read. A decoder belongs to one goroutine.
//
// A malformed record sets err; everything read after that is zero. Nothing in a record makes
// the decoder allocate more than a few hundred times the record's length.
type decoder struct {
	words  map[string]string
	shapes map[string]string // pointers by their packed form

	head []byte
	text string
	raw  []byte
	err  error

	slabs catalog.Slabs
}

func newDecoder() *decoder {
	return &decoder{words: make(map[string]string), shapes: make(map[string]string)}
}

// decodeFile fills in what encoder.file packed; f has its Source and Path already. The record is not
// kept.
func (d *decoder) decodeFile(f *catalog.File, record []byte) error {
	if err := d.open(record); err != nil {
		return err
	}
	f.Inputs = takeList(d, &d.slabs.Inputs)
	for i := range f.Inputs {
		f.Inputs[i] = catalog.Input{Path: d.str(), Blob: d.str()}
	}
	f.Documents = takeList(d, &d.slabs.Documents)
	for i := range f.Documents {
		d.document(&f.Documents[i], catalog.Origin{Source: f.Source, Path: f.Path, Doc: i + 1})
	}
	if len(d.head)+len(d.raw) > 0 {
		d.fail()
	}
	return d.err
}

// open checks the frame and splits the record into its three parts.
func (d *decoder) open(record []byte) error {
	d.err = nil
	body, sum := record, uint32(0)
	if n := len(record) - 4; n >= 1 {
		body, sum = record[:n], binary.LittleEndian.Uint32(record[n:])
	}
	if len(body) == len(record) || crc32.ChecksumIEEE(body) != sum || body[0] != formatVersion {
		return errRecord
	}
	rest := body[1:]
	headLen, n := binary.Uvarint(rest)
	textLen, m := binary.Uvarint(rest[max(n, 0):])
	if n <= 0 || m <= 0 {
		return errRecord
	}
	rest = rest[n+m:]
	if headLen > uint64(len(rest)) || textLen > uint64(len(rest))-headLen {
		return errRecord
	}
	d.head, rest = rest[:headLen], rest[headLen:]
	d.text = d.slabs.Texts.Keep(rest[:textLen])
	d.raw = rest[textLen:]
	return nil
}

func (d *decoder) document(doc *catalog.Document, near catalog.Origin) {
	flags := d.num()
	doc.Stale, doc.Holds = flags&isStale != 0, flags&holdsRef != 0
	doc.Origin = d.origin(near)
	doc.Ref = d.ref()
	doc.Lost = d.str()
	doc.Positions = d.positions()
	doc.Problems = takeList(d, &d.slabs.Problems)
	for i := range doc.Problems {
		doc.Problems[i] = d.problem(doc.Origin)
	}
	if flags&hasEntity != 0 {
		doc.Entity = d.entity(doc, flags)
	}
}

func (d *decoder) entity(doc *catalog.Document, flags int) *catalog.Entity {
	n := d.slabs.Entities.One()
	n.Ref, n.Origin, n.Positions = doc.Ref, doc.Origin, doc.Positions
	if flags&sameRef == 0 {
		n.Ref = d.ref()
	}
	if flags&sameOrigin == 0 {
		n.Origin = d.origin(doc.Origin)
	}
	if flags&samePositions == 0 {
		n.Positions = d.positions()
	}
	n.APIVersion, n.Kind, n.Type, n.Lifecycle = d.word(), d.word(), d.word(), d.word()
	d.metadata(&n.Metadata)
	n.Spec = d.object()
	n.Declares = takeList(d, &d.slabs.Relations)
	for i := range n.Declares {
		r := &n.Declares[i]
		r.Type, r.Target = d.word(), catalog.Ref{Kind: d.word(), Namespace: d.word(), Name: d.word()}
	}
	return n
}

func (d *decoder) metadata(m *catalog.Metadata) {
	m.Name = d.str()
	m.Namespace = d.word()
	m.Title = d.str()
	m.Description = d.str()
	m.Labels = d.pairs()
	m.Annotations = d.pairs()
	m.Tags = takeList(d, &d.slabs.Tags)
	for i := range m.Tags {
		m.Tags[i] = d.word()
	}
	m.Links = takeList(d, &d.slabs.Links)
	for i := range m.Links {
		m.Links[i] = catalog.Link{URL: d.str(), Title: d.str(), Icon: d.word(), Type: d.word()}
	}
	m.Extra = d.object()
}

func (d *decoder) pairs() catalog.Pairs {
	p := catalog.Pairs(takeList(d, &d.slabs.Pairs))
	for i := range p {
		p[i] = catalog.Pair{Key: d.word(), Value: d.str()}
	}
	return p
}

func (d *decoder) problem(near catalog.Origin) catalog.Problem {
	return catalog.Problem{
		Origin: d.origin(near), Column: d.num(), Ref: d.ref(),
		Pointer: d.word(), Severity: catalog.Severity(d.word()), Rule: catalog.Rule(d.word()),
		Text: d.str(), Value: d.str(), Fix: d.str(),
	}
}

func (d *decoder) ref() catalog.Ref {
	return catalog.Ref{Kind: d.word(), Namespace: d.word(), Name: d.str()}
}

func (d *decoder) origin(near catalog.Origin) catalog.Origin {
	o, flags := near, d.num()
	o.Line = d.num()
	if flags&otherSource != 0 {
		o.Source = d.word()
	}
	if flags&otherPath != 0 {
		o.Path = d.str()
	}
	if flags&otherRevision != 0 {
		o.Revision = d.word()
	}
	if flags&otherDoc != 0 {
		o.Doc = d.num()
	}
	return o
}

func (d *decoder) positions() catalog.Positions {
	packed := d.bytes()
	size, n := binary.Uvarint(packed)
	if n <= 0 || size > uint64(len(packed)-n) {
		d.fail()
		return catalog.Positions{}
	}
	shape, places := packed[n:n+int(size)], packed[n+int(size):]
	pointers, known := d.shapes[string(shape)]
	if !known {
		pointers = d.unpackPointers(shape)
		d.shapes[string(shape)] = pointers
	}
	return catalog.JoinPositions(pointers, d.shared(places))
}

// maxPointers bounds the text that one packed shape unfolds to: a few bytes each can repeat a long
// prefix.
const maxPointers = 16 << 20

func (d *decoder) unpackPointers(packed []byte) string {
	var b strings.Builder
	previous := ""
	for first := true; len(packed) > 0; first = false {
		same, n := binary.Uvarint(packed)
		added, m := binary.Uvarint(packed[max(n, 0):])
		if n <= 0 || m <= 0 {
			d.fail()
			return ""
		}
		packed = packed[n+m:]
		if same > uint64(len(previous)) || added > uint64(len(packed)) || b.Len() > maxPointers {
			d.fail()
			return ""
		}
		if !first {
			b.WriteByte('\n')
		}
		previous = previous[:same] + string(packed[:added])
		packed = packed[added:]
		b.WriteString(previous)
	}
	return b.String()
}

func (d *decoder) fail() {
	d.err = errRecord
	d.head, d.raw = nil, nil
}

func (d *decoder) num() int {
	n, size := binary.Varint(d.head)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.head = d.head[size:]
	return int(n)
}

// length reads the length of something that takes at least a byte of head for each element.
func (d *decoder) length() int {
	n := d.num()
	if n < 0 || n > len(d.head) {
		d.fail()
		return 0
	}
	return n
}

func (d *decoder) bytes() []byte {
	n := d.length()
	b := d.head[:n:n]
	d.head = d.head[n:]
	return b
}

func (d *decoder) word() string { return d.shared(d.bytes()) }

// shared gives the one copy of a word that all records use.
func (d *decoder) shared(word []byte) string {
	if known, found := d.words[string(word)]; found {
		return known
	}
	kept := d.slabs.Texts.Keep(word)
	d.words[kept] = kept
	return kept
}

func (d *decoder) str() string {
	n := d.num()
	if n == 0 {
		return ""
	}
	at := d.num()
	if n < 0 || at < 0 || at > len(d.text) || n > len(d.text)-at {
		d.fail()
		return ""
	}
	return d.text[at : at+n]
}

func (d *decoder) object() json.RawMessage {
	n := d.num()
	if n < 0 {
		return nil
	}
	if n > len(d.raw) {
		d.fail()
		return nil
	}
	data := d.slabs.JSON.Take(n)
	copy(data, d.raw)
	d.raw = d.raw[n:]
	return data
}

// takeList reads the length of a list and takes it from a slab; nil and empty lists stay apart.
func takeList[T any](d *decoder, slab *catalog.Slab[T]) []T {
	n := d.num()
	if n < 0 {
		return nil
	}
	if n > len(d.head) {
		d.fail()
		return nil
	}
	return slab.Take(n)
}
