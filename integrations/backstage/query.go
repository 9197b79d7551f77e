package backstage

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// Bounds of a query beyond those that the size of a request's header sets.
const (
	defaultLimit  = 200 // entities of a page
	maxConditions = 500 // values and keys of all filters together
	maxKeys       = 30  // keys of filters, facets, full-text fields; a key not asked for before costs a look at all entities
)

// query is what a request for entities asks.
type query struct {
	selection
	orders     []order
	projection projection
	limit      int // below 0: no limit
	offset     int
	cursor     string   // of by-query, which then holds all the rest but limit and projection
	written    []string // the filters as they were given
}

// parseByQuery reads the parameters of /entities/by-query.
func parseByQuery(params url.Values) (q query, err error) {
	p := parser{params: params}
	q.projection = p.projection()
	q.limit = p.number("limit", 0, defaultLimit)
	if q.cursor = p.one("cursor"); q.cursor != "" {
		return q, p.err
	}
	q.filters, q.written = p.filters(), params["filter"]
	q.orders = p.orderFields()
	q.offset = p.number("offset", 0, 0)
	q.term = lower(strings.TrimSpace(p.one("fullTextFilterTerm")))
	q.fields = p.fullTextFields(q.orders)
	return q, p.err
}

// parseEntities reads the parameters of /entities.
func parseEntities(params url.Values) (q query, err error) {
	p := parser{params: params}
	q.projection = p.projection()
	q.filters = p.filters()
	q.orders = p.orders()
	q.offset = p.number("offset", 0, 0)
	q.limit = p.number("limit", 1, -1)
	if params.Has("after") {
		after, err := decodeAfter(p.one("after"))
		if err != nil {
			return query{}, err
		}
		q.offset, q.limit = after.Offset, after.Limit
	}
	return q, p.err
}

// parser reads parameters. After a first mistake it goes on with nothing.
type parser struct {
	params url.Values
	err    error
}

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// one reads a parameter that may be given once.
func (p *parser) one(name string) string {
	values := p.params[name]
	if len(values) > 1 {
		p.fail(inputError("%s: given %d times, but it is a single value", name, len(values)))
	}
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// number reads a whole number of at least least.
func (p *parser) number(name string, least, otherwise int) int {
	if !p.params.Has(name) {
		return otherwise
	}
	text := p.one(name)
	n, err := strconv.ParseInt(text, 10, 32)
	if errors.Is(err, strconv.ErrRange) {
		p.fail(inputError("%s: %s is out of range", name, text))
	} else if err != nil || strconv.FormatInt(n, 10) != text {
		p.fail(inputError("%s: %q is not a whole number", name, text))
	} else if int(n) < least {
		p.fail(inputError("%s: %d is too small, the least is %d", name, n, least))
	}
	return int(n)
}

func (p *parser) filters() filters {
	all, err := parseFilters(p.params["filter"])
	if err != nil {
		p.fail(err)
	}
	count, keys := 0, map[string]bool{}
	for _, set := range all {
		for _, c := range set {
			count += max(1, len(c.values))
			keys[c.key] = true
		}
	}
	if count > maxConditions || len(keys) > maxKeys {
		p.fail(inputError("filter: at most %d conditions over %d different keys are taken", maxConditions, maxKeys))
	}
	return all
}

// orderFields reads orderField=KEY or orderField=KEY,asc or KEY,desc.
func (p *parser) orderFields() []order {
	var orders []order
	for _, text := range p.params["orderField"] {
		key, direction, found := strings.Cut(text, ",")
		if found && direction != "asc" && direction != "desc" {
			p.fail(inputError("orderField: %q must end with ,asc or ,desc", text))
		}
		orders = p.order(orders, "orderField", text, key, direction == "desc")
	}
	return orders
}

// orders reads order=asc:KEY or desc:KEY.
func (p *parser) orders() []order {
	var orders []order
	for _, text := range p.params["order"] {
		direction, key, found := strings.Cut(text, ":")
		if !found || direction != "asc" && direction != "desc" {
			p.fail(inputError("order: %q is not asc:FIELD or desc:FIELD", text))
		}
		orders = p.order(orders, "order", text, key, direction == "desc")
	}
	return orders
}

func (p *parser) order(orders []order, name, text, key string, descending bool) []order {
	if key = lower(strings.TrimSpace(key)); key == "" {
		p.fail(inputError("%s: %q names no field", name, text))
	}
	if len(orders) == maxOrders {
		p.fail(inputError("%s: more than %d fields", name, maxOrders))
		return orders
	}
	return append(orders, order{Key: key, Descending: descending})
}

// fullTextFields reads where the term is to be found: without a list in the field that is sorted by, or
// else in metadata.uid, which is Backstage's rule.
func (p *parser) fullTextFields(orders []order) []string {
	var keys []string
	for key := range strings.SplitSeq(p.one("fullTextFilterFields"), ",") {
		if key = lower(strings.TrimSpace(key)); key != "" {
			keys = append(keys, key)
		}
	}
	switch {
	case len(keys) > maxKeys:
		p.fail(inputError("fullTextFilterFields: more than %d fields", maxKeys))
	case len(keys) > 0:
		return keys
	case len(orders) > 0:
		return []string{orders[0].Key}
	}
	return []string{"metadata.uid"}
}

func (p *parser) projection() projection {
	fields, err := parseProjection(p.params["fields"])
	if err != nil {
		p.fail(err)
	}
	return fields
}

// facets reads the keys that are to be counted, as they are written.
func (p *parser) facets() []string {
	var keys []string
	for _, key := range p.params["facet"] {
		if key != "" {
			keys = append(keys, key)
		}
	}
	switch {
	case len(keys) == 0:
		p.fail(inputError("facet: missing; name at least one field, as in facet=kind"))
	case len(keys) > maxKeys:
		p.fail(inputError("facet: more than %d fields", maxKeys))
	}
	return keys
}
