package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
)

// Signed reports whether mac is the HMAC-SHA256 of message under one of the keys, in hexadecimal digits.
// A zero Value signs nothing. How long it takes tells nothing of the keys, nor which of them it was.
func Signed(keys []Value, message []byte, mac string) bool {
	sum, err := hex.DecodeString(mac)
	if err != nil || len(sum) != sha256.Size {
		return false
	}
	found := 0
	for _, key := range keys {
		if key.IsZero() {
			continue
		}
		h := hmac.New(sha256.New, []byte(key.Reveal()))
		_, _ = h.Write(message) // a hash takes everything
		found |= subtle.ConstantTimeCompare(h.Sum(nil), sum)
	}
	return found == 1
}

// Among reports whether text is one of the secrets. A zero Value is no text. How long it takes tells
// nothing of the secrets, nor which of them it was.
func Among(secrets []Value, text string) bool {
	sum := sha256.Sum256([]byte(text))
	found := 0
	for _, s := range secrets {
		if s.IsZero() {
			continue
		}
		want := sha256.Sum256([]byte(s.Reveal())) // equal lengths, because a comparison stops at unequal ones
		found |= subtle.ConstantTimeCompare(want[:], sum[:])
	}
	return found == 1
}
