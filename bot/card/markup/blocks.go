package markup

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// builder makes a Document of the parser's tree.
type builder struct {
	source    []byte
	resolve   func(string) string
	addresses int // bytes of addresses so far
	cut       bool
}

// blocks gives what is within a node. How deep they nest is bounded by maxOpen.
func (b *builder) blocks(parent ast.Node) []Block {
	var all []Block
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if made := b.block(n); made != nil {
			all = append(all, made)
		}
	}
	return all
}

// block gives nil for a node that shows nothing.
func (b *builder) block(n ast.Node) Block {
	switch n := n.(type) {
	case *ast.Heading:
		return Heading{Level: min(max(n.Level, 1), 6), Text: b.spans(n)}
	case *ast.Paragraph, *ast.TextBlock:
		return paragraph(b.spans(n))
	case *ast.CodeBlock:
		return Code{Lines: b.lines(n.Lines())}
	case *ast.FencedCodeBlock:
		return Code{Language: string(n.Language(b.source)), Lines: b.lines(n.Lines())}
	case *ast.HTMLBlock:
		return paragraph(b.html(n))
	case *ast.List:
		return b.list(n)
	case *admonition:
		return newAdmonition(n.kind, n.title, b.blocks(n))
	case *ast.Blockquote:
		blocks := b.blocks(n)
		if a, ok := alert(blocks); ok {
			return a
		}
		return Quote{Blocks: blocks}
	case *extast.Table:
		return b.table(n)
	case *ast.ThematicBreak:
		return Rule{}
	}
	return nil
}

// paragraph gives nil where there is no text.
func paragraph(text []Span) Block {
	if len(text) == 0 {
		return nil
	}
	return Paragraph{Text: text}
}

// lines gives code line by line, without blank ones at its end.
func (b *builder) lines(segments *text.Segments) []string {
	var all []string
	for _, s := range segments.Sliced(0, segments.Len()) {
		all = append(all, strings.TrimRight(string(s.Value(b.source)), "\r\n"))
	}
	for len(all) > 0 && strings.TrimSpace(all[len(all)-1]) == "" {
		all = all[:len(all)-1]
	}
	return all
}

func (b *builder) list(n *ast.List) List {
	l := List{Ordered: n.IsOrdered(), Start: n.Start, Tight: n.IsTight}
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		made := ListItem{Blocks: b.blocks(item)}
		if first := item.FirstChild(); first != nil {
			if box, ok := first.FirstChild().(*extast.TaskCheckBox); ok {
				made.Task = Open
				if box.IsChecked {
					made.Task = Done
				}
			}
		}
		l.Items = append(l.Items, made)
	}
	return l
}

func (b *builder) table(n *extast.Table) Table {
	var t Table
	for _, a := range n.Alignments {
		switch a {
		case extast.AlignRight:
			t.Align = append(t.Align, Right)
		case extast.AlignCenter:
			t.Align = append(t.Align, Middle)
		default:
			t.Align = append(t.Align, Left)
		}
	}
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		cells := make([]Cell, 0, len(t.Align))
		for c := row.FirstChild(); c != nil && len(cells) < len(t.Align); c = c.NextSibling() {
			cells = append(cells, b.spans(c))
		}
		for len(cells) < len(t.Align) {
			cells = append(cells, nil)
		}
		if _, isHeader := row.(*extast.TableHeader); isHeader {
			t.Header = cells
		} else {
			t.Rows = append(t.Rows, cells)
		}
	}
	return t
}

// html gives a block of HTML as the text that it is, without comments and without the tags that only lay
// out; a summary is shown as a heading would be.
func (b *builder) html(n *ast.HTMLBlock) []Span {
	source := string(n.Lines().Value(b.source))
	if n.HasClosure() {
		source += string(n.ClosureLine.Value(b.source))
	}
	var all []Span
	for l := range strings.Lines(withoutComments(source)) {
		words, isSummary := strings.CutPrefix(strings.TrimSpace(l), "<summary>")
		words = strings.TrimSpace(withoutLayout(words))
		if words == "" {
			continue
		}
		if len(all) > 0 {
			all = append(all, Span{Break: true})
		}
		all = append(all, Span{Text: words, Strong: isSummary})
	}
	return all
}

// withoutComments leaves out <!-- … -->, to the end if nothing closes it.
func withoutComments(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "<!--")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, s, _ = strings.Cut(rest, "-->")
	}
}

// withoutLayout leaves out tags that say nothing to a reader.
func withoutLayout(s string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	for _, tag := range []string{"<br>", "<br/>", "<br />"} {
		s = strings.ReplaceAll(s, tag, " ")
	}
	for _, tag := range []string{"<details>", "<details open>", "</details>", "<summary>", "</summary>", "<p>", "</p>", "<div>", "</div>"} {
		s = strings.ReplaceAll(s, tag, "")
	}
	return s
}
