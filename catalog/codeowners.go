package catalog

import (
	"path"
	"slices"
	"strings"
)

// maxOwnerRules bounds the lines of a CODEOWNERS file that are read.
const maxOwnerRules = 20_000

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
		c.rules = append(c.rules, newOwnerRule(strings.ReplaceAll(fields[0], "\x00", " "), fields[1:]))
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
	for _, rule := range slices.Backward(c.rules) {
		if rule.matches(segments, isFolder) {
			return slices.Clone(rule.owners)
		}
	}
	return nil
}

// matches reports whether the rule means the path or a folder around it. The pattern docs/* does not
// reach into the folders of docs.
func (r ownerRule) matches(segments []string, isFolder bool) bool {
	last := len(r.segments) - 1
	if (isFolder || !r.folder) && matchSegments(r.segments, segments) {
		return true
	}
	if r.segments[last] == "*" && r.segments[0] != "**" {
		return false
	}
	for n := len(segments) - 1; n > 0; n-- {
		if matchSegments(r.segments, segments[:n]) {
			return true
		}
	}
	return false
}

// matchSegments matches whole segments. It keeps the set of pattern positions that can be reached, so
// that patterns of many stars cost no more than others.
func matchSegments(pattern, segments []string) bool {
	reached := make([]bool, len(pattern)+1)
	reached[0] = true
	skipStars(pattern, reached)
	for _, segment := range segments {
		next := make([]bool, len(pattern)+1)
		for i, p := range pattern {
			if !reached[i] {
				continue
			}
			if p == "**" {
				next[i] = true
			} else if matched, err := path.Match(p, segment); err == nil && matched {
				next[i+1] = true
			}
		}
		skipStars(pattern, next)
		reached = next
	}
	return reached[len(pattern)]
}

// skipStars lets ** stand for no folder at all.
func skipStars(pattern []string, reached []bool) {
	for i, p := range pattern {
		if reached[i] && p == "**" {
			reached[i+1] = true
		}
	}
}
