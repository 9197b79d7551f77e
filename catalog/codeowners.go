package catalog

import (
	"path"
	"slices"
	"strings"
)

// Bounds of a CODEOWNERS file. Anybody may write one, and a match takes a pattern's segments times the path's.
const (
	maxOwnerRules    = 20_000 // further lines are not read
	maxOwnerSegments = 100    // of a pattern and of a path; what is deeper has no owners
)

// CodeownersPaths are the places where forges look for the file, in their order.
func CodeownersPaths() []string {
	return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"}
}

// Codeowners is a CODEOWNERS file: who reviews changes to which paths.
type Codeowners struct{ rules []ownerRule }

type ownerRule struct {
	segments []string // of the pattern; "**" stands for any number of folders
	folder   bool     // the pattern names folders only
	owners   []string
}

// ParseCodeowners reads a CODEOWNERS file. Lines that GitHub ignores are ignored: those with ! or character
// ranges. GitLab's section headings are passed over.
func ParseCodeowners(data []byte) Codeowners {
	var c Codeowners
	for line := range strings.Lines(string(data)) {
		if len(c.rules) == maxOwnerRules {
			break
		}
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		fields := strings.Fields(strings.ReplaceAll(line, `\ `, "\x00"))
		if len(fields) == 0 || strings.ContainsAny(fields[0][:1], "#![^") || strings.ContainsAny(fields[0], "[]") {
			continue
		}
		rule := newOwnerRule(strings.ReplaceAll(fields[0], "\x00", " "), fields[1:])
		if len(rule.segments) <= maxOwnerSegments {
			c.rules = append(c.rules, rule)
		}
	}
	return c
}

// newOwnerRule reads a pattern as gitignore does: with a slash at its start or within, it begins at the root, else it
// may begin in any folder; with one at its end it means folders.
func newOwnerRule(pattern string, owners []string) ownerRule {
	rule := ownerRule{owners: owners, folder: strings.HasSuffix(pattern, "/")}
	pattern = strings.TrimSuffix(pattern, "/")
	if !strings.Contains(pattern, "/") {
		pattern = "**/" + pattern
	}
	rule.segments = strings.Split(strings.TrimPrefix(pattern, "/"), "/")
	return rule
}

// Owners gives who owns a file or, with a slash at its end, a folder: the owners of the last rule that
// matches. They are written as in the file: @org/team, @person or an e-mail address. A rule without
// owners says that nobody does.
func (c Codeowners) Owners(name string) []string {
	isFolder := strings.HasSuffix(name, "/")
	segments := strings.Split(strings.Trim(name, "/"), "/")
	if len(segments) > maxOwnerSegments {
		return nil
	}
	for _, rule := range slices.Backward(c.rules) {
		if rule.matches(segments, isFolder) {
			return slices.Clone(rule.owners)
		}
	}
	return nil
}

// matches reports whether the rule means the path or a folder around it. The pattern docs/* does not
// reach into the folders of docs. Kept is the set of pattern positions that can be reached, so that patterns of many
// stars cost no more than others.
func (r ownerRule) matches(segments []string, isFolder bool) bool {
	last := len(r.segments) - 1
	below := r.segments[last] != "*" || r.segments[0] == "**"
	reached, next := make([]bool, last+2), make([]bool, last+2)
	reached[0] = true
	r.skipStars(reached)
	for n, segment := range segments {
		clear(next)
		for i, p := range r.segments {
			if !reached[i] {
				continue
			}
			if p == "**" {
				next[i] = true
			} else if matched, err := path.Match(p, segment); err == nil && matched {
				next[i+1] = true
			}
		}
		r.skipStars(next)
		reached, next = next, reached
		if whole := n == len(segments)-1; reached[last+1] && (whole && (isFolder || !r.folder) || !whole && below) {
			return true
		}
	}
	return false
}

// skipStars lets ** stand for no folder at all.
func (r ownerRule) skipStars(reached []bool) {
	for i, p := range r.segments {
		if reached[i] && p == "**" {
			reached[i+1] = true
		}
	}
}
