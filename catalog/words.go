package catalog

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
)

// wordIndex knows of every word in which entities it stands, and in which fields.
type wordIndex struct {
	text   string   // all words, each once, between spaces
	at     []uint32 // where each word begins in text, and the end of text
	first  []uint32 // where in places those of each word begin, and the end
	places []byte   // see wordsBuilder.pack
	to     []id     // the entities by their position when the index was made: their id now, or -1 for one that went
}

// The fields in which words stand, the most telling first.
const (
	fieldName = iota
	fieldCalled
	fieldTag
	fieldKind
	fieldType
	fieldLifecycle
	fieldNamespace
	fieldPart // one word of several in one of the four before
	fieldDescription
	fieldOwner // only the name, and only for those who see the owner
	fieldBits  = 4
)

// fits is the number of grades that gradeOf gives.
const fits = 8

// gradeOf says how well a word fits by where it stands, 0 best. In a name it is better the more of the
// name it is.
func gradeOf(field uint32) uint8 {
	switch {
	case field <= fieldName:
		return 2
	case field <= fieldTag:
		return uint8(field) + 2
	case field <= fieldPart:
		return 5
	}
	return uint8(field) - 2
}

// wordsBuilder collects the words of entities, which come in order.
type wordsBuilder struct {
	ids      map[string]uint32
	text     strings.Builder
	at       []uint32
	last     []uint32 // of each word the place that came last, and 1
	found    []sighting
	entities uint32
}

// sighting is a word and its place: the position of the entity, and the field.
type sighting struct{ word, place uint32 }

// Words and places that an entity usually has.
const (
	usualWords  = 2
	usualPlaces = 28
)

// indexWords makes the index of the entities with these ids.
func indexWords(documents []*Document, ids []id) wordIndex {
	b := wordsBuilder{ids: make(map[string]uint32, usualWords*len(ids)), found: make([]sighting, 0, usualPlaces*len(ids))}
	b.text.WriteByte(' ')
	for _, i := range ids {
		b.entity(documents[i].Entity)
	}
	x := wordIndex{text: strings.Clone(b.text.String()), at: append(b.at, uint32(b.text.Len())), to: ids}
	x.first, x.places = b.pack()
	return x
}

func (b *wordsBuilder) entity(e *Entity) {
	b.addAll(e.Ref.Name, fieldName)
	eachName(e, func(key string, _ How, _ string) { b.addAll(key, fieldCalled) })
	for _, tag := range e.Metadata.Tags {
		b.addWhole(tag, fieldTag)
	}
	b.addWhole(e.Ref.Kind, fieldKind)
	b.addWhole(e.Type, fieldType)
	b.addWhole(e.Lifecycle, fieldLifecycle)
	b.addWhole(e.Ref.Namespace, fieldNamespace)
	description := e.Metadata.Description
	b.addAll(description[:min(len(description), maxDescription)], fieldDescription)
	for _, r := range e.Declares {
		if r.Type == OwnedBy {
			b.addAll(r.Target.Name, fieldOwner)
		}
	}
	b.entities++
}

// maxDescription bounds, in bytes, how much of a description is searched.
const maxDescription = 2000

// addWhole adds the value of a field for which there is a filter.
func (b *wordsBuilder) addWhole(value string, field uint32) {
	if strings.ContainsFunc(value, unicode.IsSpace) {
		field = fieldPart
	}
	b.addAll(value, field)
}

func (b *wordsBuilder) addAll(text string, field uint32) {
	for word := range strings.FieldsSeq(text) {
		b.add(strings.ToLower(word), field)
	}
}

// add adds one lower-case word. Where it stands several times in an entity, the most telling field counts;
// those with filters count each.
func (b *wordsBuilder) add(word string, field uint32) {
	i, known := b.ids[word]
	if !known {
		i = uint32(len(b.at))
		b.at = append(b.at, uint32(b.text.Len()))
		b.last = append(b.last, 0)
		b.text.WriteString(word)
		b.text.WriteByte(' ')
		b.ids[strings.Clone(word)] = i
	}
	place := b.entities<<fieldBits | field
	if last := b.last[i]; last > b.entities<<fieldBits {
		if filtered := fieldTag <= field && field <= fieldNamespace; !filtered || last == place+1 {
			return
		}
	}
	b.last[i] = place + 1
	b.found = append(b.found, sighting{i, place})
}

// pack puts the places of each word side by side. Of each entity there is the distance from the one before,
// then the field, as one varint: words that stand everywhere have small ones.
func (b *wordsBuilder) pack() (first []uint32, places []byte) {
	first, before := make([]uint32, len(b.at)+1), make([]uint32, len(b.at))
	var scratch [binary.MaxVarintLen32]byte
	for _, s := range b.found {
		first[s.word+1] += uint32(binary.PutUvarint(scratch[:], uint64(s.step(before))))
	}
	for i := range b.at {
		first[i+1] += first[i]
	}
	clear(before)
	next := b.last // not needed any more
	copy(next, first)
	places = make([]byte, first[len(b.at)])
	for _, s := range b.found {
		next[s.word] += uint32(binary.PutUvarint(places[next[s.word]:], uint64(s.step(before))))
	}
	return first, places
}

// step gives what pack writes of a place, and remembers the entity in before.
func (s sighting) step(before []uint32) uint32 {
	const field = 1<<fieldBits - 1
	step := s.place - before[s.word]
	before[s.word] = s.place &^ field
	return step
}

// each tells all entities that have a word, with the field. One may come several times.
func (x *wordIndex) each(word uint32, tell func(i id, field uint32)) {
	const field = 1<<fieldBits - 1
	entity := uint32(0)
	for places := x.places[x.first[word]:x.first[word+1]]; len(places) > 0; {
		step, n := uint64(places[0]), 1
		if step >= 0x80 {
			step, n = binary.Uvarint(places)
		}
		places = places[n:]
		entity += uint32(step) >> fieldBits
		if i := x.to[entity]; i >= 0 {
			tell(i, uint32(step)&field)
		}
	}
}

// holding tells all entities that have a word in which text stands, with how well it fits there. An entity
// comes once for each place.
func (x *wordIndex) holding(text string, tell func(i id, grade uint8)) {
	needle, word := NewNeedle(text), uint32(0)
	for from := needle.In(x.text, 1); from >= 0; from = needle.In(x.text, int(x.at[word])) {
		for x.at[word+1] <= uint32(from) {
			word++
		}
		inName := gradeOf(fieldName)
		if x.at[word] == uint32(from) {
			if inName--; x.at[word+1] == uint32(from+len(text)+1) {
				inName--
			}
		}
		x.each(word, func(i id, field uint32) {
			if field == fieldName {
				tell(i, inName)
			} else {
				tell(i, gradeOf(field))
			}
		})
		word++
	}
}

// having tells all entities whose field has exactly this value, which is in lower case.
func (x *wordIndex) having(value string, field uint32, tell func(id)) {
	if value == "" || strings.ContainsFunc(value, unicode.IsSpace) {
		return
	}
	from := NewNeedle(" "+value+" ").In(x.text, 0)
	if from < 0 {
		return
	}
	word, _ := slices.BinarySearch(x.at, uint32(from+1))
	x.each(uint32(word), func(i id, where uint32) {
		if where == field {
			tell(i)
		}
	})
}
