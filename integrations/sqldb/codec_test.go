package sqldb_test

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/ingest/ingesttest"
	"callboard/integrations/sqldb"
)

func TestCodec_RoundTrip(t *testing.T) {
	for seed := range uint64(500) {
		want := ingesttest.Wild[catalog.File](rand.New(rand.NewPCG(seed, 0)))
		record := sqldb.Encode(&want)
		got, err := sqldb.Decode(&want, record, record)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(&want, got, ingesttest.SamePositions()); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// TestCodec_Neighbours packs files that refer to themselves, which is what real ones do: the short
// forms of equal origins, refs and positions.
func TestCodec_Neighbours(t *testing.T) {
	for seed := range uint64(200) {
		want := ingesttest.Wild[catalog.File](rand.New(rand.NewPCG(seed, 1)))
		for i := range want.Documents {
			doc := &want.Documents[i]
			doc.Origin.Source, doc.Origin.Path, doc.Origin.Doc = want.Source, want.Path, i+1
			if doc.Entity != nil && seed%2 == 0 {
				doc.Entity.Origin, doc.Entity.Ref, doc.Entity.Positions = doc.Origin, doc.Ref, doc.Positions
			}
		}
		got, err := sqldb.Decode(&want, sqldb.Encode(&want))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(&want, got, ingesttest.SamePositions()); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// TestCodec_DamageIsFound changes every byte of a record and cuts it at every place.
func TestCodec_DamageIsFound(t *testing.T) {
	var f catalog.File
	var record []byte
	for seed := uint64(0); len(record) < 500 || len(record) > 5000; seed++ {
		f = ingesttest.Wild[catalog.File](rand.New(rand.NewPCG(seed, 2)))
		record = sqldb.Encode(&f)
	}
	for i := range record {
		damaged := append([]byte(nil), record...)
		damaged[i] ^= 0x40
		if _, err := sqldb.Decode(&f, damaged); err == nil {
			t.Fatalf("byte %d of %d was changed, and nobody noticed", i, len(record))
		}
		if _, err := sqldb.Decode(&f, record[:i]); err == nil {
			t.Fatalf("cut after byte %d of %d, and nobody noticed", i, len(record))
		}
	}
}

// FuzzCodec takes the inner part of a record, so that the checksum does not keep damage away from
// the decoder. Whatever is accepted has to survive another round.
func FuzzCodec(f *testing.F) {
	for seed := range uint64(100) {
		file := ingesttest.Wild[catalog.File](rand.New(rand.NewPCG(seed, 3)))
		if record := sqldb.Encode(&file); len(record) < 2000 { // larger ones make fuzzing slow
			f.Add(record[1 : len(record)-4])
		}
	}
	f.Fuzz(func(t *testing.T, inner []byte) {
		if len(inner) > 1<<12 {
			t.Skip("larger than what is worth trying")
		}
		record := append([]byte{1}, inner...)
		record = binary.LittleEndian.AppendUint32(record, crc32.ChecksumIEEE(record))
		file := &catalog.File{Source: "acme", Path: "catalog-info.yaml"}
		first, err := sqldb.Decode(file, record)
		if err != nil {
			return
		}
		second, err := sqldb.Decode(file, sqldb.Encode(first))
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded and decoded: %v", err)
		}
		if diff := cmp.Diff(first, second, ingesttest.SamePositions()); diff != "" {
			t.Fatalf("another round changes it (-first +second):\n%s", diff)
		}
	})
}
