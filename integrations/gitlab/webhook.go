package gitlab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"

	"callboard/catalog/ingest"
	"callboard/catalog/secret"
)

// Headers of a delivery: https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers
const (
	tokenHeader    = "X-Gitlab-Token"      //nolint:gosec // the name of a header
	deliveryHeader = "Idempotency-Key"     // the same at every attempt
	eventIDHeader  = "X-Gitlab-Event-UUID" // what older versions have
)

// Verify reads a delivery that carries one of the tokens, and gives ingest.ErrUnsigned for every other.
// GitLab does not sign by default: whoever has the token may write any body. A delivery that tells of no
// push gives a Hint without URLs. Other errors are a body that GitLab would not send.
func Verify(tokens []secret.Value, header http.Header, body []byte) (ingest.Hint, error) {
	given := header.Values(tokenHeader)
	if len(given) != 1 || !secret.Among(tokens, given[0]) {
		return ingest.Hint{}, ingest.ErrUnsigned
	}
	hint := ingest.Hint{Delivery: cmp.Or(header.Get(deliveryHeader), header.Get(eventIDHeader))}
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
