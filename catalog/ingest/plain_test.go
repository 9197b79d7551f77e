package ingest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzPlain holds the fast parser to yaml.v3: what it reads is the same value at the same places.
// It tests inside the package because from outside the two cannot be told apart.
func FuzzPlain(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "../../../shared/corpora/dev/*/*/*/*.yaml", "../../../shared/corpora/dev/*/*/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			for _, c := range split(data) {
				f.Add(c.text)
			}
		}
	}
	for _, seed := range []string{
		"a: b # c\nd:\n- e\n- f: g\n  h: 'i'\nj: [k, l] # m\nn:\n  o: \"p\"\n  q:\nr: ~\n", "---\na: http://x:1/#y\n", "a:\n  - b\n  # c\n  - d: e\n    f:\n    - g\n",
		"a: b\n c: d\n", "a: []\nb: 1\n$c: -\n", "a:\n   b: c\n  d: e\n",
		"a: |\n  b\n\n   c: d\n  # e\n\nf: |-\n g\n\n\n# h\ni: 1\n", "a:\n- b: |-\n    c\n   \n  d: |\n   e\n  # f\n   # g\n", "a: |\n  b\n c: d\n", "a: |\n\n  b\n",
		"a: |\n  b\n...\n", "a:\n  b: |\n    c\n    \n  \n# d\n  e: |\n    f\n   \n", "a: |\nb: c\n", "a: |\n  b", "a: |\n  b\n     \n", "a:\n  - |\n    b\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		chunks := split(data)
		if len(chunks) != 1 {
			return
		}
		source, bad := sanitize(chunks[0].text)
		if bad != nil {
			return
		}
		fast, slow := parser{depth: 64, aliases: 1 << 20, lines: 7}, parser{depth: 64, aliases: 1 << 20, lines: 7}
		got, ok := fast.plain(source)
		if !ok {
			return
		}
		root, err := decode(source)
		if err != nil {
			t.Fatalf("yaml.v3 does not read %q: %v", source, err)
		}
		want := new(value)
		if err := slow.build(want, root, 1); err != nil || len(slow.faults) > 0 {
			t.Fatalf("refused otherwise: %q: %v %v", source, err, slow.faults)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(value{})); diff != "" || fast.dollar != slow.dollar {
			t.Errorf("%q (-yaml.v3 +plain)\n%s", source, diff)
		}
	})
}
