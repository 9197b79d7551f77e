package ingest_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"callboard/catalog/ingest"
)

// restlessWorld is three repositories whose files define some of the same entities and name each other.
type restlessWorld struct {
	dice    *rand.Rand
	repos   []*repository
	trees   []tree
	sources []ingest.Config
	changes []func(files tree)
}

func newRestlessWorld(seed uint64) *restlessWorld {
	w := &restlessWorld{dice: rand.New(rand.NewPCG(seed, 2))}
	for i, name := range []string{"acme", "other", "far"} {
		repo, files := &repository{}, tree{}
		if seed%2 == 1 { // else no URL leads anywhere, and a few files can be decided alone
			repo.web = "https://git.example.com/" + name + "/repo/blob/"
		}
		for n := range 40 {
			files[fmt.Sprintf("s%d/catalog-info.yaml", n)] = service(fmt.Sprintf("service-%d", n+25*i))
		}
		repo.commit(files)
		w.repos, w.trees, w.sources = append(w.repos, repo), append(w.trees, files), append(w.sources, w.source(name, repo))
	}
	w.changes = slices.Concat(w.changesOfText(), w.changesOfPlace(), w.changesOfLocations())
	return w
}

func (w *restlessWorld) source(name string, repo *repository) ingest.Config {
	c := source(name, repo)
	c.Trusted = w.chance(2)
	switch w.dice.IntN(4) {
	case 0:
		c.Paths = []string{"**/catalog-info.yaml", "odd-*.yaml"}
	case 1:
		c.Paths = []string{"odd-1.yaml", "s?/catalog-info.yaml"}
	}
	if w.chance(5) {
		c.Kinds = []string{"Component", "Location", "User"}
	}
	if w.chance(3) {
		c.FileBytes = 700
	}
	return c
}

// chance is true once in n times.
func (w *restlessWorld) chance(n int) bool { return w.dice.IntN(n) == 0 }

// step commits changes to each repository, often none.
func (w *restlessWorld) step() {
	for i := range w.repos {
		files := maps.Clone(w.trees[i])
		for range max(0, w.dice.IntN(6)-1) {
			w.changes[w.dice.IntN(len(w.changes))](files)
		}
		if w.chance(20) { // much goes at once
			maps.DeleteFunc(files, func(string, string) bool { return w.chance(2) })
		}
		if to := w.trees[w.dice.IntN(len(w.trees))]; w.chance(6) { // to another repository, or it was there already
			name := w.file(files)
			to[name] = files[name]
			delete(files, name)
		}
		w.trees[i] = files
	}
	for i, repo := range w.repos {
		repo.fail(nil)
		if w.chance(8) {
			repo.fail(errDown)
		}
		if w.chance(15) {
			repo.rename([]string{"main", "trunk"}[w.dice.IntN(2)])
		}
		repo.commit(maps.Clone(w.trees[i]))
	}
}

// file gives a file that there is, mostly.
func (w *restlessWorld) file(files tree) string {
	names := append(slices.Sorted(maps.Keys(files)), "catalog-info.yaml")
	return names[w.dice.IntN(len(names))]
}

// folder gives the path of a descriptor that there may be or not.
func (w *restlessWorld) folder() string { return fmt.Sprintf("s%d/", w.dice.IntN(50)) }

// odd gives a file that is read only where something names it.
func (w *restlessWorld) odd() string { return fmt.Sprintf("odd-%d.yaml", w.dice.IntN(4)) }

// service describes a component that is perhaps described already.
func (w *restlessWorld) service() string {
	return service(fmt.Sprintf("service-%d", w.dice.IntN(100)), fmt.Sprintf("system: system-%d", w.dice.IntN(5)))
}

func (w *restlessWorld) user() string {
	return strings.Replace(user, "mira", fmt.Sprint("user-", w.dice.IntN(4)), 1)
}

func (w *restlessWorld) changesOfText() []func(tree) {
	return []func(tree){
		func(files tree) { files[w.file(files)] = w.service() },
		func(files tree) { files[w.file(files)] = w.service() },
		func(files tree) { files[w.file(files)] = w.user() },
		func(files tree) { files[w.file(files)] += "---\n" + w.service() },
		func(files tree) { files[w.file(files)] += "---\n" + w.user() },
		func(files tree) { files[w.file(files)] += "# " + strings.Repeat("x", 600) + "\n" }, // perhaps too long
		func(files tree) { files[w.file(files)] = ": no YAML [" },
		func(files tree) { files[w.file(files)] = linkText },
		func(files tree) {
			name := w.file(files)
			files[name] = strings.Replace(files[name], "owner:", "nobody:", 1)
		},
		func(files tree) { files["type.txt"] = fmt.Sprint("type-", w.dice.IntN(3)) },
		func(files tree) { delete(files, "type.txt") },
		func(files tree) {
			files[w.folder()+"catalog-info.yaml"] = strings.Replace(w.service(), "type: service", "type:\n    $text: ../type.txt", 1)
		},
	}
}

func (w *restlessWorld) changesOfPlace() []func(tree) {
	return []func(tree){
		func(files tree) { files[w.folder()+"catalog-info.yaml"] = w.service() },
		func(files tree) { files[w.odd()] = w.service() },
		func(files tree) { delete(files, w.file(files)) },
		func(files tree) { delete(files, w.odd()) },
		func(files tree) {
			name := w.file(files)
			files[w.folder()+"moved/catalog-info.yaml"] = files[name]
			delete(files, name)
		},
		func(files tree) {
			folder := w.folder()
			files[folder+"catalog-info.yaml"] = template
			files[folder+"skeleton/catalog-info.yaml"] = w.service()
		},
	}
}

func (w *restlessWorld) changesOfLocations() []func(tree) {
	target := func() string {
		repo := []string{"acme", "other", "far"}[w.dice.IntN(3)]
		branch := []string{"main", "trunk"}[w.dice.IntN(2)]
		return []string{
			"/" + w.odd(), "/" + w.odd(), "../out.yaml", "./" + w.folder() + "*.yaml",
			"https://git.example.com/" + repo + "/repo/blob/main/" + w.odd(),
			"https://git.example.com/" + repo + "/repo/blob/" + branch + "/" + w.folder() + "*.yaml",
		}[w.dice.IntN(6)]
	}
	return []func(tree){
		func(files tree) {
			if w.chance(2) { // most sources have none, most of the time
				files["catalog-info.yaml"] = location(target(), target())
			}
		},
		func(files tree) { delete(files, "catalog-info.yaml") },
		func(files tree) {
			files["odd-1.yaml"] = strings.Replace(location(target()), "root", "nested", 1)
		},
	}
}
