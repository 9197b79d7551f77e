package markup

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// The limits of a document. They keep the worst that we know of, links and lists that never close, under
// half a second and 50 MB; a page of documentation stays far below all of them.
const (
	maxSource     = 64 << 10  // bytes; what follows is left out
	maxLine       = 4 << 10   // bytes; the rest of the line is left out
	maxOpen       = 24        // lists, their items, quotes and admonitions within each other; deeper marks are text
	maxCells      = 10_000    // of all tables together; further tables are text
	maxAddresses  = 256 << 10 // bytes of all addresses together; further links are their words
	maxFrontLines = 200
)

// ParseMarkdown takes CommonMark apart, with the tables, task lists, struck text and bare addresses of
// GitHub, the admonitions of MkDocs and GitHub, and front matter, which is left out. It never fails: what
// is no Markdown is text.
//
// HTML is text, too, but for comments and the tags that only lay out. Links lead where ParseAddress
// allows or are their words alone; words that claim to be another host's address give way to the true
// one. resolve turns the target of a relative link or image into an address, "" where there is none; nil
// resolves nothing.
func ParseMarkdown(source string, resolve func(target string) string) (doc Document) {
	source, cut := bound(strings.ToValidUTF8(source, "\ufffd"))
	defer func() {
		if recover() != nil { // a mistake in the parser must not take the program down
			doc = Document{Blocks: []Block{Code{Lines: strings.Split(source, "\n")}}, Cut: cut}
		}
	}()
	src := []byte(plainRefs(withoutFrontMatter(source)))
	tables := &boundedTables{inner: extension.NewTableParagraphTransformer(), left: maxCells}
	b := builder{source: src, resolve: resolve}
	root := newParser(tables).Parse(text.NewReader(src))
	blocks := b.blocks(root)
	return Document{Blocks: blocks, Cut: cut || b.cut || tables.cut}
}

// newParser makes the parser of one document.
func newParser(tables parser.ParagraphTransformer) parser.Parser {
	blocks := []util.PrioritizedValue{util.Prioritized(shallow{admonitionParser{}}, 850)}
	for _, p := range parser.DefaultBlockParsers() {
		switch p.Priority {
		case 300, 800: // lists, quotes: what else nests is part of these
			if inner, ok := p.Value.(parser.BlockParser); ok {
				p.Value = shallow{inner}
			}
		}
		blocks = append(blocks, p)
	}
	inlines := append(parser.DefaultInlineParsers(),
		util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
		util.Prioritized(extension.NewStrikethroughParser(), 500),
		util.Prioritized(extension.NewLinkifyParser(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"})), 999))
	return parser.NewParser(
		parser.WithBlockParsers(blocks...),
		parser.WithInlineParsers(inlines...),
		parser.WithParagraphTransformers(append(parser.DefaultParagraphTransformers(), util.Prioritized(tables, 200))...),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)))
}

// bound cuts what is too long.
func bound(source string) (kept string, cut bool) {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	if len(source) > maxSource {
		source, cut = strings.ToValidUTF8(source[:maxSource], ""), true
	}
	var b strings.Builder
	for l := range strings.Lines(source) {
		if len(l) > maxLine {
			l, cut = strings.ToValidUTF8(l[:maxLine], "")+"…\n", true
		}
		b.WriteString(l)
	}
	return b.String(), cut
}

// withoutFrontMatter leaves out what stands between two lines of --- at the very start, if it looks like
// the beginning of YAML.
func withoutFrontMatter(source string) string {
	first, rest, _ := strings.Cut(source, "\n")
	if strings.TrimRight(first, " \t") != "---" {
		return source
	}
	for n, l := 0, ""; n < maxFrontLines && rest != ""; n++ {
		l, rest, _ = strings.Cut(rest, "\n")
		l = strings.TrimRight(l, " \t")
		if l == "---" || l == "..." {
			return rest
		}
		if key, _, isKey := strings.Cut(l, ":"); n == 0 && l[:min(1, len(l))] != "#" && (!isKey || strings.Contains(strings.TrimSpace(key), " ")) {
			return source
		}
	}
	return source
}

// plainRefs makes relative links of those that Hugo resolves: [words]({{< ref "page.md" >}}).
func plainRefs(source string) string {
	if !strings.Contains(source, "]({{") {
		return source
	}
	ref := regexp.MustCompile(`\]\(\{\{[<%] *(?:rel)?ref +"([^"<>\n]*)" *[>%]\}\}\)`)
	return ref.ReplaceAllString(source, "](<$1>)")
}

// shallow is a parser of blocks that hold blocks, for up to maxOpen of them: the time that the parser
// takes grows with the square of the depth.
type shallow struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (s shallow) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	if len(pc.OpenedBlocks()) >= maxOpen {
		return nil, parser.NoChildren
	}
	return s.BlockParser.Open(parent, reader, pc)
}

// boundedTables makes tables while cells are left. The parser fills short rows up with empty cells, so
// that a few characters could ask for millions.
type boundedTables struct {
	inner parser.ParagraphTransformer
	left  int
	cut   bool
}

// Transform implements parser.ParagraphTransformer.
func (t *boundedTables) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	widest := 0
	for _, l := range node.Lines().Sliced(0, node.Lines().Len()) {
		widest = max(widest, bytes.Count(l.Value(reader.Source()), []byte{'|'}))
	}
	if widest == 0 && node.Lines().Len() < 2 {
		return
	}
	cells := (widest + 1) * node.Lines().Len()
	if cells > t.left {
		t.cut = t.cut || widest > 0
		return
	}
	parent, before := node.Parent(), node.Parent().ChildCount()
	t.inner.Transform(node, reader, pc)
	if node.Parent() == nil || parent.ChildCount() != before {
		t.left -= cells
	}
}
