package git_test

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// packed makes a repository whose objects are in one pack, most of them as differences to others.
func packed(tb testing.TB) string {
	tb.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	lines := make([]string, 200)
	for i := range lines {
		lines[i] = fmt.Sprintf("line %d says %x", i, dice.Uint64())
	}
	var history []git.Commit
	for n := range 20 {
		write := map[string]string{"empty": "", "large": strings.Repeat(strings.Join(lines, "\n"), 20)}
		for i := range 20 {
			lines[dice.IntN(len(lines))] = fmt.Sprintf("another line %x", dice.Uint64())
			write[fmt.Sprintf("folder-%d/file-%d", i%5, i)] = strings.Join(lines[dice.IntN(100):], "\n")
		}
		history = append(history, commit(n, write))
	}
	repo := gittest.Repo(tb, history...)
	gittest.Git(tb, repo, "repack", "-adfq", "--depth=50", "--window=50")
	return repo
}

// TestPacks reads every object of a repository that git has packed.
func TestPacks(t *testing.T) {
	repo := packed(t)
	packs := git.OpenPacks(repo)
	defer packs.Close()
	list := strings.Split(gittest.Git(t, repo, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype) %(deltabase)"), "\n")
	differences := 0
	var readers sync.WaitGroup
	for n := range 4 {
		readers.Go(func() {
			for i := range list {
				fields := strings.Fields(list[(i+n*len(list)/4)%len(list)])
				name, kind := fields[0], fields[1]
				data, known, err := packs.Read(name, 1<<20)
				sum := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", kind, len(data), data))
				if err != nil || !known || hex.EncodeToString(sum[:]) != name {
					t.Errorf("%s %s reads as %q, %v", kind, name, data, err)
				}
				for i := range data {
					data[i] = 'x' // the reader's own
				}
			}
		})
	}
	readers.Wait()
	for _, line := range list {
		if !strings.HasSuffix(line, strings.Repeat("0", 40)) {
			differences++
		}
	}
	if differences < len(list)/2 {
		t.Errorf("%d of %d objects are differences: the test shows little", differences, len(list))
	}
}

func TestPacks_Limits(t *testing.T) {
	repo := packed(t)
	packs := git.OpenPacks(repo)
	defer packs.Close()
	for line := range strings.SplitSeq(gittest.Git(t, repo, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objectsize)"), "\n") {
		var name string
		var size int64
		if _, err := fmt.Sscan(line, &name, &size); err != nil {
			t.Fatal(err)
		}
		var large *git.TooLargeError
		for range 2 { // the second time it may be kept
			if _, known, err := packs.Read(name, size-1); !known || !errors.As(err, &large) || *large != (git.TooLargeError{Size: size, Max: size - 1}) {
				t.Errorf("%s of %d bytes, at most %d: %v", name, size, size-1, err)
			}
			if data, _, err := packs.Read(name, size); err != nil || int64(len(data)) != size {
				t.Errorf("%s of %d bytes: %d, %v", name, size, len(data), err)
			}
		}
	}
}

// TestPacks_Elsewhere leaves to go-git what is not in a pack.
func TestPacks_Elsewhere(t *testing.T) {
	repo := packed(t)
	loose := gittest.GitInput(t, repo, []byte("a loose object"), "hash-object", "-w", "--stdin")
	packs := git.OpenPacks(repo)
	defer packs.Close()
	for _, name := range []string{loose, strings.Repeat("0", 40), strings.Repeat("f", 40)} {
		if data, known, err := packs.Read(name, 1<<20); known || data != nil {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// FuzzPacks reads damaged packs by damaged indexes: no panic, no endless chain, no more memory than the limits.
func FuzzPacks(f *testing.F) {
	repo := packed(f)
	hash := gittest.Git(f, repo, "rev-parse", "HEAD:folder-0/file-0")
	var files [2][]byte
	for i, pattern := range []string{"*.idx", "*.pack"} {
		names, err := filepath.Glob(filepath.Join(repo, "objects", "pack", pattern))
		if err != nil || len(names) != 1 {
			f.Fatal(names, err)
		}
		if files[i], err = os.ReadFile(names[0]); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(files[0], files[1], hash)
	f.Add(files[0][:1100], files[1], hash)
	f.Add(files[0], files[1][:1000], hash)
	dice := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		index, pack := append([]byte(nil), files[0]...), append([]byte(nil), files[1]...)
		for range 20 {
			index[dice.IntN(len(index))] ^= byte(dice.Uint32())
			pack[dice.IntN(len(pack))] ^= byte(dice.Uint32())
		}
		f.Add(index, files[1], hash)
		f.Add(files[0], pack, hash)
	}
	f.Fuzz(func(t *testing.T, index, pack []byte, hash string) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "objects", "pack", "pack-1.idx"), string(index))
		write(t, filepath.Join(dir, "objects", "pack", "pack-1.pack"), string(pack))
		packs := git.OpenPacks(dir)
		defer packs.Close()
		if data, _, err := packs.Read(hash, 1<<20); err == nil && len(data) > 1<<20 {
			t.Errorf("%d bytes", len(data))
		}
	})
}
