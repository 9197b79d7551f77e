package git

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// AppCredentials are those of a GitHub App, from which short-lived tokens are made.
type AppCredentials struct {
	ID           int64                                 // of the app
	Installation int64                                 // of the app in the organisation
	Key          func(context.Context) (string, error) // private key, PEM
	API          string                                // root of the API; empty: told by the repository's host
}

const (
	tokenMargin  = 5 * time.Minute // a token is not used in its last minutes
	jwtLifetime  = 9 * time.Minute // GitHub allows 10
	jwtBackdate  = time.Minute     // for clocks that run ahead of GitHub's
	maxTokenBody = 64 << 10
)

// appTokens gives installation tokens, from memory while they are valid.
type appTokens struct {
	app  AppCredentials
	api  string
	http *http.Client

	mu      sync.Mutex
	token   string
	expires time.Time
}

func newAppTokens(app AppCredentials, at address, c *http.Client) (*appTokens, error) {
	api := strings.TrimSuffix(app.API, "/")
	switch {
	case app.ID <= 0 || app.Installation <= 0 || app.Key == nil:
		return nil, fail(ErrConfig, "a GitHub App needs its id, the installation's id and a private key")
	case api == "" && strings.EqualFold(at.host, "github.com"):
		api = "https://api.github.com"
	case api == "":
		api = "https://" + at.hostPort() + "/api/v3"
	}
	if u, err := url.Parse(api); err != nil || u.Host == "" || u.User != nil {
		return nil, fail(ErrConfig, "the API address of the GitHub App is not a URL of the form https://host/path")
	}
	return &appTokens{app: app, api: api, http: c}, nil
}

// Token gives a token that is valid for at least tokenMargin.
func (t *appTokens) Token(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Until(t.expires) > tokenMargin {
		return t.token, nil
	}
	key, err := t.app.Key(ctx)
	if err != nil {
		return "", failWith(ErrConfig, err, "the private key of the GitHub App cannot be had")
	}
	jwt, err := signJWT(key, t.app.ID, time.Now())
	if err != nil {
		return "", err
	}
	token, expires, err := t.request(ctx, jwt)
	if err != nil {
		return "", err
	}
	t.token, t.expires = token, expires
	return token, nil
}

// forget drops a token that the server has refused, so that the next Fetch asks for a new one.
func (t *appTokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.expires = "", time.Time{}
}

func (t *appTokens) request(ctx context.Context, jwt string) (string, time.Time, error) {
	u := t.api + "/app/installations/" + strconv.FormatInt(t.app.Installation, 10) + "/access_tokens"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, bytes.NewReader(nil))
	if err != nil {
		return "", time.Time{}, err
	}
	req.Header.Set("Authorization", "Bearer "+jwt)
	req.Header.Set("Accept", "application/vnd.github+json")
	resp, err := t.http.Do(req)
	if err != nil {
		return "", time.Time{}, connectError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if after, limited := comeBack(resp, time.Now()); limited {
		failure := fail(ErrNetwork, "%s had too many requests (%d) when asked for an installation token: to be asked again in %s", req.URL.Host, resp.StatusCode, after)
		failure.After = after
		return "", time.Time{}, failure
	}
	if resp.StatusCode != http.StatusCreated {
		return "", time.Time{}, fail(ErrAuth, "%s answered %d when asked for an installation token: check app id, installation id and key of the GitHub App", req.URL.Host, resp.StatusCode)
	}
	var body struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expires_at"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxTokenBody)).Decode(&body); err != nil || body.Token == "" {
		return "", time.Time{}, fail(ErrProtocol, "%s did not answer with an installation token", req.URL.Host)
	}
	return body.Token, body.Expires, nil
}

// signJWT makes the RS256 token with which an app proves itself.
func signJWT(keyPEM string, id int64, now time.Time) (string, error) {
	key, err := parseRSA(keyPEM)
	if err != nil {
		return "", fail(ErrConfig, "the private key of the GitHub App cannot be read: %s", err)
	}
	enc := base64.RawURLEncoding
	claims := fmt.Sprintf(`{"iat":%d,"exp":%d,"iss":"%d"}`, now.Add(-jwtBackdate).Unix(), now.Add(jwtLifetime).Unix(), id)
	unsigned := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(unsigned))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fail(ErrConfig, "the private key of the GitHub App does not sign: %s", err)
	}
	return unsigned + "." + enc.EncodeToString(sig), nil
}

func parseRSA(keyPEM string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(keyPEM))
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it is neither PKCS#1 nor PKCS#8")
	}
	if key, ok := key.(*rsa.PrivateKey); ok {
		return key, nil
	}
	return nil, errors.New("it is not an RSA key")
}
