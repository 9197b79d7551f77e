package sqldb

import (
	"errors"
	"strconv"
	"strings"
)

// packedRows reads what a query packed into one text: rows without separators, in which a number has a space
// behind it, and a text its length in bytes as a number before it.
type packedRows struct {
	rest string
	err  error // the first; nothing is read after it
}

// more reports whether there is another row.
func (p *packedRows) more() bool { return p.err == nil && p.rest != "" }

func (p *packedRows) number() int64 {
	digits, rest, found := strings.Cut(p.rest, " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	if p.err != nil || err != nil || !found {
		p.fail()
		return 0
	}
	p.rest = rest
	return n
}

func (p *packedRows) text() string {
	n := p.number()
	if p.err != nil || n < 0 || n > int64(len(p.rest)) {
		p.fail()
		return ""
	}
	text := p.rest[:n]
	p.rest = p.rest[n:]
	return text
}

func (p *packedRows) fail() {
	if p.err == nil {
		p.err = errors.New("a row of the index cannot be read")
	}
}
