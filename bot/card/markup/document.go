package markup

import "callboard/bot/card"

// Document is Markdown taken apart. Its texts are as their author wrote them, hostile or not: each
// renderer defuses them for its surface.
type Document struct {
	Blocks []Block
	Cut    bool // something was left out, because the source was over a limit
}

// Block is one of Heading, Paragraph, Code, List, Quote, Admonition, Table and Rule.
type Block interface{ block() }

type (
	// Heading is a title of a section; Level is 1 to 6, 1 the highest.
	Heading struct {
		Level int
		Text  []Span
	}

	// Paragraph is running text.
	Paragraph struct{ Text []Span }

	// Code is lines to be read letter by letter. Language is what the author called it, or empty.
	Code struct {
		Language string
		Lines    []string
	}

	// List is points, numbered from Start if Ordered. The items of a Tight list have no space between
	// them.
	List struct {
		Ordered bool
		Start   int
		Tight   bool
		Items   []ListItem
	}

	// Quote is what somebody else said.
	Quote struct{ Blocks []Block }

	// Admonition is text that stands out. Label says what kind it is ("Warning"), Title is its heading,
	// often empty. Status is the weight of the kind: Bad for danger, None for a note.
	Admonition struct {
		Label  string
		Title  string
		Status card.Status
		Blocks []Block
	}

	// Table is a header and rows of as many cells. Align has one entry for each column.
	Table struct {
		Align  []Align
		Header []Cell
		Rows   [][]Cell
	}

	// Rule is a change of subject.
	Rule struct{}
)

// ListItem is one point of a list.
type ListItem struct {
	Task   Task
	Blocks []Block
}

// Cell is a field of a table.
type Cell []Span

// Task says whether a point is something to tick off.
type Task uint8

// The tasks.
const (
	NoTask Task = iota
	Open
	Done
)

// Align is the side of a column at which its texts stand.
type Align uint8

// The sides.
const (
	Left Align = iota
	Middle
	Right
)

// Span is text of one look. A Break ends a line and has no text.
type Span struct {
	Text     string
	URL      string // where the text leads: printable ASCII, as ParseAddress gives it
	Strong   bool
	Emphasis bool
	Strike   bool // no longer true: a surface must show this, or leave the text out
	Code     bool // to be read letter by letter
	Image    bool // Text says what a picture shows; URL is where it is
	Break    bool
}

func (Heading) block()    {}
func (Paragraph) block()  {}
func (Code) block()       {}
func (List) block()       {}
func (Quote) block()      {}
func (Admonition) block() {}
func (Table) block()      {}
func (Rule) block()       {}
