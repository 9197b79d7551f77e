package console

import (
	"io"
	"strings"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// Sample is a card with a name. It has the shape of cardtest.Sample, which converts to it, so that this
// package does not depend on test data.
type Sample struct {
	Name string
	Card *card.Card
}

// Gallery draws every card under its name: for judging the look of all of them at once.
func Gallery(w io.Writer, style Style, samples ...Sample) error {
	s := style.normal()
	var b strings.Builder
	for i, sample := range samples {
		if i > 0 {
			b.WriteByte('\n')
		}
		name := markup.Cut(markup.Terminal(sample.Name), s.Width-6)
		rule := strings.Repeat("─", max(s.Width-4-markup.Width(name), 0))
		s.paint(&b, line{{text: "── " + name + " " + rule, ink: inkDim}})
		b.WriteString(draw(sample.Card, s))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
