// Package cardtest holds sample cards for everything that renders cards: one of each kind that
// commands make, each limit of package card just reached, and texts that attack the surface that shows
// them. Adapters compare their rendering with golden files, and check what must hold for all of them.
package cardtest

import (
	"time"

	"callboard/bot/card"
)

// Sample is a card with the name under which its golden files are kept: lower case, digits and dashes.
type Sample struct {
	Name string
	Card *card.Card
}

// Now is the moment at which the samples are looked at, a Monday afternoon in Europe.
func Now() time.Time { return time.Date(2026, 3, 2, 14, 21, 30, 0, time.UTC) }

// Samples gives new copies of all sample cards, in the order in which a gallery shows them. All pass
// Validate.
func Samples() []Sample {
	var all []Sample
	for _, group := range [][]Sample{answers(), statuses(), scripts(), edges(), hostile()} {
		all = append(all, group...)
	}
	return all
}

// ago gives the moment d before Now.
func ago(d time.Duration) time.Time { return Now().Add(-d) }

const day = 24 * time.Hour

// dots joins with the separator of short facts.
func dots(texts ...card.Text) card.Text { return card.Join(" · ", texts...) }
