package backstage

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"strconv"

	"callboard/catalog"
)

// byName answers one entity.
func (r *request) byName() error {
	kind, namespace, name := r.PathValue("kind"), r.PathValue("namespace"), r.PathValue("name")
	ref := catalog.NewRef(kind, namespace, name)
	e, found := r.view.Get(ref)
	if !found {
		r.noteHidden("by-name", ref)
		return notFound("there is no %s %q in the namespace %q", kind, name, namespace)
	}
	if r.fresh() {
		return nil
	}
	text, err := r.render(e)
	if err != nil {
		return err
	}
	_, err = r.reply.Write(text)
	return err
}

// entities answers a list of entities, all of them unless there is a limit.
func (r *request) entities() error {
	q, err := parseEntities(r.params)
	if err != nil || r.fresh() {
		return err
	}
	l := r.list(r.selected(q.selection), q.orders)
	end := -1
	if q.limit >= 0 {
		end = q.offset + q.limit
	}
	if end >= 0 && end < l.found.len() {
		next := maps.Clone(r.params)
		next.Del("offset")
		next.Set("after", after{q.limit, end}.encode())
		r.reply.w.Header().Set("Link", "<"+r.URL.Path+"?"+next.Encode()+`>; rel="next"`)
	}
	page := l.first(end)
	return r.writeArray(page[min(q.offset, len(page)):], q.projection)
}

// byQuery answers a page of entities with how many there are, and cursors to the pages around it.
func (r *request) byQuery() error {
	q, err := parseByQuery(r.params)
	if err != nil {
		return err
	}
	from := cursor{Filters: q.written, Term: q.term, Fields: q.fields, Orders: q.orders}
	if q.cursor != "" {
		if from, q.selection, err = decodeCursor(q.cursor); err != nil {
			return err
		}
		q.orders = from.Orders
	}
	if r.fresh() {
		return nil
	}
	l := r.list(r.selected(q.selection), q.orders)
	total := l.found.len()
	page, more := pageOf(l, q, from, total)
	w := r.reply
	_, _ = w.WriteString(`{"items":`) // a broken connection shows in the next write
	if err := r.writeArray(page, q.projection); err != nil {
		return err
	}
	_, err = w.WriteString(`,"totalItems":` + strconv.Itoa(total) + `,"pageInfo":` + pageInfo(l, page, more, from, q.cursor == "") + "}")
	return err
}

// pageOf gives the candidates of a page and whether others follow it.
func pageOf(l *listing, q query, from cursor, total int) (page []candidate, more bool) {
	switch {
	case q.cursor == "":
		end := q.offset + q.limit
		page = l.first(end)
		return page[min(q.offset, len(page)):], q.limit > 0 && end < total
	case from.Backwards:
		return l.before(from.At, q.limit), q.limit > 0
	}
	page, more = l.after(from.At, q.limit)
	return page, q.limit > 0 && more
}

// pageInfo gives the cursors to the pages around page, as Backstage does: none back from a first page, and
// none back from one that begins with the entity with which the first page began.
func pageInfo(l *listing, page []candidate, more bool, from cursor, isFirst bool) string {
	info := struct {
		NextCursor string `json:"nextCursor,omitempty"`
		PrevCursor string `json:"prevCursor,omitempty"`
	}{}
	if len(page) > 0 {
		begin, end := l.place(page[0]), l.place(page[len(page)-1])
		if isFirst {
			from.First = begin.Ref
		}
		if more {
			next := from
			next.At, next.Backwards = end, false
			info.NextCursor = next.encode()
		}
		if !isFirst && begin.Ref != from.First {
			back := from
			back.At, back.Backwards = begin, true
			info.PrevCursor = back.encode()
		}
	}
	text, err := json.Marshal(info)
	if err != nil {
		panic(err) // two strings always encode
	}
	return string(text)
}

// writeArray writes entities one after the other; only one at a time is in memory.
func (r *request) writeArray(page []candidate, fields projection) error {
	_, _ = r.reply.WriteString("[") // a broken connection shows in the next write
	for i, c := range page {
		if i > 0 {
			_, _ = r.reply.WriteString(",")
		}
		if err := r.writeEntity(r.index.entities[c.entity], fields); err != nil {
			return err
		}
	}
	_, err := r.reply.WriteString("]")
	return err
}

func (r *request) writeEntity(e *catalog.Entity, fields projection) error {
	text, err := r.render(e)
	if err != nil {
		return err
	}
	_, err = r.reply.Write(fields.apply(text))
	return err
}

// maxBody bounds the body of by-refs, in bytes. Some 50,000 refs fit.
const maxBody = 2 << 20

// byRefs answers the entities of a list of refs, each in its place; null for those that are not there.
func (r *request) byRefs() error {
	asked, err := r.readRefs()
	if err != nil {
		return err
	}
	p := parser{params: r.params}
	wanted, fields := p.filters(), p.projection()
	if len(asked.Fields) > 0 {
		if fields, err = parseProjection(asked.Fields); err != nil {
			return err
		}
	}
	if p.err != nil {
		return p.err
	}
	fits := r.sees
	if len(wanted) > 0 {
		fits = r.selected(selection{filters: wanted}).has
	}
	r.reply.w.Header().Set("Cache-Control", "no-store")
	_, _ = r.reply.WriteString(`{"items":[`) // a broken connection shows in the next write
	for i, text := range asked.EntityRefs {
		if i > 0 {
			_, _ = r.reply.WriteString(",")
		}
		ref, err := catalog.ParseRef(text, "", catalog.DefaultNamespace)
		at, exists := position(r.index.entities, ref)
		r.noteHidden("by-refs", ref)
		if err != nil || !exists || !fits(uint32(at)) {
			_, _ = r.reply.WriteString("null")
		} else if err := r.writeEntity(r.index.entities[at], fields); err != nil {
			return err
		}
	}
	_, err = r.reply.WriteString("]}")
	return err
}

type refsBody struct {
	EntityRefs []string `json:"entityRefs"`
	Fields     []string `json:"fields"`
}

func (r *request) readRefs() (refsBody, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return refsBody{}, inputError("the body must be JSON, with the header Content-Type: application/json")
	}
	data, err := io.ReadAll(http.MaxBytesReader(r.reply.w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return refsBody{}, &apiError{http.StatusRequestEntityTooLarge, "PayloadTooLargeError", "the body is larger than " + strconv.Itoa(maxBody) + " bytes"}
	}
	if err != nil {
		return refsBody{}, inputError("the body cannot be read: %v", err)
	}
	var body refsBody
	if err := json.Unmarshal(data, &body); err != nil || body.EntityRefs == nil {
		return refsBody{}, inputError(`the body must be JSON such as {"entityRefs":["component:default/checkout"]}`)
	}
	return body, nil
}
