// Package app is the composition root: it makes one program of the parts, and takes it apart again.
//
// New → Run(ctx) → Close. Subcommands in cmd/callboard use it; it handles no signals and ends no process.
package app
