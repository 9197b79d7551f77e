package git_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// appAPI answers as GitHub does when an app asks for an installation's token.
type appAPI struct {
	key      *rsa.PublicKey
	lifetime time.Duration
	asked    int
}

func (a *appAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked++
	jwt := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.Method != http.MethodPost || r.URL.Path != "/api/app/installations/77/access_tokens" || !a.valid(jwt) {
		http.Error(w, jwt, http.StatusUnauthorized)
		return
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"token": secret, "expires_at": time.Now().Add(a.lifetime)})
}

func (a *appAPI) valid(jwt string) bool {
	unsigned, sig, ok := cutLast(jwt, ".")
	raw, err := base64.RawURLEncoding.DecodeString(sig)
	sum := sha256.Sum256([]byte(unsigned))
	if !ok || err != nil || rsa.VerifyPKCS1v15(a.key, crypto.SHA256, sum[:], raw) != nil {
		return false
	}
	_, payload, _ := strings.Cut(unsigned, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	var claims struct {
		Iat, Exp int64
		Iss      string
	}
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return false
	}
	now := time.Now().Unix()
	return claims.Iss == "42" && claims.Iat < now && claims.Exp > now && claims.Exp-claims.Iat <= 600
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func TestSource_Fetch_App(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{
		"PKCS#1": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		"PKCS#8": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
	}
	repo := gittest.Repo(t, first())
	srv := gittest.Serve(t, filepath.Dir(repo), gittest.Auth(secret))
	for name, tc := range map[string]struct {
		key      string
		lifetime time.Duration
		asked    int
	}{
		"PKCS#1, kept":            {keys["PKCS#1"], time.Hour, 1},
		"PKCS#8, soon to expire":  {keys["PKCS#8"], 4 * time.Minute, 3},
		"PKCS#8, a little longer": {keys["PKCS#8"], 6 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			api := &appAPI{key: &key.PublicKey, lifetime: tc.lifetime}
			hub := httptest.NewServer(api)
			defer hub.Close()
			s := open(t, git.Config{URL: srv.URL + "/repo.git", App: &git.AppCredentials{ID: 42, Installation: 77, Key: token(tc.key), API: hub.URL + "/api/"}})
			for range 3 {
				fetch(t, s)
			}
			if api.asked != tc.asked {
				t.Errorf("asked %d times for a token, want %d", api.asked, tc.asked)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		hub := httptest.NewServer(&appAPI{key: &other.PublicKey})
		defer hub.Close()
		s := open(t, git.Config{URL: srv.URL + "/repo.git", App: &git.AppCredentials{ID: 42, Installation: 77, Key: token(keys["PKCS#1"]), API: hub.URL + "/api"}})
		_, err = s.Fetch(t.Context())
		checkError(t, err, git.ErrAuth, "answered 401", srv.URL)
	})
	t.Run("no key", func(t *testing.T) {
		s := open(t, git.Config{URL: srv.URL + "/repo.git", App: &git.AppCredentials{ID: 42, Installation: 77, Key: token(secret), API: "http://127.0.0.1:1"}})
		_, err := s.Fetch(t.Context())
		checkError(t, err, git.ErrConfig, "it is not PEM", srv.URL)
	})
}
