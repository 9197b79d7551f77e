package backstage

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strings"

	"callboard/catalog"
)

// cursor continues a list of /entities/by-query. It is not signed, because it can ask nothing that a query
// could not; it is read as strictly as one.
type cursor struct {
	Filters   []string    `json:"f,omitempty"` // as they were given
	Term      string      `json:"t,omitempty"`
	Fields    []string    `json:"tf,omitempty"`
	Orders    []order     `json:"o,omitempty"`
	At        place       `json:"p"`
	First     catalog.Ref `json:"s"` // the first entity of the first page
	Backwards bool        `json:"b,omitempty"`
}

func (c cursor) encode() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // plain strings and booleans always encode
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// decodeCursor reads a cursor and the query that it goes on with.
func decodeCursor(text string) (cursor, selection, error) {
	var c cursor
	if err := decodeOpaque(text, &c); err != nil {
		return cursor{}, selection{}, errCursor("cursor")
	}
	p := parser{params: url.Values{"filter": c.Filters, "fullTextFilterFields": {strings.Join(c.Fields, ",")}}}
	s := selection{filters: p.filters(), term: lower(strings.TrimSpace(c.Term)), fields: p.fullTextFields(c.Orders)}
	complete := len(c.Orders) <= maxOrders && len(c.At.Values) == len(c.Orders) && !c.At.Ref.IsZero()
	for _, o := range c.Orders {
		complete = complete && o.Key != "" && o.Key == lower(o.Key)
	}
	if p.err != nil || !complete {
		return cursor{}, selection{}, errCursor("cursor")
	}
	return c, s, nil
}

func errCursor(name string) error {
	return inputError("%s: not one that this API gave; ask again without it", name)
}

// after continues a list of /entities.
type after struct {
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
}

func (a after) encode() string {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // numbers always encode
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodeAfter(text string) (after, error) {
	var a after
	if err := decodeOpaque(text, &a); err != nil || a.Limit < 1 || a.Offset < 0 || max(a.Limit, a.Offset) > math.MaxInt32 {
		return after{}, errCursor("after")
	}
	return a, nil
}

// decodeOpaque reads base64 of JSON, in any of the alphabets and with or without padding, because proxies
// and scripts like to change them.
func decodeOpaque(text string, into any) error {
	text = strings.NewReplacer("+", "-", "/", "_", " ", "-").Replace(strings.TrimRight(text, "="))
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("more than one value")
	}
	return nil
}
