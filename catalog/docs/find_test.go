package docs_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// inside lists a shelf: PATH, "(runbook)" and what the navigation calls it; links; problems.
func inside(shelf *docs.Shelf) string {
	var b strings.Builder
	for _, f := range shelf.Files {
		fmt.Fprintf(&b, "%s", f.Path)
		if f.Title != "" {
			fmt.Fprintf(&b, " %q", f.Title)
		}
		if f.Runbook {
			b.WriteString(" (runbook)")
		}
		b.WriteByte('\n')
	}
	for _, l := range shelf.Links {
		fmt.Fprintf(&b, "link %s %s %s\n", l.Title, l.URL, l.Pointer)
	}
	for _, p := range shelf.Problems {
		fmt.Fprintf(&b, "problem %s: %s\n", p.Origin.Place(), p.Sentence())
	}
	return b.String()
}

func TestFind(t *testing.T) {
	dirRef := func(annotations string) string { return "metadata: {annotations: {" + annotations + "}}" }
	tests := []struct {
		name, descriptor string
		files            string // separated by spaces; NAME=CONTENT
		want             string
	}{
		{"Nothing", "", "main.go", ""},
		{"DocsBesideTheDescriptor", "", "docs/b.md docs/index.md docs/a.md docs/x.png", "docs/index.md\ndocs/a.md\ndocs/b.md\n"},
		{"Readme", "", "README.md other/x.md", "README.md\n"},
		{"IndexFallsBack", dirRef(`backstage.io/techdocs-ref: "dir:."`), "docs/a.md docs/README.md README.md", "docs/README.md\ndocs/a.md\n"},
		{"Folder", dirRef(`backstage.io/techdocs-ref: "dir:./book"`), "docs/a.md book/docs/index.md", "book/docs/index.md\n"},
		{"FolderMissing", dirRef(`backstage.io/techdocs-ref: "dir:./book"`), "docs/a.md", "problem catalog-info.yaml: there is no folder book in acme: \"dir:./book\"\n"},
		{"FolderEmpty", dirRef(`backstage.io/techdocs-ref: "dir:."`), "main.go", "problem catalog-info.yaml: there are no pages in docs, nor a README.md beside it: \"dir:.\"\n"},
		{"FolderOutside", dirRef(`backstage.io/techdocs-ref: "dir:../x"`), "docs/a.md", "problem catalog-info.yaml: the folder lies outside of the entity's own: \"dir:../x\"\n"},
		{"OtherType", dirRef(`backstage.io/techdocs-ref: "file:."`), "docs/a.md", "problem catalog-info.yaml: documentation is named by dir: or url:: \"file:.\"\n"},
		{"URL", dirRef(`backstage.io/techdocs-ref: "url:https://git.example.com/acme/shop/tree/main/book/"`), "book/docs/index.md", "book/docs/index.md\n"},
		{
			"URLElsewhere", dirRef(`backstage.io/techdocs-ref: "url:https://git.example.com/other/x/tree/main/"`), "docs/a.md",
			"problem catalog-info.yaml: the documentation lies in no source of the catalog: \"url:https://git.example.com/other/x/tree/main/\"\n",
		},
		{
			"Nav", dirRef(`backstage.io/techdocs-ref: "dir:."`),
			"docs/index.md docs/a.md docs/deep/b.md docs/c.md mkdocs.yml=nav:\\n-_Home:_index.md\\n-_Part:\\n__-_B:_deep/b.md\\n__-_a.md\\n-_Out:_https://x.example\\n-_gone.md\\n-_../up.md",
			"docs/index.md \"Home\"\ndocs/deep/b.md \"B\"\ndocs/a.md\ndocs/c.md\n" +
				"problem mkdocs.yml:7: nav names gone.md, which is not in docs\nproblem mkdocs.yml:8: nav names ../up.md, which is not in docs\n",
		},
		{"DocsDir", "", "mkdocs.yaml=docs_dir:_book book/a.md docs/b.md", "book/a.md\n"},
		{
			"DocsDirOutside", "", "mkdocs.yml=docs_dir:_../x docs/a.md",
			"docs/a.md\nproblem mkdocs.yml:1: docs_dir ../x lies outside of the folder; docs is used\n",
		},
		{"PythonTags", "", "mkdocs.yml=docs_dir:_!ENV_book\\nx:_!!python/name:os.system_''\\nnav:\\n-_a.md book/a.md book/b.md", "book/a.md\nbook/b.md\n"},
		{"ConfigBroken", "", "mkdocs.yml=a:_[ docs/a.md", "docs/a.md\nproblem mkdocs.yml: it cannot be understood, all pages in docs are shown: line 1: did not find expected node content\n"},
		{
			"DocsDirMissing", "", "mkdocs.yml=docs_dir:_book README.md",
			"README.md\nproblem mkdocs.yml:1: docs_dir names book, which is not there\n",
		},
		{
			"Include", dirRef(`backstage.io/techdocs-ref: "dir:."`),
			"docs/index.md a/docs/x.md a/mkdocs.yml=docs_dir:_docs b/p/pages/y.md b/p/mkdocs.yml=docs_dir:_pages mkdocs.yml=nav:\\n-_index.md\\n-_A:_'!include_./a/mkdocs.yml'\\n-_B:_!include_b/p/mkdocs.yml",
			"docs/index.md\na/docs/x.md\nb/p/pages/y.md\n",
		},
		{
			"IncludeAll", "", "docs/i.md p/a/docs/a.md p/b/docs/b.md p/a/mkdocs.yml=x:_1 p/b/mkdocs.yml=x:_1 mkdocs.yml=nav:\\n-_'*include_./p/*/mkdocs.yml'",
			"p/a/docs/a.md\np/b/docs/b.md\ndocs/i.md\n",
		},
		{
			"IncludeItself", "", "docs/i.md a/docs/a.md a/mkdocs.yml=nav:\\n-_'!include_../mkdocs.yml' mkdocs.yml=nav:\\n-_'!include_./a/mkdocs.yml'",
			"a/docs/a.md\ndocs/i.md\n",
		},
		{
			"IncludeMissing", "", "docs/i.md mkdocs.yml=nav:\\n-_'!include_./a/mkdocs.yml'\\n-_'!include_../../up.yml'",
			"docs/i.md\nproblem mkdocs.yml:2: nav includes ./a/mkdocs.yml, which is not there\n" +
				"problem mkdocs.yml:3: nav includes ../../up.yml, which lies outside of the repository\n",
		},
		{
			"Links", dirRef(`backstage.io/techdocs-ref: "dir:."`), "docs/a.md docs/b.md@ mkdocs.yml=nav:\\n-_b.md",
			"docs/a.md\nproblem docs/b.md: this page is a symbolic link or submodule, and those are not followed\n" +
				"problem mkdocs.yml:2: nav names b.md, which is or passes a symbolic link or submodule, and those are not followed\n",
		},
		{
			"RunbookLink", dirRef("callboard/runbook: do.md"), "do.md@",
			"problem catalog-info.yaml: this is or passes a symbolic link or submodule, and those are not followed: \"do.md\"\n",
		},
		{"RunbookByName", "", "docs/a.md docs/runbook-db.md docs/runbook.md docs/runbooks/X.md docs/runbooks/index.md", "docs/a.md\ndocs/runbook-db.md (runbook)\ndocs/runbook.md (runbook)\ndocs/runbooks/X.md (runbook)\ndocs/runbooks/index.md\n"},
		{"RunbookBesideTheDescriptor", "", "runbook.md runbooks/KubePodNotReady.md runbooks/_index.md", "runbook.md (runbook)\nrunbooks/KubePodNotReady.md (runbook)\nrunbooks/_index.md\n"},
		{"RunbookDeclared", dirRef("callboard/runbook: ops/do.md#x"), "docs/a.md ops/do.md", "docs/a.md\nops/do.md (runbook)\n"},
		{"RunbookFolder", dirRef("callboard/runbook: ops"), "ops/a/X.md ops/Y.md", "ops/Y.md (runbook)\nops/a/X.md (runbook)\n"},
		{"RunbookURLHere", dirRef("callboard/runbook: https://git.example.com/acme/shop/blob/main/ops/do.md"), "ops/do.md", "ops/do.md (runbook)\n"},
		{
			"RunbookURLElsewhere", dirRef("callboard/runbook: https://wiki.example.com/x"), "main.go",
			"link https://wiki.example.com/x https://wiki.example.com/x /metadata/annotations/callboard~1runbook\n",
		},
		{"RunbookMissing", dirRef("callboard/runbook: gone.md"), "main.go", "problem catalog-info.yaml: there is no such page or folder: \"gone.md\"\n"},
		{"RunbookOutside", dirRef("callboard/runbook: ../../etc/passwd.md"), "main.go", "problem catalog-info.yaml: there is no such page or folder: \"../../etc/passwd.md\"\n"},
		{
			"RunbookInALink", `metadata: {links: [{url: "https://wiki.example.com/x", title: "Our *runbook*"}, {url: "https://git.example.com/acme/shop/blob/main/do.md", type: runbook}]}`,
			"do.md", "do.md (runbook)\nlink Our runbook https://wiki.example.com/x /metadata/links/0\n",
		},
		{"EntityMissing", dirRef("backstage.io/techdocs-entity: system:gone"), "docs/a.md", "problem catalog-info.yaml: the entity whose documentation counts is not in the catalog: \"system:gone\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := fstest.MapFS{"catalog-info.yaml": &fstest.MapFile{}}
			for file := range strings.FieldsSeq(tt.files) {
				name, text, _ := strings.Cut(file, "=")
				text = strings.NewReplacer(`\n`, "\n", "_dir", "_dir", "_", " ").Replace(text)
				files[name] = &fstest.MapFile{Data: []byte(text)}
				if link, found := strings.CutSuffix(name, "@"); found {
					delete(files, name)
					files[link] = &fstest.MapFile{Data: []byte("elsewhere"), Mode: fs.ModeSymlink}
				}
			}
			now := present(t, files, "shop", tt.descriptor)
			entity, _ := now.Snapshot.As(catalog.Everything{}).Get(catalog.NewRef("component", "", "shop"))
			shelf := docs.Find(now, entity)
			if diff := cmp.Diff(tt.want, inside(shelf)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, p := range shelf.Problems {
				if p.Rule != catalog.RuleDocs || p.Fix == "" || p.Ref != entity.Ref {
					t.Errorf("incomplete problem %+v", p)
				}
			}
		})
	}
}
