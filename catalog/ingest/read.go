package ingest

import (
	"io/fs"

	"callboard/catalog"
)

// Limits bound what reading one file may cost. A zero field stands for its default.
type Limits struct {
	FileBytes    int // a descriptor, and a $json or $yaml target; 1 MiB
	Documents    int // YAML documents of a file; 500
	Depth        int // levels of nesting; 64
	Nodes        int // values of a file once its aliases are expanded; 250,000
	TextBytes    int // a $text target; 8 MiB
	Placeholders int // files that the placeholders of one file may read; 200
}

// Reader judges descriptor files of one source at one revision. It holds no state of its own, so
// many goroutines may read with one Reader. The zero Reader reads documents without placeholders.
type Reader struct {
	Source   string // name of the source, for Origin
	Revision string // commit, for Origin
	FS       fs.FS  // the repository, for placeholders; nil: their targets count as missing
	Web      string // base URL of the repository's files at its forge, ending in a slash; "" for none
	Limits   Limits

	// Remote reads an absolute URL named by a placeholder. Where it is nil or fails, the URL stays
	// in the entity as text, with a warning.
	Remote func(url string) ([]byte, error)
}

// Result is what one file gave.
type Result struct {
	// Documents in the order of the file, empty ones left out. A problem of the file as a whole is
	// carried by a document whose Origin.Doc is 0 and which comes first.
	Documents []catalog.Document
	// Inputs are the repository paths that placeholders named, sorted, those of missing files included.
	Inputs []string
}

// Read judges the descriptor at path, which is relative to the repository's root.
func (r *Reader) Read(path string, data []byte) Result { return Result{} }

// Inverse names the relation as seen from its other end; "" for an unknown one.
func Inverse(relation string) string { return "" }

// Targets gives what a Location entity points at, in order: its type ("" where none is written),
// the targets, and whether a missing one is no error.
func Targets(e *catalog.Entity) (typ string, targets []string, optional bool) {
	return "", nil, false
}

// SkeletonDirs gives the directories, relative to the repository's root, that the steps of a
// Template entity name by a relative URL. Nothing below them is a descriptor.
func SkeletonDirs(e *catalog.Entity) []string { return nil }
