package gitea

import (
	"encoding/json"
	"fmt"
	"net/http"

	"callboard/catalog/ingest"
	"callboard/catalog/secret"
)

// Headers of a delivery: https://docs.gitea.com/usage/webhooks. Forgejo sends them too, beside its own.
const (
	signatureHeader = "X-Gitea-Signature" // hexadecimal digits, without the name of the algorithm
	eventHeader     = "X-Gitea-Event"
	deliveryHeader  = "X-Gitea-Delivery"
)

// Verify reads a delivery that is signed with one of the secrets, and gives ingest.ErrUnsigned for every
// other. A delivery that tells of no push gives a Hint without URLs. Other errors are a body that Gitea
// would not send as application/json.
func Verify(secrets []secret.Value, header http.Header, body []byte) (ingest.Hint, error) {
	signatures := header.Values(signatureHeader)
	if len(signatures) != 1 || !secret.Signed(secrets, body, signatures[0]) {
		return ingest.Hint{}, ingest.ErrUnsigned
	}
	hint := ingest.Hint{Delivery: header.Get(deliveryHeader)}
	if header.Get(eventHeader) != "push" {
		return hint, nil
	}
	var push struct {
		Ref        string `json:"ref"`
		Repository struct {
			CloneURL string `json:"clone_url"`
			SSHURL   string `json:"ssh_url"`
			HTMLURL  string `json:"html_url"`
		} `json:"repository"`
	}
	if err := json.Unmarshal(body, &push); err != nil {
		return hint, fmt.Errorf("read Gitea's push: %w", err)
	}
	hint.Ref, hint.URLs = push.Ref, []string{push.Repository.CloneURL, push.Repository.SSHURL, push.Repository.HTMLURL}
	return hint, nil
}
