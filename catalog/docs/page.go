package docs

import (
	"crypto/sha256"
	"encoding/binary"
	"path"
	"strconv"
	"strings"

	"callboard/catalog"
)

// Limits of what is read. What lies beyond them is left out with a problem that says so.
const (
	MaxPageBytes    = 512 << 10 // of one page
	MaxSections     = 500       // of one page
	MaxSectionBytes = 64 << 10  // text of one section, which is cut
	MaxPages        = 1000      // of one entity
	maxConfigBytes  = 256 << 10 // of one mkdocs.yml
	maxFolderDepth  = 12        // of folders below the one that holds an entity's pages
	maxNavDepth     = 12

	maxIncludes      = 4   // of a mkdocs.yml by another, in a row
	maxSites         = 200 // mkdocs.yml files of one entity
	maxShelfProblems = 50  // of one entity, besides those of its pages
)

// Page is one Markdown file, split.
type Page struct {
	Source, Path string
	Blob         string // content hash
	Revision     string // commit at which the content was read
	Title        string // of its front matter, else its first heading, else its file's name
	Tags         []string
	Sections     []Section // in order; the first has no heading when text comes before all headings
	Problems     []catalog.Problem
}

// Section is what stands between one heading and the next, of whatever level.
type Section struct {
	Heading string   // plain text; "" for what comes before the first heading
	Trail   []string // the headings above it, outermost first
	Level   int      // 1 to 6; 0 without a heading
	Anchor  string   // fragment of its address; "" without a heading
	Line    int      // of the heading, 1-based
	Last    int      // last line of its text
	Body    string   // Markdown below the heading
}

// PageKey names a page.
type PageKey struct{ Source, Path string }

// File is a page as a shelf names it.
type File struct {
	PageKey
	Blob    string
	Title   string // what the navigation calls it; "" where the page's own title counts
	Runbook bool
	Behind  Guard // what else a viewer must see
}

// Link is a runbook that lies elsewhere.
type Link struct {
	Title   string `json:"title"`
	URL     string `json:"url"`
	Pointer string `json:"pointer"` // the field of the descriptor that names it
}

// Shelf is the documentation of one entity.
type Shelf struct {
	Ref      catalog.Ref
	Files    []File // in reading order
	Links    []Link
	Problems []catalog.Problem
}

// Empty reports whether there is nothing to say.
func (s *Shelf) Empty() bool { return len(s.Files)+len(s.Links)+len(s.Problems) == 0 }

// Stamp is a digest of all that a shelf says, blobs included: equal stamps, equal shelves.
type Stamp [16]byte

// Stamp gives the shelf's digest.
func (s *Shelf) Stamp() Stamp {
	sum := sha256.New()
	write := func(parts ...string) {
		for _, part := range parts {
			_ = binary.Write(sum, binary.LittleEndian, uint64(len(part))) // a hash takes everything
			_, _ = sum.Write([]byte(part))
		}
	}
	write(rulesVersion, s.Ref.String(), strconv.Itoa(len(s.Files)), strconv.Itoa(len(s.Links)))
	for _, f := range s.Files {
		write(f.Source, f.Path, f.Blob, f.Title, strconv.FormatBool(f.Runbook), string(f.Behind))
	}
	for _, l := range s.Links {
		write(l.Title, l.URL, l.Pointer)
	}
	for _, p := range s.Problems {
		write(p.Origin.String(), p.Text, p.Fix)
	}
	return Stamp(sum.Sum(nil)[:len(Stamp{})])
}

// rulesVersion grows when the rules of finding and splitting change, so that pages are read anew.
const rulesVersion = "3"

// Summary is what a card says about the runbooks of an entity.
type Summary struct {
	Page  PageKey // the first runbook page; zero when there is none
	First string  // heading of its first section
	More  int     // further sections of all runbook pages
	Pages int     // how many runbook pages there are
	Links []Link
}

// Book is a runbook page as a Summary counts it.
type Book struct {
	Page   PageKey
	First  string // heading of its first section, else its title
	Parts  int    // how many sections it has
	Behind Guard
}

// add counts one page more.
func (s *Summary) add(b Book) {
	more := b.Parts
	if s.Pages++; s.Pages == 1 {
		s.Page, s.First = b.Page, b.First
		more--
	}
	s.More += max(more, 0)
}

// Zero reports whether there is no runbook.
func (s Summary) Zero() bool { return s.Pages == 0 && len(s.Links) == 0 }

// stem is the name of the page's file without folder and ending.
func stem(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(strings.TrimSuffix(base, ".md"), ".markdown")
}

// isPage reports whether the name is that of a page.
func isPage(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, ".md") || strings.HasSuffix(lower, ".markdown")
}

// Parts gives the sections that answer on their own: those below the page's title that have text
// of their own or below them.
func (p *Page) Parts() []Section {
	var parts []Section
	for _, s := range p.Sections {
		if s.Level > 1 || s.Level == 1 && strings.TrimSpace(s.Body) != "" && !p.titled() {
			parts = append(parts, s)
		}
	}
	return parts
}

// Answers is how many units Units makes of the page.
func (p *Page) Answers() int {
	parts := len(p.Parts())
	switch {
	case len(p.Sections) == 0:
		return 0
	case parts == 0 || aboutOneAlert(p):
		return 1
	}
	return parts
}

// Bytes is the size of the text of all sections.
func (p *Page) Bytes() int {
	n := 0
	for i := range p.Sections {
		n += len(p.Sections[i].Body)
	}
	return n
}

// titled reports whether the page has one heading of the first level, which is then its title.
func (p *Page) titled() bool {
	n := 0
	for _, s := range p.Sections {
		if s.Level == 1 {
			n++
		}
	}
	return n == 1
}

// Key names the page.
func (p *Page) Key() PageKey { return PageKey{p.Source, p.Path} }
