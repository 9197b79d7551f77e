// Package demo is the catalog of an invented company, with the history of the Git repository in which
// it grew, so that a newcomer has something to ask about.
//
// The ticket office Nightjar and everybody in it are fictitious. tree holds its files as they are
// now; history/NN holds what commit NN wrote where that was something else. internal/app makes a
// real repository of them and serves it like any other.
package demo

import (
	"embed"
	"path/filepath"
	"time"

	"callboard/catalog"
	"callboard/cmd/callboard/internal/config"
)

//go:embed all:tree all:history
var files embed.FS

// SourceName is the name of the one source of the demo.
const SourceName = "nightjar"

// Branch is the branch on which History is to be committed.
const Branch = "main"

// User gives the person as whom the demo's terminal asks.
func User() catalog.Ref { return catalog.NewRef("user", "", "ana.sol") }

// Suggestions gives four commands to try first.
func Suggestions() []string {
	return []string{"who-owns checkout", "deps checkout --up", "find payments", "stale"}
}

// Repository gives the folder of the demo's Git repository below dir.
func Repository(dir string) string { return filepath.Join(dir, SourceName+".git") }

// Config gives the configuration of a demo that keeps everything below dir.
func Config(dir string) *config.Config {
	source := config.DefaultSource()
	source.Name, source.Git, source.Ref = SourceName, Repository(dir), Branch
	source.Trusted = true
	c := config.Default()
	c.Data = filepath.Join(dir, "data")
	c.Catalog.Poll = 5 * time.Second // whoever edits the demo wants to see it
	c.Catalog.Sources = []config.Source{source}
	c.Console.User = User()
	return c
}
