package docs_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/docs"
)

func split(text string) *docs.Page {
	return docs.Split(catalog.Origin{Source: source, Path: "docs/page-name.md", Revision: "1"}, []byte(text))
}

// outline gives a page as lines: its title, then LINE-LAST LEVEL TRAIL/HEADING #ANCHOR for each section.
func outline(p *docs.Page) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.Title)
	for _, s := range p.Sections {
		fmt.Fprintf(&b, "%d-%d %d %s #%s\n", s.Line, s.Last, s.Level, strings.Join(append(s.Trail, s.Heading), "/"), s.Anchor)
	}
	for _, problem := range p.Problems {
		fmt.Fprintf(&b, "problem at %d: %s\n", problem.Origin.Line, problem.Text)
	}
	return b.String()
}

func TestSplit(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"Empty", "", "page name\n"},
		{"NoHeading", "text\nmore\n", "page name\n1-2 0  #\n"},
		{"Levels", "intro\n# A\n## B\n### C\n## D\n# E\n", "A\n1-1 0  #\n2-2 1 A #a\n3-3 2 A/B #b\n4-4 3 A/B/C #c\n5-5 2 A/D #d\n6-6 1 E #e\n"},
		{"LevelLeftOut", "# A\n### C\n## B\n", "A\n1-1 1 A #a\n2-2 3 A/C #c\n3-3 2 A/B #b\n"},
		{"FrontMatter", "---\ntitle: The *Title*\ntags: [a, b]\n---\n# A\ntext\n", "The Title\n5-6 1 A #a\n"},
		{"FrontMatterEmpty", "---\n---\n# A\n", "A\n3-3 1 A #a\n"},
		{"FrontMatterBroken", "---\ntitle: [\n---\n# A\n", "A\n1-3 0  #\n4-4 1 A #a\nproblem at 1: the front matter is shown as it stands: line 1: did not find expected node content\n"},
		{"RuleIsNoFrontMatter", "---\ntext\n", "page name\n1-2 0  #\n"},
		{"Underlined", "Title\n=====\ntext\n\nPart\n----\nmore\n", "Title\n1-4 1 Title #title\n5-7 2 Title/Part #part\n"},
		{"RuleIsNoHeading", "# A\ntext\n\n---\n\nmore\n", "A\n1-6 1 A #a\n"},
		{"TableIsNoHeading", "# A\na | b\n--|--\n1 | 2\n", "A\n1-4 1 A #a\n"},
		{"Fence", "# A\n```sh\n# not a heading\n```\n~~~\n## nor this\n```\n~~~\n## B\n", "A\n1-8 1 A #a\n9-9 2 A/B #b\n"},
		{"FenceNeverClosed", "# A\n```\n# no\n", "A\n1-3 1 A #a\n"},
		{"Indented", "# A\n\n    # code\n", "A\n1-3 1 A #a\n"},
		{"NotHeadings", "#hash\n####### seven\n#\n", "page name\n1-2 0  #\n3-3 1  #section\n"},
		{"Marks", "## [A](x.md) `b` *c* __d__ hold_minutes <b>e</b> ##\n", "page name\n1-1 2 A b c d hold_minutes e #a-b-c-d-hold_minutes-e\n"},
		{"SameTwice", "## A\n## A\n## A {#own}\n", "page name\n1-1 2 A #a\n2-2 2 A #a_1\n3-3 2 A #own\n"},
		{"Carriage", "# A\r\ntext\r\n## B\r\n", "A\n1-2 1 A #a\n3-3 2 A/B #b\n"},
		{"BOM", "\ufeff# A\n", "A\n1-1 1 A #a\n"},
		{"NotUTF8", "# A\n\nx\xff\n", "A\n1-3 1 A #a\nproblem at 3: the page is not UTF-8; what cannot be read is shown as �\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, outline(split(tt.text))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplit_Limits(t *testing.T) {
	big := split(strings.Repeat("ä", docs.MaxPageBytes))
	if len(big.Problems) != 1 || len(big.Sections) != 1 || len(big.Sections[0].Body) > docs.MaxSectionBytes || !utf8.ValidString(big.Sections[0].Body) {
		t.Errorf("%v, %d sections", big.Problems, len(big.Sections))
	}
	many := split(strings.Repeat("## A\n", 3*docs.MaxSections))
	if len(many.Sections) != docs.MaxSections+1 || len(many.Problems) != 1 {
		t.Errorf("%d sections, %v", len(many.Sections), many.Problems)
	}
}

// FuzzSplit: whatever a page holds, its sections are in order, within it, and hold its text.
func FuzzSplit(f *testing.F) {
	for _, text := range []string{"# A\n## B\ntext", "---\ntitle: x\n---\n", "```\n# x\n", "A\n=\nB\n-", "\xff\x00", "- a\n\n  # b\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := split(text)
		lines, last := strings.Count(text, "\n")+strings.Count(text, "\r")+1, 0
		for _, s := range p.Sections {
			if s.Line <= last-1 || s.Last < s.Line || s.Line > lines {
				t.Fatalf("section %q at %d-%d after %d of %d lines", s.Heading, s.Line, s.Last, last, lines)
			}
			last = s.Line
			if !utf8.ValidString(s.Body + s.Heading + s.Anchor) {
				t.Fatalf("section %q is no text", s.Heading)
			}
			for _, cut := range []docs.Cut{docs.Steps(s.Body, 3, 100), docs.Steps(s.Body, 0, 50)} {
				if n := utf8.RuneCountInString(cut.Text); n > 100 {
					t.Fatalf("cut to %d characters", n)
				}
			}
			docs.Rebase(s.Body, "https://example.com/", "docs/a.md")
			docs.Snippet(s.Body, docs.Words(text))
			docs.FirstStep(s.Body, 50)
		}
	})
}

func TestSteps(t *testing.T) {
	text := "Intro.\n\n1. One\n   ```sh\n   - not a step\n   ```\n2. Two\n   - below two\n3. Three\n"
	tests := []struct {
		name        string
		most, runes int
		want        docs.Cut
	}{
		{"All", 0, 1000, docs.Cut{Text: strings.TrimSpace(text), Steps: 3}},
		{"Enough", 3, 1000, docs.Cut{Text: strings.TrimSpace(text), Steps: 3}},
		{"Two", 2, 1000, docs.Cut{Text: strings.TrimSpace(strings.TrimSuffix(text, "3. Three\n")), Steps: 3, Left: 1, Short: true}},
		{"ClosesTheFence", 0, 45, docs.Cut{Text: "Intro.\n\n1. One\n   ```sh\n   - not a step\n```", Steps: 3, Left: 2, Short: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, docs.Steps(text, tt.most, tt.runes)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWords(t *testing.T) {
	tests := map[string][]string{
		"":                         nil,
		"the":                      {"the"},
		"KubePodCrashLooping":      {"kube", "pod", "crash", "looping"},
		"etcdNoLeader":             {"etcd", "no", "leader"},
		"NodeRAIDDiskFailure":      {"node", "raid", "disk", "failure"},
		"KubeAPIErrorBudgetBurn":   {"kube", "api", "error", "budget", "burn"},
		"HTTPServer5xx":            {"http", "server5xx"},
		"my pod is crashing, why?": {"pod", "crashing"},
		`a"b (c) NEAR`:             {"b", "c", "near"},
		"one two three four five six seven eight nine": {"one", "two", "three", "four", "five", "six", "seven", "eight"},
	}
	for text, want := range tests {
		if diff := cmp.Diff(want, docs.Words(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestRebase(t *testing.T) {
	const base = "https://git.example.com/acme/shop/blob/main/"
	tests := map[string]string{
		"[a](b.md)":                "[a](" + base + "docs/b.md)",
		"[a](../b.md#c 'title') x": "[a](" + base + "b.md#c 'title') x",
		"![i](img/x.png)":          "![i](" + base + "docs/img/x.png)",
		"[a](#here)":               "[a](" + base + "docs/page.md#here)",
		"[a](https://x.example)":   "[a](https://x.example)",
		"[a](javascript:alert(1))": "[a](javascript:alert(1))",
		"[a](../../b.md)":          "[a](../../b.md)",
		"`[a](b.md)`":              "`[a](b.md)`",
		"[a](b":                    "[a](b",
	}
	for text, want := range tests {
		if got := docs.Rebase(text, base, "docs/page.md"); got != want {
			t.Errorf("%s gave %s, want %s", text, got, want)
		}
	}
}
