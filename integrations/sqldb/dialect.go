package sqldb

import (
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// dialect is all that differs between the databases but for opening them. PostgreSQL's is tested,
// and waits for the store of several replicas.
type dialect struct {
	goose    goose.Dialect
	words    []string // placeholder, text, placeholder, text, … for the migrations
	numbered bool     // parameters are $1, $2, … instead of ?
}

func sqliteDialect() dialect {
	return dialect{goose: goose.DialectSQLite3, words: []string{
		"${PK}", "INTEGER PRIMARY KEY",
		"${BLOB}", "BLOB",
		"${JSON}", "TEXT",
	}}
}

func postgresDialect() dialect {
	return dialect{goose: goose.DialectPostgres, numbered: true, words: []string{
		"${PK}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
		"${BLOB}", "BYTEA",
		"${JSON}", "JSONB",
	}}
}

// rebind gives the statement its parameters in the dialect's form. Question marks within quotes and
// comments stay.
func (d dialect) rebind(query string) string {
	if !d.numbered || !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	number := 0
	for i := 0; i < len(query); {
		if query[i] == '?' {
			number++
			b.WriteString("$" + strconv.Itoa(number))
			i++
			continue
		}
		end := i + quoted(query[i:])
		b.WriteString(query[i:end])
		i = end
	}
	return b.String()
}

// quoted is the length of the literal, quoted name or comment that text starts with, and 1 if it
// starts with none. A doubled quote within quotes reads as two pieces, which comes to the same.
func quoted(text string) int {
	end := ""
	switch {
	case text[0] == '\'', text[0] == '"':
		end = text[:1]
	case strings.HasPrefix(text, "--"):
		end = "\n"
	case strings.HasPrefix(text, "/*"):
		end = "*/"
	default:
		return 1
	}
	start := min(len(end), len(text))
	if at := strings.Index(text[start:], end); at >= 0 {
		return start + at + len(end)
	}
	return len(text)
}

// dialectFS is a folder of migrations with the dialect's words in place of the placeholders.
type dialectFS struct {
	fs.FS
	words *strings.Replacer
}

// Open reads a file whole and replaces its placeholders; folders come as they are.
func (d dialectFS) Open(name string) (fs.File, error) {
	file, err := d.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		return file, err
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	return textFile{strings.NewReader(d.words.Replace(string(text))), info}, nil
}

type textFile struct {
	*strings.Reader
	info fs.FileInfo
}

func (f textFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f textFile) Close() error               { return nil }
