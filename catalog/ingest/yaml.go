package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"callboard/catalog"
)

// fault is what makes a text unreadable as YAML: a problem without a document yet.
type fault struct {
	at    catalog.Pos
	text  string
	value string
	fix   string
}

func (f *fault) Error() string { return f.text }

// parser turns one document's text into values. The budget for aliases is that of the whole file;
// what is written out is bounded by the file's size.
type parser struct {
	depth    int // levels allowed
	aliases  int // bytes that aliases may still add
	patience int // bytes that may still be parsed to find the lines of syntax errors

	lines   int32 // lines of the file before the text
	inAlias []*yaml.Node
	faults  []*fault // those after which reading can go on
	dollar  bool     // some key starts with a dollar sign
}

// aliasCost is what an aliased value counts besides its text.
const aliasCost = 16

// parse reads the document in p's text; nil stands for an empty one. Faults that leave the rest
// readable are kept in p.faults, others are returned.
func (p *parser) parse(source []byte) (*value, error) {
	source, bad := sanitize(source)
	if bad != nil {
		bad.at.Line += p.lines
		return nil, bad
	}
	if v, ok := p.plain(source); ok {
		return v, nil
	}
	if len(source) > 0 && source[0] == '%' {
		source = hideDirectives(source)
	}
	root, err := decode(source)
	if err != nil || root == nil {
		return nil, p.syntax(source, err)
	}
	v := new(value)
	if err := p.build(v, root, 1); err != nil {
		return nil, err
	}
	if v.kind == nullKind {
		return nil, nil //nolint:nilnil // an empty document is no error and no value
	}
	return v, nil
}

// decode has yaml.v3 make nodes of a text that must hold exactly one document.
func decode(source []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil { // yaml.v3 panics at what it thinks impossible
			root, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return nil, err
	}
	var more yaml.Node
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		if err == nil {
			err = fmt.Errorf("yaml: line %d: the document ends before this line", more.Line)
		}
		return nil, err
	}
	return document.Content[0], nil
}

func (p *parser) pos(n *yaml.Node) catalog.Pos {
	return catalog.Pos{Line: p.lines + int32(n.Line), Column: int32(n.Column)}
}

func (p *parser) build(v *value, n *yaml.Node, level int) error {
	v.at = p.pos(n)
	if n.Kind == yaml.AliasNode {
		return p.alias(v, n, level)
	}
	if len(p.inAlias) > 0 {
		if p.aliases -= aliasCost + len(n.Value); p.aliases < 0 {
			return &fault{at: v.at, text: "the aliases (*name) of this file expand to too much text", fix: "write the repeated parts out, or use fewer aliases"}
		}
	}
	if level > p.depth {
		return &fault{
			at: v.at, text: "the document is nested more than " + strconv.Itoa(p.depth) + " levels deep",
			fix: "make it flatter; no descriptor needs that many levels",
		}
	}
	switch n.Kind {
	case yaml.MappingNode:
		return p.mapping(v, n, level)
	case yaml.SequenceNode:
		v.kind, v.items = listKind, make([]value, len(n.Content))
		for i, item := range n.Content {
			if err := p.build(&v.items[i], item, level+1); err != nil {
				return err
			}
		}
	default:
		scalar(v, n)
	}
	return nil
}

func (p *parser) alias(v *value, n *yaml.Node, level int) error {
	at := v.at
	if slices.Contains(p.inAlias, n.Alias) || len(p.inAlias) > p.depth {
		return &fault{at: at, text: "the anchor &" + n.Value + " contains itself", value: "*" + n.Value, fix: "write the value out in place of the alias"}
	}
	p.inAlias = append(p.inAlias, n.Alias)
	err := p.build(v, n.Alias, level)
	p.inAlias = p.inAlias[:len(p.inAlias)-1]
	v.at = at
	return err
}

func (p *parser) mapping(v *value, n *yaml.Node, level int) error {
	size := len(n.Content) / 2
	v.kind, v.keys, v.items = objectKind, make([]string, 0, size), make([]value, 0, size)
	var seen map[string]bool
	if size > 16 {
		seen = make(map[string]bool, size)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := p.key(n.Content[i], level+1)
		if err != nil {
			return err
		}
		if strings.HasPrefix(key, "$") {
			p.dollar = true
		}
		if seen[key] || seen == nil && slices.Contains(v.keys, key) {
			p.faults = append(p.faults, &fault{
				at: p.pos(n.Content[i]), text: "the key " + strconv.Quote(shorten(key)) + " is written twice in one mapping",
				value: shorten(key), fix: "delete one of the two",
			})
			continue
		}
		if seen != nil {
			seen[key] = true
		}
		v.keys, v.items = append(v.keys, key), append(v.items, value{})
		item := &v.items[len(v.items)-1]
		if err := p.build(item, n.Content[i+1], level+1); err != nil {
			return err
		}
		// A scalar is found where it stands; a collection, or nothing at all, where its key does.
		if item.kind >= listKind || item.kind == nullKind {
			item.at = p.pos(n.Content[i])
		}
	}
	return nil
}

// key reads a mapping's key as text. Mappings and lists can be keys in YAML; they read as they
// would be written.
func (p *parser) key(n *yaml.Node, level int) (string, error) {
	if n.Kind == yaml.ScalarNode && len(p.inAlias) == 0 && (n.Value == "" || n.Value[0] >= 'A') && coreKind(n.Value) == textKind {
		return n.Value, nil // as nearly every key
	}
	var v value
	if err := p.build(&v, n, level); err != nil {
		return "", err
	}
	if v.kind >= listKind {
		return flowText(&v), nil
	}
	return keyText(&v), nil
}

// flowText writes a collection that is used as a key: {{ x }} is a mapping whose key is { x }.
func flowText(v *value) string {
	if v.kind < listKind {
		return keyText(v)
	}
	var parts []string
	for i := range v.items {
		part := flowText(&v.items[i])
		switch {
		case v.kind == objectKind && v.items[i].kind == nullKind:
			part = v.keys[i]
		case v.kind == objectKind:
			part = v.keys[i] + ": " + part
		}
		parts = append(parts, part)
	}
	if v.kind == listKind {
		return "[ " + strings.Join(parts, ", ") + " ]"
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func scalar(v *value, n *yaml.Node) {
	v.text, v.kind = n.Value, textKind
	v.plain = n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if n.Style&yaml.TaggedStyle == 0 {
		if v.plain {
			v.kind = coreKind(v.text)
		}
		return
	}
	// Of the explicit tags only those of the core schema count, and only where they fit.
	wanted := textKind
	switch n.Tag {
	case "!!null":
		wanted = nullKind
	case "!!bool":
		wanted = boolKind
	case "!!int", "!!float":
		wanted = numberKind
	}
	if coreKind(v.text) == wanted {
		v.kind = wanted
	}
}

// sanitize finds what YAML does not allow in a text, and hides from yaml.v3 what only YAML 1.1 took
// for line breaks.
func sanitize(source []byte) ([]byte, *fault) {
	odd := false
	line, start := int32(1), 0
	for i := 0; i < len(source); {
		c := source[i]
		if c >= ' ' && c < 0x7f || c == '\t' {
			i++
			continue
		}
		if c == '\n' {
			i++
			line, start = line+1, i
			continue
		}
		if c == '\r' {
			odd = odd || i+1 == len(source) || source[i+1] != '\n'
			i++
			continue
		}
		r, size := utf8.DecodeRune(source[i:])
		switch {
		case r == 0x85 || r == 0x2028 || r == 0x2029:
			odd = true
		case r == utf8.RuneError && size == 1:
			return nil, charFault(line, source[start:i], "the text is not UTF-8", fmt.Sprintf("byte 0x%02X", c), "save the file as UTF-8")
		case r < 0xa0 || r == 0xfeff || r == 0xfffe || r == 0xffff:
			return nil, charFault(line, source[start:i], "the text holds a character that YAML does not allow", fmt.Sprintf("U+%04X", r), "delete it")
		}
		i += size
	}
	if odd {
		return hideBreaks(source), nil
	}
	return source, nil
}

func charFault(line int32, before []byte, text, value, fix string) *fault {
	column := int32(utf8.RuneCount(before)) + 1
	return &fault{at: catalog.Pos{Line: line, Column: column}, text: text, value: value, fix: fix}
}

// hideDirectives makes comments of all directives before a document but %TAG: yaml.v3 knows version
// 1.1 only, and others mean nothing.
func hideDirectives(source []byte) []byte {
	source = bytes.Clone(source)
	for rest := source; len(rest) > 0 && !marks(rest, "---"); {
		if rest[0] == '%' && !bytes.HasPrefix(rest, []byte("%TAG")) {
			rest[0] = '#'
		}
		end := bytes.IndexByte(rest, '\n')
		rest = rest[end+1:]
		if end < 0 {
			break
		}
	}
	return source
}

func hideBreaks(source []byte) []byte {
	out := make([]byte, 0, len(source))
	for i := 0; i < len(source); {
		r, size := utf8.DecodeRune(source[i:])
		lone := r == '\r' && (i+1 == len(source) || source[i+1] != '\n')
		if lone || r == 0x85 || r == 0x2028 || r == 0x2029 {
			out = append(out, ' ')
		} else {
			out = append(out, source[i:i+size]...)
		}
		i += size
	}
	return out
}

// syntax words an error of yaml.v3; nil stays nil.
func (p *parser) syntax(source []byte, err error) error {
	if err == nil {
		return nil
	}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if rest, found := strings.CutPrefix(message, "line "); found {
		if digits, after, found := strings.Cut(rest, ": "); found {
			line, _ = strconv.Atoi(digits)
			message = after
		}
	}
	return p.explain(source, line, message)
}
