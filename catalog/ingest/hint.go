package ingest

import "errors"

// Hint is what a forge's webhook tells: that there may be news in a repository. It is believed no
// further than to go and look.
type Hint struct {
	Delivery string   // the forge's id of the message; "" when it gave none
	URLs     []string // addresses of the repository, as the forge writes them; none: the message tells of no push
	Ref      string   // what was pushed, as in refs/heads/main
}

// ErrUnsigned says that a message does not prove that it comes from the forge. It says no more, because
// whoever sent it learns of it.
var ErrUnsigned = errors.New("not signed, or not with a secret that is known here")
