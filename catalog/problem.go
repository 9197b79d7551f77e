package catalog

import (
	"strings"
	"time"
)

// Severity orders problems; only errors keep a document out of the catalog.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing wrong with one document, told to the person who can fix it.
type Problem struct {
	Origin   Origin   `json:"origin"` // its Line is the line of the offending field
	Column   int      `json:"column,omitempty"`
	Ref      Ref      `json:"ref,omitzero"`      // the entity concerned, as far as it is known
	Pointer  string   `json:"pointer,omitempty"` // JSON pointer of the field; "" is the document itself
	Severity Severity `json:"severity"`
	Rule     Rule     `json:"rule"`
	Text     string   `json:"text"`            // what is wrong, in one sentence
	Value    string   `json:"value,omitempty"` // the offending value, shortened
	Fix      string   `json:"fix,omitempty"`   // what to do about it
}

// Sentence is the text with the offending value, where the text does not say it already.
func (p Problem) Sentence() string {
	if p.Value == "" || strings.Contains(p.Text, p.Value) {
		return p.Text
	}
	return p.Text + `: "` + p.Value + `"`
}

// Rule is the stable name of what a document broke.
type Rule string

// The rules of backstage.md that a document can break.
const (
	RuleFile        Rule = "file"         // unreadable, too large, wrong encoding
	RuleYAML        Rule = "yaml"         // not YAML, duplicate keys, too deep, alias bombs
	RuleEnvelope    Rule = "envelope"     // apiVersion, kind, metadata, name missing or of the wrong shape
	RuleRoot        Rule = "root-field"   // a root field that is not part of the format
	RuleField       Rule = "field-format" // name, namespace, labels, annotations, tags, links
	RuleKind        Rule = "kind"         // no such kind in this apiVersion
	RuleSpec        Rule = "spec"         // a spec field missing or of the wrong shape
	RuleReference   Rule = "reference"    // an entity reference that cannot be read
	RulePlaceholder Rule = "placeholder"  // $text, $json, $yaml
	RuleLocation    Rule = "location"     // a Location target that cannot be followed
	RuleSkeleton    Rule = "skeleton"     // an unrendered template skeleton
	RuleTrust       Rule = "trust"        // a kind that this source may not define
	RuleDuplicate   Rule = "duplicate"    // another document of the same file names the same entity
	RuleConflict    Rule = "conflict"     // another file names the same entity
	RuleOrphan      Rule = "orphan"       // still in the tree, named by no Location any more
	RuleDocs        Rule = "docs"         // documentation that cannot be found or read
	RulePolicy      Rule = "policy"       // a file of rules that cannot be used
)

// Document is one YAML document of a descriptor: what it gave, and what is wrong with it.
type Document struct {
	Origin    Origin
	Ref       Ref     // as far as it could be read, also of a refused document
	Entity    *Entity // the newest content that was ever good; nil when there was none
	Stale     bool    // Entity is older than the file, whose present text has errors
	Holds     bool    // this document is the one that the catalog shows for its ref
	Lost      string  // why another document holds the ref; "" when this one does
	Problems  []Problem
	Positions Positions
}

// File is one descriptor file of a source, the unit in which the catalog is stored.
type File struct {
	Source, Path string
	Blob         string     // content hash; a file whose blobs did not change is not read again
	Inputs       []Input    // other files whose content became part of the documents
	Orphan       bool       // nothing names this file any more
	Parent       string     // path of the file whose Location named it first; "" when the source's paths did
	Documents    []Document //
}

// Input is a file that was read into a document by a placeholder. An empty Blob stands for a file
// that did not exist.
type Input struct {
	Path string `json:"path"`
	Blob string `json:"blob"`
}

// SourceStatus is what is known of one source of descriptors.
type SourceStatus struct {
	Name      string
	URL       string    // the Git URL without credentials, or the local path
	Branch    string    // the branch read; "" until the first fetch
	Web       string    // base URL of the files at the forge, ending in a slash; "" for local repositories
	Trusted   bool      //
	Revision  string    // commit that the catalog shows
	CheckedAt time.Time // last time the source was found to be at Revision
	ChangedAt time.Time // when Revision was taken over
	Error     string    // why the last check failed; "" when it was fine
	FailedAt  time.Time // since when checks fail; zero when the last one was fine
	Failures  int       // checks that failed since then
	Waiting   string    // a removal that waits for confirmation, in words; "" when none does

	// Lag is how long the newest change may have waited from being pushed to being shown: since the
	// forge told of it, or else since the last check that saw nothing of it. 0 when that is not known.
	Lag time.Duration
}

// ChangeSet is what one sync changes: the rows to write and, for people, the refs concerned.
type ChangeSet struct {
	Sources []SourceStatus // written whole
	Files   []*File        // written whole, in place of what was stored under the same source and path
	Gone    []FileKey      // deleted
	Dropped []string       // sources that are no longer configured: deleted with their files

	Added, Changed, Moved, Removed []Ref
}

// FileKey names a stored file.
type FileKey struct{ Source, Path string }

// Empty reports whether the set changes nothing that people see.
func (c *ChangeSet) Empty() bool {
	return len(c.Files)+len(c.Gone)+len(c.Dropped) == 0
}
