package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"time"
)

// Commit is one commit of the demo's repository.
type Commit struct {
	Author, Email, Message string
	When                   time.Time
	Write                  map[string][]byte // contents by path, new and changed alike
	Remove                 []string          // paths
}

// FirstSync is how many commits of History to sync first. The rest must be committed and synced after
// that: only a catalog that has seen both states knows what became an orphan, and the last good text
// of the descriptor that breaks.
const FirstSync = 13

// step is one row of the history. Writes names files and folders of the final tree; a file that
// also stands in history/NN is written as it is there.
type step struct {
	who     string // before the @ of the e-mail address
	age     time.Duration
	message string
	writes  string
	removes string
}

const day = 24 * time.Hour

func steps() []step {
	return []step{
		{
			who: "noah.adler", age: 426 * day,
			message: "catalog: teams, people and the platform",
			writes:  "README.md CODEOWNERS catalog-info.yaml org systems.yaml services/notifier services/nightjar-kit",
		},
		{
			who: "mira.ruiz", age: 398*day + 3*time.Hour,
			message: "payments: payments-api, its worker and the ledger",
			writes: "catalog-info.yaml systems.yaml resources/locations.yaml resources/databases.yaml " +
				"apis/payments.yaml apis/spec/payments-v1.yaml services/payments-api/catalog-info.yaml " +
				"services/ledger",
		},
		{
			who: "mira.ruiz", age: 341*day + 5*time.Hour,
			message: "checkout: a service of its own",
			writes: "resources/databases.yaml services/checkout/catalog-info.yaml services/checkout/mkdocs.yml " +
				"services/checkout/docs/index.md",
		},
		{
			who: "tomas.vega", age: 305*day + 2*time.Hour,
			message: "storefront: cart, web, mobile, pricing",
			writes: "systems.yaml services/cart services/storefront-web services/mobile-bff services/pricing " +
				"services/promo-codes",
		},
		{
			who: "sara.okafor", age: 274*day + 4*time.Hour,
			message: "venues: inventory, seat map and gates",
			writes: "systems.yaml resources/locations.yaml resources/messaging.yaml resources/archive.yaml " +
				"apis/events.yaml apis/spec/inventory-events.yaml services/inventory services/seat-map " +
				"services/gate-scanner",
		},
		{
			who: "jonas.berg", age: 213*day + 1*time.Hour,
			message: "payments: API version 2",
			writes: "apis/payments.yaml apis/spec services/payments-api/catalog-info.yaml " +
				"services/payments-api/mkdocs.yml services/payments-api/docs/index.md " +
				"services/checkout/catalog-info.yaml",
		},
		{
			who: "tomas.vega", age: 182*day + 6*time.Hour,
			message: "storefront: ticket mailer",
			writes:  "services/ticket-mailer",
		},
		{
			who: "mira.ruiz", age: 151*day + 2*time.Hour,
			message: "payments: version 1 is deprecated, use version 2",
			writes:  "apis/payments.yaml apis/spec/payments-v1.yaml",
		},
		{
			who: "noah.adler", age: 122*day + 5*time.Hour,
			message: "org: welcome Ana and Kim; team-growth is dissolved",
			writes:  "CODEOWNERS catalog-info.yaml org services/notifier",
		},
		{
			who: "li.wei", age: 75*day + 3*time.Hour,
			message: "refunds: a service of its own, payments-worker is gone",
			writes:  "services/refunds",
			removes: "services/payments-worker/catalog-info.yaml",
		},
		{
			who: "jonas.berg", age: 41*day + 2*time.Hour,
			message: "checkout: runbook",
			writes:  "services/checkout/docs/runbook.md services/checkout/mkdocs.yml",
		},
		{
			who: "ana.sol", age: 19*day + 4*time.Hour,
			message: "fraud-check: first version; payments-api: runbook",
			writes:  "services/fraud-check services/payments-api",
		},
		{
			who: "kim.lund", age: 6*day + 1*time.Hour,
			message: "checkout: tier 1, alerts, on-call and API",
			writes:  "services/checkout",
		},
		// Up to here before the first sync.
		{
			who: "sara.okafor", age: 50 * time.Hour,
			message: "resources: the archive moves to the finance account",
			writes:  "resources/locations.yaml",
		},
		{
			who: "ana.sol", age: 26 * time.Hour,
			message: "payments-api: runbook for latency",
			writes:  "services/payments-api/docs/runbook.md",
		},
		{
			who: "sara.okafor", age: 2 * time.Hour,
			message: "seat-map: dashboard and tags",
			writes:  "services/seat-map/catalog-info.yaml",
		},
	}
}

// History gives the commits that lead to the embedded tree, oldest first, the newest two hours before
// now. The maps are the caller's.
func History(now time.Time) []Commit {
	final := subtree("tree")
	var history []Commit
	for i, s := range steps() {
		commit := Commit{
			Author:  fullName(s.who),
			Email:   s.who + "@nightjar.example",
			Message: s.message,
			When:    now.Add(-s.age).Truncate(time.Minute),
			Write:   map[string][]byte{},
			Remove:  strings.Fields(s.removes),
		}
		for name := range strings.FieldsSeq(s.writes) {
			for file, content := range final {
				if file == name || strings.HasPrefix(file, name+"/") {
					commit.Write[file] = content
				}
			}
		}
		maps.Copy(commit.Write, subtree(fmt.Sprintf("history/%02d", i)))
		history = append(history, commit)
	}
	return history
}

// fullName makes Ana Sol of ana.sol.
func fullName(who string) string {
	words := strings.Split(who, ".")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// subtree reads the embedded files below root, which need not exist. It panics on anything else,
// since the files are part of the program.
func subtree(root string) map[string][]byte {
	contents := map[string][]byte{}
	err := fs.WalkDir(files, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		contents[strings.TrimPrefix(file, root+"/")], err = files.ReadFile(file)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		panic(err)
	}
	return contents
}
