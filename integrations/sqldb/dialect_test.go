package sqldb_test

import (
	"io/fs"
	"strings"
	"testing"

	"callboard/integrations/sqldb"
)

func TestRebind(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1":                             "SELECT 1",
		"a = ? AND b = ?":                      "a = $1 AND b = $2",
		"a = '?' AND b = ?":                    "a = '?' AND b = $1",
		"a = 'it''s ?' AND b = ?":              "a = 'it''s ?' AND b = $1",
		`"odd?name" = ? AND 'a"?' = ?`:         `"odd?name" = $1 AND 'a"?' = $2`,
		"a = ? -- really?\nAND b = ?":          "a = $1 -- really?\nAND b = $2",
		"a = /* ? */ ? /* it's ? */ AND b = ?": "a = /* ? */ $1 /* it's ? */ AND b = $2",
		"(?, ?, ?), (?, ?, ?), (?, ?, ?), (?)": "($1, $2, $3), ($4, $5, $6), ($7, $8, $9), ($10)",
		"a = '? never ends":                    "a = '? never ends",
		"a = ? /":                              "a = $1 /",
		"größe = ? AND 'ß?' = ? -":             "größe = $1 AND 'ß?' = $2 -",
	} {
		if got := sqldb.Rebind(query); got != want {
			t.Errorf("Rebind(%q)\n gives %q,\n want  %q", query, got, want)
		}
	}
}

func TestMigrations_PlaceholdersAreReplaced(t *testing.T) {
	sqlite, postgres := sqldb.Migrations()
	for name, folder := range map[string]fs.FS{"SQLite": sqlite, "PostgreSQL": postgres} {
		files, err := fs.Glob(folder, "migrations/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d migrations, %v", name, len(files), err)
		}
		for _, file := range files {
			text, err := fs.ReadFile(folder, file)
			if err != nil {
				t.Fatal(err)
			}
			if at := strings.Index(string(text), "${"); at >= 0 {
				t.Errorf("%s: %s has a placeholder that the dialect does not know: %.20s", name, file, text[at:])
			}
		}
	}
}
