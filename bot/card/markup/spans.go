package markup

import (
	"html"
	"net/url"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// maxTarget is how long a path may be that is shown after the words of a relative link, in bytes.
const maxTarget = 100

// spans gives the text within a node; neighbours that look the same are one.
func (b *builder) spans(n ast.Node) []Span {
	w := spanWriter{builder: b}
	w.children(n, Span{})
	w.flush()
	for len(w.all) > 0 && w.all[len(w.all)-1].Break {
		w.all = w.all[:len(w.all)-1]
	}
	return w.all
}

// spanWriter collects spans. Each method takes the look of what is around it, a Span without text.
type spanWriter struct {
	*builder
	all  []Span
	flat bool // links and pictures are their words: what is collected stands within a link

	pending strings.Builder // text that looks as look does, to be added to all
	look    Span
}

func (w *spanWriter) children(n ast.Node, look Span) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.inline(c, look)
	}
}

func (w *spanWriter) inline(n ast.Node, look Span) {
	switch n := n.(type) {
	case *ast.Text:
		w.text(n, look)
	case *ast.String:
		w.add(string(n.Value), look)
	case *ast.CodeSpan:
		look.Code = true
		w.add(w.raw(n), look)
	case *ast.Emphasis:
		look.Strong, look.Emphasis = look.Strong || n.Level > 1, look.Emphasis || n.Level == 1
		w.children(n, look)
	case *extast.Strikethrough:
		look.Strike = true
		w.children(n, look)
	case *ast.Link:
		w.link(n, unescape(string(n.Destination)), look)
	case *ast.Image:
		look.Image = true
		w.link(n, unescape(string(n.Destination)), look)
	case *ast.AutoLink:
		if w.flat {
			w.add(string(n.Label(w.source)), look)
			return
		}
		target := string(n.URL(w.source))
		if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(target), "mailto:") {
			target = "mailto:" + target
		}
		w.address(string(n.Label(w.source)), target, look)
	case *ast.RawHTML:
		w.html(string(n.Segments.Value(w.source)), look)
	default:
		w.children(n, look)
	}
}

func (w *spanWriter) text(n *ast.Text, look Span) {
	words := string(n.Value(w.source))
	if !n.IsRaw() {
		words = unescape(words)
	}
	w.add(words, look)
	switch {
	case n.HardLineBreak():
		w.put(Span{Break: true})
	case n.SoftLineBreak():
		w.add(" ", look)
	}
}

// html shows a tag as text, but for comments and tags that only lay out.
func (w *spanWriter) html(tag string, look Span) {
	switch strings.Trim(strings.ToLower(tag), "</ >") {
	case "br":
		w.put(Span{Break: true})
	default:
		w.add(withoutLayout(withoutComments(tag)), look)
	}
}

// raw gives the text within a node without any look.
func (w *spanWriter) raw(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.Write(c.Value(w.source))
		case *ast.String:
			b.Write(c.Value)
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

// add adds text to what looks the same before it.
func (w *spanWriter) add(words string, look Span) {
	if words == "" {
		return
	}
	if look != w.look || look.Code {
		w.flush()
		w.look = look
	}
	w.pending.WriteString(words)
}

// put adds a span as it is.
func (w *spanWriter) put(s Span) {
	w.flush()
	w.all = append(w.all, s)
}

func (w *spanWriter) flush() {
	if w.pending.Len() > 0 {
		s := w.look
		s.Text = w.pending.String()
		w.all = append(w.all, s)
		w.pending.Reset()
	}
}

// link makes one span of all that is within a link.
func (w *spanWriter) link(n ast.Node, target string, look Span) {
	if w.flat {
		w.children(n, Span{})
		return
	}
	inner := spanWriter{builder: w.builder, flat: true}
	inner.children(n, Span{})
	inner.flush()
	var words strings.Builder
	for _, s := range inner.all {
		if s.Break {
			s.Text = " "
		}
		words.WriteString(s.Text)
	}
	look.Code = len(inner.all) == 1 && inner.all[0].Code
	w.address(words.String(), target, look)
}

// address adds a link, or its words alone if it must not be followed; those of a relative one say where
// it leads.
func (w *spanWriter) address(words, target string, look Span) {
	words = strings.TrimSpace(words)
	if w.addresses+len(target) > maxAddresses {
		w.cut = true
		w.words(words, target, false, look)
		return
	}
	relative := isRelative(target)
	if relative && w.resolve != nil {
		if found := w.resolve(target); found != "" {
			target, relative = found, false
		}
	}
	to, ok := ParseAddress(target)
	if !ok {
		w.words(words, target, relative, look)
		return
	}
	w.addresses += len(to.URL)
	if strings.TrimSpace(Terminal(words)) == "" || to.Claims(words) {
		words, look.Code = to.URL, false
	}
	look.Text, look.URL = words, to.URL
	w.put(look)
}

// words adds what is left of a link that leads nowhere.
func (w *spanWriter) words(words, target string, relative bool, look Span) {
	if words == "" && relative {
		words = target
	}
	if words == "" {
		return
	}
	w.add(words, look)
	if relative && target != words && target[0] != '#' && len(target) <= maxTarget {
		w.add(" (", Span{})
		w.add(target, Span{Code: true})
		w.add(")", Span{})
	}
}

// isRelative reports whether a target is a path within the documentation.
func isRelative(target string) bool {
	u, err := url.Parse(target)
	return err == nil && target != "" && u.Scheme == "" && u.Host == "" && !strings.HasPrefix(target, "//")
}

// unescape resolves backslashes and character references, each once.
func unescape(s string) string {
	if !strings.ContainsAny(s, `\&`) {
		return s
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, `\&`)
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		n := 1
		if s[0] == '\\' && len(s) > 1 && util.IsPunct(s[1]) {
			b.WriteByte(s[1])
			n = 2
		} else if end := strings.IndexByte(s[:min(len(s), 40)], ';'); s[0] == '&' && end > 1 {
			b.WriteString(html.UnescapeString(s[:end+1]))
			n = end + 1
		} else {
			b.WriteByte(s[0])
		}
		s = s[n:]
	}
	return b.String()
}
