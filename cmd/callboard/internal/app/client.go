package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/bot/command"
	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/sqldb"
)

// Session answers local programs: the App itself, or a Client of the daemon that has the data folder.
type Session interface {
	// Ask answers one command or completion of the local user, as somebody else if as says so.
	Ask(ctx context.Context, kind bot.Kind, text string, as catalog.Ref) bot.Reply
	Sync(ctx context.Context, confirm bool) (ingest.Report, error)
	Export(ctx context.Context, w io.Writer) error
	Rules(ctx context.Context) ([]bot.Finding, error)
	Chats(ctx context.Context) ([]command.Chat, error)
	Close() error
}

// Patience with a process that has the data folder but no socket.
const (
	connectPatience = 10 * time.Second
	connectInterval = 50 * time.Millisecond
)

// clientMargin is how much longer a Client waits for an answer than the daemon takes for one at most.
const clientMargin = 5 * time.Second

// Connect gives the daemon that runs on the configuration's data folder, or opens the folder when none does.
// A daemon that is just starting or stopping, and another command that is at work, are waited for a while.
func Connect(ctx context.Context, cfg *config.Config, log *slog.Logger) (Session, error) {
	return patiently(ctx, func() (Session, bool, error) {
		if client := Dial(ctx, cfg); client != nil {
			return client, false, nil
		}
		a, err := New(ctx, cfg, log)
		return a, isInUse(err), err
	})
}

// NewDaemon is New for a daemon, which serves chats: it waits a while for a command that is at work on the data
// folder, but not for another daemon.
func NewDaemon(ctx context.Context, cfg *config.Config, log *slog.Logger) (*App, error) {
	a, err := patiently(ctx, func() (*App, bool, error) {
		a, err := New(ctx, cfg, log)
		return a, isInUse(err) && Dial(ctx, cfg) == nil, err
	})
	if err != nil {
		return nil, err
	}
	if err := a.openChats(); err != nil { // now, while an earlier configuration can still come back
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func isInUse(err error) bool {
	var inUse *sqldb.InUseError
	return errors.As(err, &inUse)
}

// patiently repeats an attempt until it need not be made again, ctx ends, or the patience does.
func patiently[T any](ctx context.Context, attempt func() (result T, again bool, err error)) (T, error) {
	ticker := time.NewTicker(connectInterval)
	defer ticker.Stop()
	for deadline := time.Now().Add(connectPatience); ; {
		result, again, err := attempt()
		if !again || time.Now().After(deadline) {
			return result, err
		}
		select {
		case <-ctx.Done():
			return result, err
		case <-ticker.C:
		}
	}
}

// Ask answers a request of this process's own user.
func (a *App) Ask(ctx context.Context, kind bot.Kind, text string, as catalog.Ref) bot.Reply {
	req := a.LocalRequest(userName(uint32(os.Getuid())), as)
	req.Kind, req.Text = kind, text
	return a.Handle(ctx, &req)
}

// Client talks to a daemon through its local socket.
type Client struct{ http *http.Client }

// Dial connects to the daemon on the data folder; nil when none is running.
func Dial(ctx context.Context, cfg *config.Config) *Client {
	path := filepath.Join(cfg.Data, socketName)
	if len(path) > maxSocketPath {
		return nil // no daemon can have opened it
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	conn, err := dial(ctx, "", "")
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
			return &Client{&http.Client{Transport: failing{err}}}
		}
		return nil
	}
	_ = conn.Close() // it was only to see whether anybody answers
	return &Client{&http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// failing tells each request why the socket cannot be used.
type failing struct{ err error }

// RoundTrip implements http.RoundTripper.
func (f failing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("a daemon is running, but its socket cannot be used: %w", f.err)
}

// enoughText is more than any command has, in bytes, and fits into a request however JSON writes it.
const enoughText = 10 << 10

// Ask sends one command or completion to the daemon.
func (c *Client) Ask(ctx context.Context, kind bot.Kind, text string, as catalog.Ref) bot.Reply {
	text = text[:min(len(text), enoughText)] // the daemon refuses it as too long, however it ends
	body, err := json.Marshal(question{kind, text, as})
	if err != nil {
		return unreachable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestLimit+clientMargin)
	defer cancel()
	response, err := c.do(ctx, http.MethodPost, "/request", bytes.NewReader(body))
	if err != nil {
		return unreachable(err)
	}
	defer func() { _ = response.Body.Close() }() // all was read
	var reply bot.Reply
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		return unreachable(err)
	}
	return reply
}

func unreachable(err error) bot.Reply {
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("it took too long; is it stopped, or the machine overloaded?")
	}
	text := card.Line("The daemon did not answer: " + err.Error())
	return bot.Reply{Outcome: bot.Fault, Card: &card.Card{Title: text, Summary: text, Status: card.Bad}}
}

// Sync lets the daemon sync once.
func (c *Client) Sync(ctx context.Context, confirm bool) (ingest.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, syncLimit+clientMargin)
	defer cancel()
	query := url.Values{"confirm": {strconv.FormatBool(confirm)}}
	response, err := c.do(ctx, http.MethodPost, "/sync?"+query.Encode(), nil)
	if err != nil {
		return ingest.Report{}, err
	}
	defer func() { _ = response.Body.Close() }() // all was read
	var report ingest.Report
	err = json.NewDecoder(response.Body).Decode(&report)
	return report, err
}

// Export copies the daemon's catalog.
func (c *Client) Export(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, syncLimit+clientMargin)
	defer cancel()
	response, err := c.do(ctx, http.MethodGet, "/export", nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // all was read
	_, err = io.Copy(w, response.Body)
	return err
}

// Close ends the connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

func (c *Client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://callboard"+path, body)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxSocketBody)) // what can be read says more than nothing
		_ = response.Body.Close()
		return nil, errors.New(string(bytes.TrimSpace(text)))
	}
	return response, nil
}
