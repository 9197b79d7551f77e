package backstage

import (
	"bytes"
	"strconv"
)

// facets answers how many entities have each value of some keys.
func (r *request) facets() error {
	p := parser{params: r.params}
	keys, wanted := p.facets(), p.filters()
	if p.err != nil || r.fresh() {
		return p.err
	}
	found := r.selected(selection{filters: wanted})
	var out bytes.Buffer
	out.WriteString(`{"facets":{`)
	written := map[string]bool{}
	for _, key := range keys {
		if written[key] {
			continue
		}
		if len(written) > 0 {
			out.WriteByte(',')
		}
		written[key] = true
		out.Write(quote(key))
		out.WriteString(":[")
		r.writeCounts(&out, r.column(lower(key)), found)
		out.WriteByte(']')
	}
	out.WriteString("}}")
	_, err := r.reply.Write(out.Bytes())
	return err
}

// writeCounts writes the values of a column that entities of found have, in order, each with the number
// of these entities.
func (r *request) writeCounts(out *bytes.Buffer, c *column, found set) {
	counts := make([]int, c.count())
	for i, v := range c.values {
		if v != null && found.has(c.entities[i]) {
			counts[v]++
		}
	}
	hidden := r.hidden(c)
	first := true
	for v, count := range counts {
		if count == 0 || hidden != nil && hidden.has(uint32(v)) {
			continue
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteString(`{"value":`)
		out.Write(quote(c.spelled(uint32(v))))
		out.WriteString(`,"count":` + strconv.Itoa(count) + "}")
	}
}
