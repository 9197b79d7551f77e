package ingest

import (
	"bytes"
	"testing"
)

// FuzzSplit checks the cutting of streams, which external tests see only through Read: chunks are
// parts of the input in its order, their line numbers are right, and no content is left out.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		"", "a: b", "---\na\n---\n# c\n---\nb\n", "%YAML 1.2\n---\na\n...\n%TAG ! !\n---\nb", "a\n...\nb\n...\n...\n---\r\nc\r\n", "--- |\n x\n---x\n--- # c\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, from := 0, 0
		var between []byte
		for _, c := range split(data) {
			at := bytes.Index(data[from:], c.text)
			if c.doc <= doc || at < 0 || len(c.text) == 0 {
				t.Fatalf("chunk %d %q out of place", c.doc, c.text)
			}
			start := startOf(data, c.lines)
			if start < from || !bytes.HasPrefix(data[start:], c.text) {
				t.Fatalf("chunk %d %q is not at line %d", c.doc, c.text, c.lines+1)
			}
			between = append(append(between, data[from:start]...), '\n')
			doc, from = c.doc, start+len(c.text)
		}
		between = append(between, data[from:]...)
		for line := range bytes.Lines(between) {
			line = bytes.TrimRight(line, "\n")
			if !blank(line) && !marks(line, "---") && !marks(line, "...") && line[0] != '%' {
				t.Fatalf("%q is in no chunk of %q", line, data)
			}
		}
	})
}

// startOf gives where the line after n others begins.
func startOf(data []byte, n int) int {
	at := 0
	for range n {
		at += bytes.IndexByte(data[at:], '\n') + 1
	}
	return at
}
