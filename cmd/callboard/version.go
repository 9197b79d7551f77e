package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Help adds an example.
func (versionCmd) Help() string { return "Example:\n  callboard version" }

// Run prints the version that the Go toolchain recorded in the program.
func (versionCmd) Run(e *env) error {
	version := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				version += " @" + s.Value
			}
		}
	}
	_, err := fmt.Fprintf(e.stdout, "callboard %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
