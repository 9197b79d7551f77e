package backstage

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"callboard/catalog"
	"callboard/catalog/policy"
)

// Token names the user as whom its bearers ask.
type Token struct {
	Secret func(ctx context.Context) (string, error) // read again now and then, so that it can be rotated
	User   catalog.Ref
	Name   string // for the log: where the secret is kept
}

// tokenLife is how long tokens are trusted before they are read again.
const tokenLife = 10 * time.Second

// doorman tells who asks.
type doorman struct {
	tokens    []Token
	anonymous bool
	log       *slog.Logger
	now       func() time.Time

	mu      sync.Mutex
	digests [][sha256.Size]byte // of tokens, index by index; zero for one that cannot be read
	read    time.Time
	failing map[string]bool // names of tokens of which the log was told
}

// actor gives the actor of a request, or an error for the asker.
func (d *doorman) actor(r *http.Request) (policy.Actor, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return d.stranger(r)
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if token = strings.TrimSpace(token); len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return policy.Actor{}, unauthenticated("the header Authorization must read: Bearer TOKEN")
	}
	digest, match := sha256.Sum256([]byte(token)), -1
	for i, known := range d.current(r.Context()) {
		if subtle.ConstantTimeCompare(digest[:], known[:]) == 1 {
			match = i // go on: how long this takes must not tell which token fits
		}
	}
	if match < 0 {
		return policy.Actor{}, unauthenticated("this token is not known here")
	}
	return policy.Actor{User: d.tokens[match].User, Platform: platform, Why: "the bearer of a token under integrations.backstage.tokens"}, nil
}

// platform is what actors of this API come from.
const platform = "backstage"

// stranger lets those in who bring no token, where that is meant. The host must be this machine by name or
// address: a page in a browser that made its own name point here would bring that name.
func (d *doorman) stranger(r *http.Request) (policy.Actor, error) {
	switch {
	case !d.anonymous:
		return policy.Actor{}, unauthenticated("a token is needed, in the header Authorization: Bearer TOKEN; tokens are configured under integrations.backstage.tokens")
	case !isLoopback(r.Host):
		return policy.Actor{}, unauthenticated("without a token this API is for this machine: ask for it as localhost")
	}
	return policy.Actor{Platform: platform, Why: "no token was sent"}, nil
}

// isLoopback reports whether a host, with or without port, is this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback()
}

// current gives the digests of the tokens, read again when they are old.
func (d *doorman) current(ctx context.Context) [][sha256.Size]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if d.digests != nil && now.Sub(d.read) < tokenLife {
		return d.digests
	}
	fresh := make([][sha256.Size]byte, len(d.tokens))
	for i, token := range d.tokens {
		text, err := token.Secret(ctx)
		if err == nil {
			fresh[i] = sha256.Sum256([]byte(text))
		} else if !d.failing[token.Name] {
			d.log.Warn("a token of integrations.backstage cannot be read, nobody can use it", "token", token.Name, "error", err)
		}
		d.failing[token.Name] = err != nil
	}
	d.digests, d.read = fresh, now
	return fresh
}
