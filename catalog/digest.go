package catalog

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// digestLength is how long a Digest is: 80 bits, so that no two refs of a catalog have the same by chance.
const digestLength = 16

// Digest is a short name of the ref for places that a ref may be too long for: 16 lower-case letters and digits. It says
// nothing of the ref, but is no secret either: whoever knows the ref can make it.
func (r Ref) Digest() string {
	sum := sha256.Sum256([]byte(r.String()))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:digestLength*5/8]))
}

// ByDigest finds the entity whose ref has a digest. It looks at all that the viewer sees, some 10 ms for 100,000
// entities: it is for the rare ref that is too long for a button.
func (v View) ByDigest(digest string) (*Entity, bool) {
	if len(digest) != digestLength {
		return nil, false
	}
	for e := range v.All() {
		if e.Ref.Digest() == digest {
			return e, true
		}
	}
	return nil, false
}
