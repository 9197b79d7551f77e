package discord

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"callboard/bot"
)

// Handler serves the interactions that Discord sends by HTTP, POST /discord/interactions, and has handle answer them.
// Each request is verified before anything of it is read.
func (d *Discord) Handler(handle bot.Handler) http.Handler {
	d.use(handle)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /discord/interactions", d.serveInteraction)
	return mux
}

// serveInteraction answers requests that Discord signed within the last five minutes. Others get 401 without a word
// why; Discord sends such to see that they are refused.
func (d *Discord) serveInteraction(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		if _, is := errors.AsType[*http.MaxBytesError](err); is {
			status = http.StatusRequestEntityTooLarge
		}
		w.WriteHeader(status)
		return
	}
	if !d.signed(r.Header, body) {
		d.meters.dropped.WithLabelValues("bad_signature").Inc()
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var ping struct {
		Type int `json:"type"`
	}
	if json.Unmarshal(body, &ping) == nil && ping.Type == interactionPing {
		writeJSON(w, wire{Type: answerPong})
		return
	}
	t, err := d.fromInteraction(body)
	if err != nil {
		d.drop(err)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	first, _ := d.react(t) //nolint:contextcheck // an answer outlives its request
	writeJSON(w, wire{first.kind, first.data})
	if flusher, is := w.(http.Flusher); is {
		flusher.Flush()
	}
	d.meters.ack.Observe(time.Since(start).Seconds())
	time.AfterFunc(ackLapse, func() { close(t.acked) })
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // a client that went away hears nothing
}

// signed checks the signature over the time of the request and its raw body, and the time.
func (d *Discord) signed(header http.Header, body []byte) bool {
	const signatureHeader, timeHeader = "X-Signature-Ed25519", "X-Signature-Timestamp"
	if d.key == nil || len(header.Values(signatureHeader)) != 1 || len(header.Values(timeHeader)) != 1 {
		return false
	}
	stamp := header.Get(timeHeader)
	signature, err := hex.DecodeString(header.Get(signatureHeader))
	if err != nil || len(signature) != ed25519.SignatureSize || !ed25519.Verify(d.key, append([]byte(stamp), body...), signature) {
		return false
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	return err == nil && time.Since(time.Unix(seconds, 0)).Abs() <= requestSlack
}
