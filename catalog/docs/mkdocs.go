package docs

import (
	"errors"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// site is what counts of a mkdocs.yml. Themes, extensions and plugins do not.
type site struct {
	docsDir string
	dirLine int        // of docs_dir; 0 when the file does not have it
	nav     []navEntry // in reading order; nil when the file has no nav
	hasNav  bool
}

// navEntry is a page of the navigation, or a mkdocs.yml whose pages stand in its place.
type navEntry struct {
	title   string
	path    string // relative to docs_dir; of an include to the folder of mkdocs.yml, with * and ? where all says so
	line    int
	include bool
	all     bool // path is a pattern
}

// parseSite reads a mkdocs.yml. Tags such as !ENV and !!python/name are kept as the text behind
// them; nothing is ever run.
func parseSite(data []byte) (site, error) {
	s := site{docsDir: "docs"}
	if len(data) > maxConfigBytes {
		return s, errors.New("it is larger than 256 KiB")
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return s, errors.New(yamlFault(err))
	}
	if len(root.Content) == 0 {
		return s, nil
	}
	if root.Content[0].Kind != yaml.MappingNode {
		return s, errors.New("it is no mapping")
	}
	if dir := field(root.Content[0], "docs_dir"); text(dir) != "" {
		s.docsDir, s.dirLine = text(dir), dir.Line
	}
	if nav := field(root.Content[0], "nav"); nav != nil && nav.Kind == yaml.SequenceNode {
		s.hasNav = true
		s.walk(nav, "", 0)
	}
	return s, nil
}

// walk collects the pages of a nav: "page.md", "Title: page.md", "Title: [nested]".
func (s *site) walk(nav *yaml.Node, title string, depth int) {
	if nav == nil || depth > maxNavDepth || len(s.nav) >= MaxPages {
		return
	}
	switch nav.Kind {
	case yaml.ScalarNode:
		if entry, found := entryOf(nav); found {
			entry.title, entry.line = Plain(title), nav.Line
			s.nav = append(s.nav, entry)
		}
	case yaml.SequenceNode:
		for _, item := range nav.Content {
			s.walk(item, "", depth+1)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(nav.Content); i += 2 {
			s.walk(nav.Content[i+1], nav.Content[i].Value, depth+1)
		}
	default: // aliases are not followed: no navigation needs them, and they can loop
	}
}

// entryOf reads "page.md", and the monorepo plugin's "!include ./x/mkdocs.yml" and "*include ./*/mkdocs.yml". Addresses
// and files that are no pages are no entries.
func entryOf(nav *yaml.Node) (navEntry, bool) {
	name := strings.TrimSpace(nav.Value)
	if nav.Tag == "!include" {
		name = "!include " + name
	}
	if command, target, found := strings.Cut(name, " "); found && (command == "!include" || command == "*include") {
		return navEntry{path: strings.TrimSpace(target), include: true, all: command == "*include"}, true
	}
	if strings.HasPrefix(name, "!") || strings.Contains(name, "://") || !isPage(name) {
		return navEntry{}, false
	}
	return navEntry{path: strings.TrimPrefix(path.Clean(name), "./")}, true
}

// field gives the value of a key of a mapping, or nil.
func field(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// yamlFault words a parser's error on one line.
func yamlFault(err error) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
}
