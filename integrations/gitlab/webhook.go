package gitlab

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"callboard/catalog/ingest"
	"callboard/catalog/secret"
)

// Headers of a delivery: https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers
const (
	tokenHeader    = "X-Gitlab-Token"      //nolint:gosec // the name of a header
	deliveryHeader = "Idempotency-Key"     // the same at every attempt
	eventIDHeader  = "X-Gitlab-Event-UUID" // what older versions have

	signatureHeader = "webhook-signature" // of newer versions, where a signing token is set
	idHeader        = "webhook-id"
	timeHeader      = "webhook-timestamp"
	signingPrefix   = "whsec_" // of a signing token, before its key in base64
	algorithm       = "v1,"    // HMAC-SHA256, in base64
)

// Verify reads a delivery that is signed with one of the signing tokens among the secrets, which begin with
// "whsec_", or carries one of the others, and gives ingest.ErrUnsigned for every other. Whoever has a token
// that is sent may write any body. A delivery that tells of no push gives a Hint without URLs. Other errors
// are a body that GitLab would not send.
func Verify(secrets []secret.Value, header http.Header, body []byte) (ingest.Hint, error) {
	keys, tokens := split(secrets)
	given := header.Values(tokenHeader)
	if (len(given) != 1 || !secret.Among(tokens, given[0])) && !signed(keys, header, body) {
		return ingest.Hint{}, ingest.ErrUnsigned
	}
	hint := ingest.Hint{Delivery: cmp.Or(header.Get(idHeader), header.Get(deliveryHeader), header.Get(eventIDHeader))}
	var push struct {
		Kind    string `json:"object_kind"` // of hooks of projects and groups
		Event   string `json:"event_name"`  // of system hooks
		Ref     string `json:"ref"`
		Project struct {
			HTTPURL string `json:"git_http_url"`
			SSHURL  string `json:"git_ssh_url"`
			WebURL  string `json:"web_url"`
		} `json:"project"`
	}
	if err := json.Unmarshal(body, &push); err != nil {
		return hint, fmt.Errorf("read GitLab's message: %w", err)
	}
	switch cmp.Or(push.Kind, push.Event) {
	case "push", "tag_push", "repository_update":
		hint.Ref, hint.URLs = push.Ref, []string{push.Project.HTTPURL, push.Project.SSHURL, push.Project.WebURL}
	}
	return hint, nil
}

// split tells signing tokens, of which it gives the keys, from tokens that are sent.
func split(secrets []secret.Value) (keys, tokens []secret.Value) {
	for _, s := range secrets {
		text, signing := strings.CutPrefix(s.Reveal(), signingPrefix)
		if key, err := base64.StdEncoding.DecodeString(text); signing && err == nil && len(key) > 0 {
			keys = append(keys, secret.New(string(key)))
			continue
		}
		tokens = append(tokens, s)
	}
	return keys, tokens
}

// signed reports whether a delivery has a signature by one of the keys, as https://www.standardwebhooks.com
// has it. How old it is does not matter: its id is under the signature and remembered, and a push that is
// told of again makes its repository be looked at once more, no worse.
func signed(keys []secret.Value, header http.Header, body []byte) bool {
	var parts []string
	for _, name := range []string{idHeader, timeHeader, signatureHeader} {
		values := header.Values(name)
		if len(values) != 1 {
			return false
		}
		parts = append(parts, values[0])
	}
	message := slices.Concat([]byte(parts[0]+"."+parts[1]+"."), body)
	const most = 4 // a sender that changes its key signs with both
	for i, signature := range strings.Fields(parts[2]) {
		text, known := strings.CutPrefix(signature, algorithm)
		mac, err := base64.StdEncoding.DecodeString(text)
		if i < most && known && err == nil && secret.Signed(keys, message, hex.EncodeToString(mac)) {
			return true
		}
	}
	return false
}
