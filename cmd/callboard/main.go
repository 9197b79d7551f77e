// Command callboard answers who owns what, from a Git-synced software catalog, in chat and on the terminal.
//
// Each subcommand has a file here; internal/app is the program they run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"callboard/cmd/callboard/internal/app"
	"callboard/integrations/git"
	"callboard/integrations/sqldb"
)

// Exit codes, the same for every subcommand (design.md section 5).
const (
	exitFine  = 0
	exitNo    = 1 // the answer is no
	exitUsage = 2 // wrong use
	exitFault = 3 // our fault
)

// cli is the command line, as kong reads it.
type cli struct {
	Init     initCmd     `cmd:"" help:"Write a configuration file."`
	Serve    serveCmd    `cmd:"" help:"Run the daemon: keep the catalog in step with Git and answer."`
	Demo     demoCmd     `cmd:"" help:"Run the daemon on an embedded demo, with a console in front."`
	Console  consoleCmd  `cmd:"" help:"Ask at a prompt, of the running daemon or of the stored catalog."`
	Ask      askCmd      `cmd:"" help:"Ask one command and print one card."`
	Sync     syncCmd     `cmd:"" help:"Fetch all sources once."`
	Lint     lintCmd     `cmd:"" help:"Judge descriptors in files or folders."`
	Catalog  catalogCmd  `cmd:"" help:"Work with the whole catalog."`
	Doctor   doctorCmd   `cmd:"" help:"Look at the configuration and all that it needs, and say what to mend."`
	Manifest manifestCmd `cmd:"" help:"Print what a chat platform wants to know of the app."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// env is the world of one run of the program.
type env struct {
	ctx    context.Context //nolint:containedctx // kong binds values to Run methods, and the context is one of them
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// exitError ends the program with a code. Its text, if any, is for people.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program without the process around it; it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	e := &env{ctx, stdin, stdout, stderr}
	helped := false
	var line cli
	parser, err := kong.New(&line,
		kong.Name("callboard"),
		kong.Description("Who owns what, from your Backstage descriptors, in chat and on the terminal.\n\nTry: callboard demo"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Bind(e),
	)
	if err != nil {
		fmt.Fprintln(stderr, "callboard:", err)
		return exitFault
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if helped {
		return exitFine
	}
	if err != nil {
		fmt.Fprintf(stderr, "callboard: %v\nTry: callboard --help\n", err)
		return exitUsage
	}
	return exitCode(parsed.Run(e), stderr)
}

// codeOf tells what the user can put right from what is our fault.
func codeOf(err error) int {
	var inUse *sqldb.InUseError
	if errors.As(err, &inUse) || errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, git.ErrConfig) || errors.Is(err, app.ErrConfig) {
		return exitUsage
	}
	return exitFault
}

func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return exitFine
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{codeOf(err), err}
	}
	if text := exit.Error(); text != "" {
		fmt.Fprintln(stderr, "callboard:", text)
	}
	return exit.code
}
