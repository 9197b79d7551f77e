package markup

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"callboard/bot/card"
)

// maxKind is how long the kind of an admonition may be, in bytes.
const maxKind = 30

// admonition is a block of MkDocs that stands out. To the parser it is a quote.
type admonition struct {
	ast.Blockquote
	kind, title string
}

// admonitionParser reads the admonitions of MkDocs: a line with !!! or, where they fold, ??? or ???+, the
// kind and a title in quotes; then lines that are indented by four.
type admonitionParser struct{}

// Trigger implements parser.BlockParser, as do the methods below.
func (admonitionParser) Trigger() []byte { return []byte{'!', '?'} }

// Open reads the first line.
func (admonitionParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	l, _ := reader.PeekLine()
	if pc.BlockOffset() < 0 {
		return nil, parser.NoChildren
	}
	kind, title, ok := admonitionStart(strings.TrimSpace(string(l[pc.BlockOffset():])))
	if !ok {
		return nil, parser.NoChildren
	}
	reader.AdvanceToEOL()
	return &admonition{kind: kind, title: title}, parser.HasChildren
}

// Continue takes blank lines and those that are indented.
func (admonitionParser) Continue(_ ast.Node, reader text.Reader, _ parser.Context) parser.State {
	l, _ := reader.PeekLine()
	if util.IsBlank(l) {
		return parser.Continue | parser.HasChildren
	}
	position, padding := util.IndentPosition(l, reader.LineOffset(), 4)
	if position < 0 {
		return parser.Close
	}
	reader.AdvanceAndSetPadding(position, padding)
	return parser.Continue | parser.HasChildren
}

// Close has nothing left to do.
func (admonitionParser) Close(ast.Node, text.Reader, parser.Context) {}

// CanInterruptParagraph is true, as for quotes.
func (admonitionParser) CanInterruptParagraph() bool { return true }

// CanAcceptIndentedLine is false: what is indented by four is code.
func (admonitionParser) CanAcceptIndentedLine() bool { return false }

// admonitionStart takes a first line apart. Classes after the kind are left out.
func admonitionStart(l string) (kind, title string, ok bool) {
	rest, found := strings.CutPrefix(l, "!!!")
	if !found {
		if rest, found = strings.CutPrefix(l, "???"); !found {
			return "", "", false
		}
		rest = strings.TrimPrefix(rest, "+")
	}
	rest, title, _ = strings.Cut(rest, `"`)
	title, end, _ := strings.Cut(title, `"`)
	words := strings.Fields(rest)
	if len(words) == 0 || strings.TrimSpace(end) != "" || len(words[0]) > maxKind {
		return "", "", false
	}
	for _, w := range words {
		if strings.Trim(strings.ToLower(w), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", "", false
		}
	}
	return strings.ToLower(words[0]), title, true
}

// newAdmonition gives a block its label and weight by its kind.
func newAdmonition(kind, title string, blocks []Block) Admonition {
	a := Admonition{Label: strings.ToUpper(kind[:1]) + kind[1:], Title: title, Blocks: blocks}
	switch kind {
	case "success", "check", "done":
		a.Status = card.OK
	case "warning", "caution", "attention", "important":
		a.Status = card.Warn
	case "danger", "error", "bug", "failure", "fail", "missing":
		a.Status = card.Bad
	case "question", "help", "faq":
		a.Status = card.Unknown
	}
	return a
}

// alert makes an admonition of a quote that starts with [!NOTE] or the like, as GitHub does.
func alert(blocks []Block) (Admonition, bool) {
	if len(blocks) == 0 {
		return Admonition{}, false
	}
	first, ok := blocks[0].(Paragraph)
	if !ok || len(first.Text) == 0 {
		return Admonition{}, false
	}
	start := first.Text[0]
	mark, rest, found := strings.Cut(start.Text, "]")
	kind, marked := strings.CutPrefix(mark, "[!")
	if !found || !marked || start != (Span{Text: start.Text}) {
		return Admonition{}, false
	}
	switch kind = strings.ToLower(kind); kind {
	case "note", "tip", "important", "warning", "caution":
	default:
		return Admonition{}, false
	}
	text := first.Text[1:]
	if rest = strings.TrimLeft(rest, " "); rest != "" {
		text = append([]Span{{Text: rest}}, text...)
	} else if len(text) > 0 && text[0].Break {
		text = text[1:]
	}
	blocks = blocks[1:]
	if len(text) > 0 {
		blocks = append([]Block{Paragraph{Text: text}}, blocks...)
	}
	return newAdmonition(kind, "", blocks), true
}
