package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"callboard/catalog"
)

// maxFile is the most bytes that a policy file may have.
const maxFile = 256 << 10

// ParseFile reads the text of a policy file, whose place is for people, and checks all of it. With a problem
// there are no rules.
func ParseFile(origin catalog.Origin, data []byte) ([]Rule, []catalog.Problem) {
	p := fileParser{origin: origin, lines: map[string]int{}}
	rules := p.file(data)
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	_, mistakes := Compile(rules)
	for _, m := range mistakes {
		p.problem(p.line(m.Pointer()), m.Pointer(), told(m), m.Fix)
	}
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	return rules, nil
}

// told is the text of a mistake with its excerpt below.
func told(m Mistake) string {
	if m.Excerpt == "" {
		return m.Text
	}
	return m.Text + "\n" + m.Excerpt
}

// IsFile reports whether a text looks like a policy file and not like a descriptor.
func IsFile(data []byte) bool {
	var root yaml.Node
	if len(data) > maxFile || yaml.Unmarshal(data, &root) != nil || len(root.Content) == 0 {
		return false
	}
	top := map[string]bool{}
	for i := 0; i+1 < len(root.Content[0].Content) && root.Content[0].Kind == yaml.MappingNode; i += 2 {
		top[root.Content[0].Content[i].Value] = true
	}
	return top["visibility"] && !top["apiVersion"] && !top["kind"]
}

type fileParser struct {
	origin   catalog.Origin
	lines    map[string]int // by pointer
	problems []catalog.Problem
}

func (p *fileParser) problem(line int, pointer, text, fix string) {
	at := p.origin
	at.Line = line
	p.problems = append(p.problems, catalog.Problem{
		Origin: at, Pointer: pointer, Severity: catalog.Error, Rule: catalog.RulePolicy, Text: text, Fix: fix,
	})
}

// line is that of the nearest place around a pointer.
func (p *fileParser) line(pointer string) int {
	for ; pointer != ""; pointer = pointer[:strings.LastIndexByte(pointer, '/')] {
		if line, found := p.lines[pointer]; found {
			return line
		}
	}
	return 1
}

func (p *fileParser) file(data []byte) []Rule {
	if len(data) > maxFile {
		p.problem(0, "", "the policy is larger than "+strconv.Itoa(maxFile>>10)+" KiB", "shorten it")
		return nil
	}
	stream := yaml.NewDecoder(bytes.NewReader(data))
	var root yaml.Node
	if err := stream.Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		line, text := 1, strings.TrimPrefix(err.Error(), "yaml: ")
		if n, scanErr := fmt.Sscanf(text, "line %d: ", &line); scanErr == nil && n == 1 {
			_, text, _ = strings.Cut(text, ": ")
		}
		p.problem(line, "", "not YAML: "+text, "correct it; a text with : or # in it needs quotes")
		return nil
	}
	if len(root.Content) == 0 {
		p.problem(1, "", "the policy is empty, which may be a mistake", "write visibility: [] for no rules")
		return nil
	}
	var more yaml.Node
	if err := stream.Decode(&more); !errors.Is(err, io.EOF) {
		p.problem(more.Line, "", "something follows the first document", "a policy is one document: remove the rest")
		return nil
	}
	var rules []Rule
	p.pairs(root.Content[0], "", map[string]func(*yaml.Node, string){
		"visibility": func(n *yaml.Node, at string) {
			p.items(n, at, func(item *yaml.Node, at string) { rules = append(rules, p.rule(item, at)) })
		},
	})
	if _, found := p.lines["/visibility"]; !found && len(p.problems) == 0 {
		p.problem(1, "", "there is no visibility", "write visibility: [] for no rules")
	}
	return rules
}

func (p *fileParser) rule(n *yaml.Node, at string) Rule {
	origin := p.origin
	origin.Line = n.Line
	r := Rule{Place: origin.String()}
	text := func(into *string) func(*yaml.Node, string) {
		return func(n *yaml.Node, at string) {
			if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
				p.problem(n.Line, at, "a text is wanted here", "write one line of text")
				return
			}
			*into = n.Value
		}
	}
	p.pairs(n, at, map[string]func(*yaml.Node, string){
		"name": text(&r.Name),
		"when": text(&r.When),
		"only": func(n *yaml.Node, at string) {
			p.items(n, at, func(item *yaml.Node, at string) {
				ref, fine := ParseOnly(item.Value)
				if item.Kind != yaml.ScalarNode || !fine {
					p.problem(item.Line, at, strconv.Quote(shorten(item.Value))+" is neither a user nor a group", OnlyFix)
				}
				r.Only = append(r.Only, ref)
			})
		},
		"owners": func(n *yaml.Node, at string) {
			if r.Owners = n.Value == "true"; n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
				p.problem(n.Line, at, "true or false is wanted here", "write true or false, without quotes")
			}
		},
	})
	return r
}

// pairs reads a mapping whose keys are all known.
func (p *fileParser) pairs(n *yaml.Node, at string, known map[string]func(n *yaml.Node, at string)) {
	if n.Kind != yaml.MappingNode {
		p.problem(n.Line, at, "keys are wanted here (name: value)", "write visibility: with a list of rules below, each with name, when, only and owners")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], n.Content[i+1]
		path := catalog.Pointer(at, key.Value)
		read, isKnown := known[key.Value]
		_, again := p.lines[path]
		p.lines[path] = key.Line
		switch {
		case !isKnown:
			p.problem(key.Line, path, "unknown key "+strconv.Quote(shorten(key.Value)), "a policy has visibility; its rules have name, when, only and owners")
		case again:
			p.problem(key.Line, path, "the key "+key.Value+" stands here twice", "remove one")
		case child.Kind == yaml.AliasNode:
			p.problem(child.Line, path, "aliases (*name) are not read in a policy", "write the value out")
		default:
			read(child, path)
		}
	}
}

func (p *fileParser) items(n *yaml.Node, at string, read func(n *yaml.Node, at string)) {
	if n.Kind != yaml.SequenceNode {
		p.problem(n.Line, at, "a list is wanted here", "write [ … ], or lines that begin with a dash")
		return
	}
	for i, item := range n.Content {
		path := at + "/" + strconv.Itoa(i)
		p.lines[path] = item.Line
		if item.Kind == yaml.AliasNode {
			p.problem(item.Line, path, "aliases (*name) are not read in a policy", "write the value out")
			continue
		}
		read(item, path)
	}
}
