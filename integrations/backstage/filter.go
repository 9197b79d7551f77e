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
	if len(c.values) == 0 {
		return r.rowsWith(column, func(uint32) bool { return true })
	}
	if len(c.values) == 1 {
		first, end := column.find(c.values[0])
		return r.rowsWith(column, func(v uint32) bool { return first <= v && v < end })
	}
	wanted := newSet(column.count())
	for _, value := range c.values {
		for first, end := column.find(value); first < end; first++ {
			wanted.add(first)
		}
	}
	return r.rowsWith(column, func(v uint32) bool { return v != null && wanted.has(v) })
}

func (r *request) holding(term string, keys []string) set {
	found := newSet(len(r.index.entities))
	for _, key := range keys {
		column := r.column(key)
		wanted := column.containing(term)
		found.join(r.rowsWith(column, func(v uint32) bool { return v != null && wanted.has(v) }))
	}
	return found
}

// rowsWith gives the entities of the rows whose value is wanted, which may be null. Relations to what
// the viewer does not see are no rows.
func (r *request) rowsWith(c *column, wanted func(value uint32) bool) set {
	found := newSet(len(r.index.entities))
	hidden := r.hidden(c)
	for i, v := range c.values {
		if wanted(v) && (hidden == nil || v == null || !hidden.has(v)) {
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
