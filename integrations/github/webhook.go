package github

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"callboard/catalog/ingest"
	"callboard/catalog/secret"
)

// Headers of a delivery: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
const (
	signatureHeader = "X-Hub-Signature-256"
	eventHeader     = "X-GitHub-Event"
	deliveryHeader  = "X-GitHub-Delivery"
	algorithm       = "sha256="
)

// Verify reads a delivery that is signed with one of the secrets, and gives ingest.ErrUnsigned for every
// other. A delivery that tells of no push gives a Hint without URLs. Other errors are a body that GitHub
// would not send.
func Verify(secrets []secret.Value, header http.Header, body []byte) (ingest.Hint, error) {
	signatures := header.Values(signatureHeader)
	if len(signatures) != 1 {
		return ingest.Hint{}, ingest.ErrUnsigned
	}
	mac, found := strings.CutPrefix(signatures[0], algorithm)
	if !found || !secret.Signed(secrets, body, mac) {
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
	text, err := payload(header, body)
	if err == nil {
		err = json.Unmarshal(text, &push)
	}
	if err != nil {
		return hint, fmt.Errorf("read GitHub's push: %w", err)
	}
	hint.Ref, hint.URLs = push.Ref, []string{push.Repository.CloneURL, push.Repository.SSHURL, push.Repository.HTMLURL}
	return hint, nil
}

// payload gives the JSON of either content type that a webhook may have; the form is what GitHub's page
// for a new webhook starts with.
func payload(header http.Header, body []byte) ([]byte, error) {
	if kind, _, _ := mime.ParseMediaType(header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return body, nil
	}
	form, err := url.ParseQuery(string(body))
	return []byte(form.Get("payload")), err
}
