package backstage

import (
	"slices"
	"strings"
)

// condition asks for entities that have one of the values under key, or any when there are none. Both
// are in lower case.
type condition struct {
	key    string
	values []string
}

// filters are sets of conditions. An entity passes when it meets all conditions of one set; no sets let
// everything pass.
type filters [][]condition

// parseFilters reads the values of the parameter filter, each a comma-separated list of key=value,
// where value may be empty, or key alone. Statements with one key are one condition.
func parseFilters(texts []string) (filters, error) {
	var all filters
	for _, text := range texts {
		var set []condition
		for statement := range strings.SplitSeq(text, ",") {
			statement = strings.TrimSpace(statement)
			if statement == "" {
				continue
			}
			key, value, hasValue := strings.Cut(statement, "=")
			key = lower(strings.TrimSpace(key))
			if key == "" {
				return nil, inputError("filter: %q is neither key=value nor a key alone", statement)
			}
			set = addCondition(set, key, lower(strings.TrimSpace(value)), hasValue)
		}
		if len(set) > 0 {
			all = append(all, set)
		}
	}
	return all, nil
}

func addCondition(set []condition, key, value string, hasValue bool) []condition {
	i := slices.IndexFunc(set, func(c condition) bool { return c.key == key })
	if i < 0 {
		set = append(set, condition{key: key})
		i = len(set) - 1
	}
	if hasValue {
		set[i].values = append(set[i].values, value)
	}
	return set
}

// selection is a question about which entities.
type selection struct {
	filters filters
	term    string   // text to be found in one of fields, in lower case; "" for none
	fields  []string // search keys in lower case
}

// selected gives the entities that fit and that the viewer sees.
func (r *request) selected(s selection) set {
	found := newFullSet(len(r.index.entities))
	if len(s.filters) > 0 {
		found = newSet(len(r.index.entities))
		for _, conditions := range s.filters {
			found.join(r.meeting(conditions))
		}
	}
	if s.term != "" {
		found.keep(r.holding(s.term, s.fields))
	}
	if !r.seesAll {
		for _, i := range found.all() {
			if !r.sees(i) {
				found.remove(i)
			}
		}
	}
	return found
}

// meeting gives the entities that meet all conditions.
func (r *request) meeting(conditions []condition) set {
	found := newFullSet(len(r.index.entities))
	for _, c := range conditions {
		found.keep(r.having(c))
	}
	return found
}

func (r *request) having(c condition) set {
	column := r.column(c.key)
	match := func() set {
		if len(c.values) == 0 {
			return r.rowsWith(column, newFullSet(column.count()), true)
		}
		wanted := newSet(column.count())
		for _, value := range c.values {
			for first, end := column.find(value); first < end; first++ {
				wanted.add(first)
			}
		}
		return r.rowsWith(column, wanted, false)
	}
	switch len(c.values) {
	case 0:
		return r.remembered(column, matchKey{key: c.key, how: isThere}, match)
	case 1:
		return r.remembered(column, matchKey{c.key, isEqual, c.values[0]}, match)
	}
	return match()
}

func (r *request) holding(term string, keys []string) set {
	found := newSet(len(r.index.entities))
	for _, key := range keys {
		column := r.column(key)
		found.join(r.remembered(column, matchKey{key, holds, term}, func() set {
			return r.rowsWith(column, column.containing(term), false)
		}))
	}
	return found
}

// remembered gives what match gives, from memory if it is there and does not depend on the viewer. The set is
// the caller's.
func (r *request) remembered(c *column, key matchKey, match func() set) set {
	if !r.seesAll && c.targets != nil {
		return match()
	}
	if found, known := r.index.matches.get(key, len(r.index.entities)); known {
		return found
	}
	found := match()
	r.index.matches.put(key, found)
	return found
}

// rowsWith gives the entities of the rows that have one of the wanted values, or with nulls no value.
// Relations to what the viewer does not see are no rows. It takes wanted over.
func (r *request) rowsWith(c *column, wanted set, nulls bool) set {
	found := newSet(len(r.index.entities))
	if hidden := r.hidden(c); hidden != nil {
		wanted.drop(hidden)
	}
	if !nulls && wanted.len() == 0 {
		return found
	}
	for i, v := range c.values {
		if v == null && nulls || v != null && wanted.has(v) {
			found.add(c.entities[i])
		}
	}
	return found
}

// hidden gives the values of a column of relations that the viewer must not notice; nil for none.
func (r *request) hidden(c *column) set {
	if r.seesAll || c.targets == nil {
		return nil
	}
	hidden := newSet(c.count())
	for v, target := range c.targets {
		if target != dangling && !r.sees(uint32(target)) {
			hidden.add(uint32(v))
		}
	}
	return hidden
}
