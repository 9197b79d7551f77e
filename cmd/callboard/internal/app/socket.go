package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"callboard/bot"
	"callboard/catalog"
	"callboard/catalog/policy"
)

// Limits of the local socket.
const (
	maxSocketBody = 64 << 10
	syncLimit     = 30 * time.Minute // for callboard sync through the socket
	maxSocketPath = 107              // bytes of a path that the kernel takes, see unix(7)
)

// question is what a local program asks through the socket.
type question struct {
	Kind bot.Kind    `json:"kind"`
	Text string      `json:"text"`
	As   catalog.Ref `json:"as,omitzero"` // ask as somebody else; for reads only
}

// serveSocket answers local programs on DATA/callboard.sock, which only the daemon's own user may open.
// Whoever is on the other side is known by the peer credentials of the connection.
func (a *App) serveSocket(ctx context.Context) error {
	path := a.socketPath()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the socket of an earlier run: %w", err)
	}
	var lc net.ListenConfig
	listener, err := listenPrivate(ctx, &lc, path)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /request", a.socketRequest)
	mux.HandleFunc("POST /sync", a.socketSync)
	mux.HandleFunc("GET /export", func(w http.ResponseWriter, r *http.Request) {
		if err := a.Export(r.Context(), w); err != nil {
			a.log.Warn("an export broke off", "error", err)
			panic(http.ErrAbortHandler) // else the client would take what it got for all there is
		}
	})
	mux.HandleFunc("GET /rules", a.socketRules)
	mux.HandleFunc("GET /chats", a.socketChats)
	server := newServer(mux)
	server.WriteTimeout = syncLimit
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, peerKey{}, peerOf(conn))
	}
	return serve(ctx, listener, server)
}

// listenPrivate makes the socket with mode 0600: nobody else can connect in the moment before a chmod,
// because the data folder is closed to others.
func listenPrivate(ctx context.Context, lc *net.ListenConfig, path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("the local socket %s has a path of %d bytes, and %d are the most: choose a data folder with a shorter path",
			path, len(path), maxSocketPath)
	}
	listener, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the local socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("close the local socket to others: %w", err), listener.Close())
	}
	return listener, nil
}

type peerKey struct{}

// peerOf names the operating-system user at the other end of a connection; "" when the system does
// not say.
func peerOf(conn net.Conn) string {
	unixConn, isUnix := conn.(*net.UnixConn)
	if !isUnix {
		return ""
	}
	raw, err := unixConn.SyscallConn()
	if err != nil {
		return ""
	}
	var name string
	err = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			name = userName(cred.Uid)
		}
	})
	if err != nil {
		return ""
	}
	return name
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if found, err := user.LookupId(id); err == nil {
		return found.Username
	}
	return "uid " + id
}

func (a *App) socketRequest(w http.ResponseWriter, r *http.Request) {
	var q question
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxSocketBody)).Decode(&q); err != nil {
		writeText(w, http.StatusBadRequest, "not a request: "+err.Error())
		return
	}
	peer, _ := r.Context().Value(peerKey{}).(string)
	req := a.LocalRequest(peer, q.As)
	req.Kind, req.Text = q.Kind, q.Text
	writeJSON(w, a.Handle(r.Context(), &req))
}

func (a *App) socketSync(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), syncLimit)
	defer cancel()
	report, err := a.Sync(ctx, r.URL.Query().Get("confirm") == "true")
	if err != nil {
		writeText(w, http.StatusInternalServerError, err.Error())
		return
	}
	writeJSON(w, report)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the client went away; there is nobody to tell
}

// LocalRequest starts a request of the operating-system user called account, at a terminal. With as,
// the catalog is read as that person; nothing can be written as somebody else.
func (a *App) LocalRequest(account string, as catalog.Ref) bot.Request {
	actor := policy.Actor{Platform: "console", ChatID: account}
	mapped, isMapped := a.config.Console.Users[account]
	switch {
	case !as.IsZero():
		actor.User, actor.Why = as, "asked for by --as, for reading only"
	case isMapped:
		actor.User, actor.Why = mapped, "console.users maps "+account+" to it"
	case !a.config.Console.User.IsZero():
		actor.User, actor.Why = a.config.Console.User, "console.user in the configuration"
	default:
		actor.Why = "console.users in the configuration does not map " + account
	}
	return bot.Request{
		Kind: bot.Typed, Actor: actor, Received: time.Now(),
		Address: bot.Address{Platform: "console", Private: true},
	}
}
