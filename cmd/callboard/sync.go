package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"callboard/bot"
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
		"Exit code 1 when a source failed or waits for --confirm, or when rules of who sees what cannot be used. Problems of descriptors alone are no failure:\n" +
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
	rules, err := brokenRules(e.ctx, session)
	if err != nil {
		return err
	}
	if c.JSON {
		err = writeLine(e.stdout, syncResult{report, rules})
	} else {
		err = printReport(e.stdout, report, rules)
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
	if !report.Fine() || len(rules) > 0 {
		return &exitError{code: exitNo}
	}
	return nil
}

// syncResult is what sync prints.
type syncResult struct {
	ingest.Report
	Rules []string `json:"rules,omitempty"` // what is wrong with the rules of who sees what
}

// brokenRules says what is wrong with the rules after a sync, and what to do.
func brokenRules(ctx context.Context, session app.Session) ([]string, error) {
	findings, err := session.Rules(ctx)
	if err != nil {
		return nil, fmt.Errorf("sync: the catalog is in step, but how the rules of who sees what are is not known: %w", err)
	}
	var broken []string
	for _, f := range findings {
		if f.Grade == bot.Wrong {
			broken = append(broken, f.Text+": "+f.Fix)
		}
	}
	return broken, nil
}

func printReport(w io.Writer, report ingest.Report, rules []string) error {
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
	for _, text := range rules {
		if _, err := fmt.Fprintf(w, "rules  FAILED: %s\n", text); err != nil {
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
