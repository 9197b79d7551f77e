package catalogtest

import (
	"fmt"
	"strings"
)

// doc is a Markdown file beside a component.
type doc struct {
	path string
	text []byte
}

// docs makes a component's overview and its runbook.
func (w *world) docs(d *descriptor) []doc {
	dice := w.dice(d.name, len(d.name))
	var index, runbook strings.Builder
	fmt.Fprintf(&index, "# %s\n\n%s\n\n## How it works\n\n%s\n\n## Who to ask\n\n%s\n",
		d.title, d.description, w.describe(dice, "Requests come in over HTTP", 6), w.describe(dice, "The team answers in its channel", 2))
	fmt.Fprintf(&runbook, "# Runbook of %s\n", d.title)
	for _, alert := range []string{"High error rate", "High latency", "Queue is growing", "Disk is nearly full"} {
		fmt.Fprintf(&runbook, "\n## %s\n\n%s\n\n1. Look at the dashboard of the %s.\n2. Run `kubectl rollout status deploy/%s`.\n",
			alert, w.describe(dice, "People notice that the "+w.phrases.name(dice.IntN(w.phrases.size))+" is slow", 3),
			w.phrases.name(dice.IntN(w.phrases.size)), d.name)
	}
	return []doc{
		{d.folder() + "/docs/index.md", []byte(index.String())},
		{d.folder() + "/docs/runbook.md", []byte(runbook.String())},
	}
}
