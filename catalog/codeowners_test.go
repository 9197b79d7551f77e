package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
)

func TestCodeowners_Owners(t *testing.T) {
	const file = `# the house
*        @acme/everybody
*.js     @acme/web  # scripts
/build/logs/ @doctocat
docs/*   docs@example.com
apps/    @octocat @acme/apps
/scripts/ @acme/tools
**/logs  @acme/logs
/apps/github
with\ blank/ @acme/blank
!not/this @acme/never
[section] @acme/never
deep/**/x.yaml @acme/deep
all/below/** @acme/below
`
	owners := catalog.ParseCodeowners([]byte(file))
	for path, want := range map[string]string{
		"README.md":                "@acme/everybody",
		"a/b/c.js":                 "@acme/web",
		"build/logs/today":         "@acme/logs", // the later rule counts
		"docs/start.md":            "docs@example.com",
		"docs/build/deep.md":       "@acme/everybody",
		"apps/x":                   "@octocat @acme/apps",
		"other/apps/x/y":           "@octocat @acme/apps",
		"apps":                     "@acme/everybody", // a file of that name
		"apps/":                    "@octocat @acme/apps",
		"scripts/x":                "@acme/tools",
		"other/scripts/x":          "@acme/everybody",
		"apps/github":              "",
		"apps/github/x":            "",
		"with blank/x":             "@acme/blank",
		"not/this":                 "@acme/everybody",
		"deep/x.yaml":              "@acme/deep",
		"deep/er/and/er/x.yaml":    "@acme/deep",
		"deep/er/y.yaml":           "@acme/everybody",
		"all/below/this/and/that":  "@acme/below",
		"all/other":                "@acme/everybody",
		"services/checkout/a.yaml": "@acme/everybody",
	} {
		if diff := cmp.Diff(want, strings.Join(owners.Owners(path), " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if got := catalog.ParseCodeowners(nil).Owners("x"); got != nil {
		t.Errorf("an empty file names %v", got)
	}
}

// TestCodeowners_Hostile: a file that anybody may commit must not keep a processor busy for hours.
func TestCodeowners_Hostile(t *testing.T) {
	for name, file := range map[string]string{
		"one long pattern":   strings.Repeat("**/", 300_000) + "x @a\n",
		"many long patterns": strings.Repeat(strings.Repeat("**/", 90)+"x @a\n", 3_000),
	} {
		owners := catalog.ParseCodeowners([]byte(file))
		for _, depth := range []int{90, 2_000} {
			if got := owners.Owners(strings.Repeat("y/", depth)); got != nil {
				t.Errorf("%s, %d folders deep: %v", name, depth, got)
			}
		}
	}
}
