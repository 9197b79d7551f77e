package main

import (
	"errors"
	"fmt"
	"io"

	"callboard/catalog/ingest"
	"callboard/cmd/callboard/internal/app"
)

type syncCmd struct {
	configFlag
	JSON    bool `help:"Print the result as one line of JSON."`
	Confirm bool `help:"Let a large removal go ahead that waits for an operator."`
}

// Help adds an example.
func (syncCmd) Help() string {
	return "Example:\n  callboard sync -c callboard.yaml\n\n" +
		"Exit code 1 when a source failed or waits for --confirm. Problems of descriptors alone are no failure:\n" +
		"callboard ask stale lists them."
}

// Run syncs through the daemon, or by itself when none runs.
func (c *syncCmd) Run(e *env) (err error) {
	session, cfg, err := c.connect(e)
	if err != nil {
		return err
	}
	defer closeInto(&err, session)
	if _, isTerminal := terminal(e.stderr); isTerminal && !c.JSON {
		fmt.Fprintf(e.stderr, "Fetching %s…\n", plural(len(cfg.Catalog.Sources), "source"))
	}
	report, err := session.Sync(e.ctx, c.Confirm)
	if err != nil {
		return err
	}
	if e.ctx.Err() != nil {
		return &exitError{exitNo, errors.New("sync: interrupted, nothing was taken over")}
	}
	if c.JSON {
		err = writeLine(e.stdout, report)
	} else {
		err = printReport(e.stdout, report)
	}
	if err != nil {
		return err
	}
	if local, isLocal := session.(*app.App); isLocal {
		if err := local.IndexDocs(e.ctx); err != nil { // no daemon does it
			return fmt.Errorf("sync: the catalog is in step, but its documentation could not be indexed: %w", err)
		}
	}
	if report.Error != "" {
		return &exitError{code: exitFault}
	}
	if !report.Fine() {
		return &exitError{code: exitNo}
	}
	return nil
}

func printReport(w io.Writer, report ingest.Report) error {
	for _, source := range report.Sources {
		text := "in step"
		switch {
		case source.Error != "":
			text = "FAILED: " + source.Error
		case source.Waiting != "":
			text = "WAITS: " + source.Waiting
		}
		name := source.Name
		if source.Revision != "" {
			name += fmt.Sprintf(" @%.7s", source.Revision)
		}
		if _, err := fmt.Fprintf(w, "%s  %s\n", name, text); err != nil {
			return err
		}
	}
	if report.Error != "" {
		_, err := fmt.Fprintf(w, "Nothing was taken over, the store refused it: %s\n", report.Error)
		return err
	}
	entities := "1 entity"
	if report.Entities != 1 {
		entities = fmt.Sprintf("%d entities", report.Entities)
	}
	_, err := fmt.Fprintf(w, "%s: %d added, %d changed, %d moved, %d removed; %s; %d ms\n",
		entities, report.Added, report.Changed, report.Moved, report.Removed, plural(report.Problems, "problem"), report.Millis)
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
