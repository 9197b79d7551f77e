package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"callboard/integrations/backstage"
)

// Limits of the HTTP servers (threats.md row 33).
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	maxConns          = 512 // at once
	shutdownLimit     = 5 * time.Second
)

// Listen opens the HTTP port; Run serves it. The address tells which port it became.
func (a *App) Listen(ctx context.Context) (address string, err error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", a.config.HTTP.Listen)
	if err != nil {
		return "", fmt.Errorf("http.listen %s: %w: choose another port in callboard.yaml, or end the program that has it", a.config.HTTP.Listen, err)
	}
	a.listener = listener
	a.closer.add("HTTP port", func() error { return ignoreClosed(listener.Close()) })
	return listener.Addr().String(), nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// serveHTTP serves metrics, health, webhooks and the catalog's API on the port that Listen opened, if it did.
func (a *App) serveHTTP(ctx context.Context) error {
	if a.listener == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.meters.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if reasons := a.NotReady(); len(reasons) > 0 {
			writeText(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n"))
			return
		}
		writeText(w, http.StatusOK, "ready")
	})
	newHooks(a.config.Catalog.Sources, a.syncer.KickSource, a.meters.webhooks, a.log).register(mux, forges(a.config.Integrations))
	for _, s := range a.chat.surfaces {
		if s.requests(a.config) {
			mux.Handle("/"+s.name+"/", s.adapter.Handler(a.handle))
		}
	}
	api := a.backstage()
	mux.Handle("/api/catalog/", api)
	mux.Handle("/api/search/", api)
	limited, server := limitConns(a.listener, maxConns), newServer(mux)
	server.ConnState = limited.note
	return serve(ctx, limited, server)
}

// backstage makes the API by which Backstage's plugins read the catalog.
func (a *App) backstage() http.Handler {
	options := backstage.Options{
		Catalog: a.syncer.Snapshot, Viewer: a.rules.viewer, Hidden: a.refused, Anonymous: a.config.HTTP.Local(), Log: a.log, Observe: a.meters.observeAPI,
		Finders: []backstage.Finder{backstage.TechDocs(a.docs)},
	}
	for _, t := range a.config.Integrations.Backstage.Tokens {
		options.Tokens = append(options.Tokens, backstage.Token{Secret: reveal(t.Token), User: t.User, Name: t.Token.String()})
	}
	return backstage.New(options)
}

func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}
}

// serve runs a server until ctx ends, then lets requests that are under way finish for a moment.
func serve(ctx context.Context, listener net.Listener, server *http.Server) error {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
		defer cancel()
		if server.Shutdown(limited) != nil {
			_ = server.Close() // what did not finish in time is cut off
		}
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}
	<-stopped
	return nil
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) //nolint:gosec // plain text, and marked so; an error means that the client went away
}
