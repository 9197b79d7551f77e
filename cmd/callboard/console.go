package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"callboard/bot"
	"callboard/bot/card/cardtest"
	"callboard/catalog"
	"callboard/cmd/callboard/internal/app"
	"callboard/integrations/console"
)

type consoleCmd struct {
	configFlag
	As      string `placeholder:"REF" help:"Read as this catalog user."`
	NoColor bool   `help:"No colours."`
	Gallery bool   `help:"Show every card with sample data."`
}

// Help adds an example.
func (consoleCmd) Help() string {
	return "In a terminal: Tab completes, arrow keys recall, Ctrl-D leaves. Without one, commands come one a line\n" +
		"from standard input.\n\nExample:\n  echo 'who-owns checkout' | callboard console"
}

// Run asks the daemon at a prompt; without one it opens the data folder and syncs in the background.
func (c *consoleCmd) Run(e *env) (err error) {
	if c.Gallery {
		return c.gallery(e)
	}
	as, err := personRef(c.As)
	if err != nil {
		return err
	}
	session, cfg, err := c.connect(e)
	if err != nil {
		return err
	}
	defer closeInto(&err, session)
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	surface := newConsole(e, c.NoColor, console.Options{History: filepath.Join(cfg.Data, "console_history")})
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel()
	if local, isLocal := session.(*app.App); isLocal {
		background.Go(func() { local.Follow(ctx) })
	}
	return surface.Serve(ctx, asker(session, as))
}

func (c *consoleCmd) gallery(e *env) error {
	style := styleFor(e.stdout)
	style.Colour = style.Colour && !c.NoColor
	var samples []console.Sample
	for _, s := range cardtest.Samples() {
		samples = append(samples, console.Sample{Name: s.Name, Card: s.Card})
	}
	return console.Gallery(e.stdout, style, samples...)
}

// asker sends what is typed to a session.
func asker(session app.Session, as catalog.Ref) bot.Handler {
	return func(ctx context.Context, req *bot.Request) bot.Reply {
		return session.Ask(ctx, req.Kind, req.Text, as)
	}
}

// newConsole makes a console on the program's own streams.
func newConsole(e *env, noColour bool, opts console.Options) *console.Console {
	_, in := terminal(e.stdin)
	_, out := terminal(e.stdout)
	opts.In, opts.Out, opts.Err = e.stdin, e.stdout, e.stderr
	opts.Terminal = in && out && os.Getenv("TERM") != "dumb"
	opts.Colour = useColour(e.stdout) && !noColour
	opts.Zone = time.Local
	return console.New(opts)
}
