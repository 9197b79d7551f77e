package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/outbound"
)

// Limits of reading a URL that a placeholder in a descriptor names.
const (
	remoteLimit = 10 * time.Second
	remoteBytes = 8 << 20
)

// remoteReader reads what placeholders name by URL, from the hosts of outbound.allow only. Nil when
// there are none: placeholders then keep their URL as text.
func remoteReader(cfg config.Outbound) (func(address string) ([]byte, error), error) {
	if len(cfg.Allow) == 0 {
		return nil, nil //nolint:nilnil // no function is a value here, see Reader.Remote
	}
	client, err := outbound.New(outbound.Options{
		Proxy: cfg.Proxy, CAFile: cfg.CA, Timeout: remoteLimit, MaxBytes: remoteBytes, AllowHosts: cfg.Allow,
	})
	if err != nil {
		return nil, fmt.Errorf("outbound: %w", err)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return errors.New("it redirects, and placeholders follow no redirects")
	}
	return func(address string) ([]byte, error) {
		u, err := url.Parse(address)
		if err != nil {
			return nil, errors.New("it is no URL")
		}
		if !slices.ContainsFunc(cfg.Allow, func(host string) bool {
			return strings.EqualFold(host, u.Host) || strings.EqualFold(host, u.Hostname())
		}) {
			return nil, errors.New("add " + u.Hostname() + " to outbound.allow in callboard.yaml")
		}
		return get(client, u)
	}, nil
}

func get(client *http.Client, u *url.URL) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), remoteLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // all that matters was read
	if response.StatusCode != http.StatusOK {
		return nil, errors.New("it answers " + response.Status)
	}
	return io.ReadAll(response.Body)
}
