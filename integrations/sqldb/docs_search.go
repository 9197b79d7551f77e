package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// Bounds of one search. Sections are taken unranked, since ranking all that hold a common word costs
// a hundred times more than finding them, and ranked in Go.
const (
	maxCandidates    = 100  // sections of one step that are looked at closely
	enoughCandidates = 60   // in headings: the texts are not searched then
	fewCandidates    = 10   // fewer, and the last word may be the beginning of one
	minBeginning     = 4    // letters of a beginning
	maxOfWord        = 1000 // sections looked up for one word, when none holds them all
	maxBatch         = 5000 // sections fetched at a time, when the viewer does not see what was found
	maxVocabulary    = 5000 // words compared with a mistyped one
)

// Search finds sections by words. The texts of the words are quoted, so none of them is syntax.
func (x *Docs) Search(ctx context.Context, view catalog.View, q docs.Query) (docs.Found, error) {
	q.Words = usable(q.Words)
	if len(q.Words) == 0 {
		return docs.Found{}, nil
	}
	if err := x.turn(ctx); err != nil {
		return docs.Found{}, err
	}
	defer func() { <-x.turns }()
	var found docs.Found
	err := x.read(ctx, func(tx *sql.Tx) (err error) {
		s := &docsSearch{tx: tx, file: x.file, view: view, query: q, budget: x.budget, refs: map[int64][]catalog.Ref{}, books: map[int64]bool{}, sight: docs.NewSight(view)}
		found, err = s.run(ctx)
		return err
	})
	if errors.Is(err, docs.ErrLost) && x.absent() {
		return docs.Found{}, nil
	}
	return found, err
}

// turn waits until a search may begin. More at once than there are processors would all take longer, and
// their time would run out for the sake of each other.
func (x *Docs) turn(ctx context.Context) error {
	timer := time.NewTimer(searchPatience)
	defer timer.Stop()
	select {
	case x.turns <- struct{}{}:
		return nil
	case <-timer.C:
		return docs.ErrSlow
	case <-ctx.Done():
		return ctx.Err()
	}
}

// usable drops what FTS5 could not read as one word.
func usable(words []string) []string {
	var out []string
	for _, word := range words {
		word = strings.ToLower(strings.TrimSpace(word))
		if word != "" && utf8.ValidString(word) && !strings.ContainsRune(word, 0) && len(out) < docs.MaxWords {
			out = append(out, word)
		}
	}
	return out
}

// docsSearch is one search within one transaction.
type docsSearch struct {
	tx     *sql.Tx
	file   *docsFile
	view   catalog.View
	query  docs.Query
	budget time.Duration
	sight  *docs.Sight
	refs   map[int64][]catalog.Ref // entities that the viewer sees, by page; none for a hidden page
	books  map[int64]bool          // pages that are runbooks of such an entity
}

func (s *docsSearch) run(ctx context.Context) (docs.Found, error) {
	bounded, cancel := context.WithTimeout(ctx, s.budget)
	defer cancel()
	ids, more, err := s.strict(bounded)
	loose := err == nil && len(ids) == 0
	if loose {
		ids, err = s.loose(bounded)
	}
	if err != nil && bounded.Err() != nil && ctx.Err() == nil { // what was found until now will do
		more, err = true, nil
		if len(ids) == 0 {
			err = docs.ErrSlow
		}
	}
	if err != nil {
		return docs.Found{}, err
	}
	hits, err := s.load(ctx, ids)
	if err != nil {
		return docs.Found{}, err
	}
	found := docs.Found{Total: len(hits), More: more}
	hits = docs.Rank(s.query.Words, hits, loose)
	found.Loose = loose && len(hits) > 0
	if loose {
		found.Total = len(hits)
	}
	found.Hits = hits[:min(len(hits), cmp.Or(s.query.Limit, 10))]
	for i := range found.Hits {
		hit := &found.Hits[i]
		hit.Snippet = docs.Snippet(hit.Section.Body, s.query.Words)
	}
	if len(found.Hits) == 0 {
		found.Near, err = s.near(bounded)
		if bounded.Err() != nil && ctx.Err() == nil {
			err = nil // a suggestion is not worth more time
		}
	}
	return found, err
}

// strict gives the sections that hold all words: those that have them in headings, then the others,
// then those where the last word is the beginning of one. Each step is taken only while there are few.
func (s *docsSearch) strict(ctx context.Context) (ids []int64, more bool, err error) {
	var words []string
	for _, word := range s.query.Words {
		words = append(words, ftsWord(word))
	}
	whole, begun := strings.Join(words, " AND "), ""
	if last := len(words) - 1; utf8.RuneCountInString(s.query.Words[last]) >= minBeginning {
		words[last] += "*"
		begun = strings.Join(words, " AND ")
	}
	for _, step := range []struct {
		query, match string
		few          int // go this step while there are fewer
	}{
		{searchHeads, whole, maxCandidates},
		{searchBodies, whole, enoughCandidates},
		{searchHeads, begun, fewCandidates},
		{searchBodies, begun, fewCandidates},
	} {
		if len(ids) >= step.few || step.match == "" {
			more = more || step.match == whole && len(ids) >= step.few // there may be others, uncounted
			continue
		}
		further, cut, err := s.visible(ctx, step.query, step.match, maxCandidates)
		ids, more = append(ids, further...), more || cut
		slices.Sort(ids)
		ids = slices.Compact(ids)
		if err != nil {
			return ids, more, err
		}
	}
	return ids, more, nil
}

// ftsWord makes one word of FTS5's language of any text.
func ftsWord(word string) string { return `"` + strings.ReplaceAll(word, `"`, `""`) + `"` }

// loose gives the sections that hold the most telling of the words: rare ones tell more, and those in a
// heading.
func (s *docsSearch) loose(ctx context.Context) ([]int64, error) {
	if len(s.query.Words) < 2 {
		return nil, nil
	}
	const all = 1e5 // sections, about; the order of magnitude will do
	scores := map[int64]float64{}
	for _, word := range s.query.Words {
		for _, try := range []struct {
			query, match string
			weight       float64
		}{{searchHeads, ftsWord(word), 3}, {searchBodies, ftsWord(word), 1}} {
			ids, _, err := s.visible(ctx, try.query, try.match, maxOfWord)
			if err != nil {
				return best(scores), err
			}
			weight := try.weight * math.Log(1+all/float64(1+len(ids)))
			for _, id := range ids {
				scores[id] += weight
			}
		}
	}
	return best(scores), nil
}

// best gives the sections with the highest scores.
func best(scores map[int64]float64) []int64 {
	ids := make([]int64, 0, len(scores))
	for id := range scores {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int64) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return ids[:min(len(ids), maxCandidates)]
}

// The two tables, with the same parameters: the match, the number after which to go on, whether only
// runbooks count (0 or 1), the entity (or "") twice, and the limit. The numbers come as one text: a row for
// each would cost more than finding them.
const (
	searchHeads = `SELECT group_concat(rowid, ' ') FROM (SELECT rowid FROM heads WHERE heads MATCH ? AND rowid > ?
		AND (? = 0 OR EXISTS (SELECT 1 FROM shelf_pages s WHERE s.page = heads.rowid >> 12 AND s.runbook = 1))
		AND (? = '' OR EXISTS (SELECT 1 FROM shelf_pages s WHERE s.page = heads.rowid >> 12 AND s.ref = ?))
		ORDER BY rowid LIMIT ?)`
	searchBodies = `SELECT group_concat(rowid, ' ') FROM (SELECT rowid FROM bodies WHERE bodies MATCH ? AND rowid > ?
		AND (? = 0 OR EXISTS (SELECT 1 FROM shelf_pages s WHERE s.page = bodies.rowid >> 12 AND s.runbook = 1))
		AND (? = '' OR EXISTS (SELECT 1 FROM shelf_pages s WHERE s.page = bodies.rowid >> 12 AND s.ref = ?))
		ORDER BY rowid LIMIT ?)`
	searchPages = "SELECT page, ref, runbook, behind FROM shelf_pages WHERE page IN (SELECT value FROM json_each(?)) ORDER BY page, ref"
	searchTexts = `SELECT c.id, c.heading, c.trail, c.level, c.anchor, c.line, c.last, c.body, p.source, p.path, p.revision, p.title, p.tags
		FROM sections c JOIN pages p ON p.id = c.id >> 12 WHERE c.id IN (SELECT value FROM json_each(?))`
)

// visible gives up to limit sections that match and that the viewer may see, and whether there are more.
func (s *docsSearch) visible(ctx context.Context, query, match string, limit int) (ids []int64, more bool, err error) {
	after, ref := int64(0), ""
	if s.query.Ref != (catalog.Ref{}) {
		ref = s.query.Ref.String()
	}
	for want := limit + 1; ; want = min(2*want, maxBatch) { // until all were looked at, or the time is over
		batch, err := s.matching(ctx, query, match, after, number(s.query.Runbooks), ref, ref, want)
		if err != nil {
			return ids, true, err
		}
		if len(batch) > 0 {
			after = batch[len(batch)-1]
		}
		full := len(batch) == want
		if batch, err = s.seen(ctx, batch); err != nil {
			return ids, true, err
		}
		ids = append(ids, batch...)
		if len(ids) > limit {
			return ids[:limit], true, nil
		}
		if !full {
			return ids, false, nil
		}
	}
}

// matching gives the numbers that one of the two tables holds for a match.
func (s *docsSearch) matching(ctx context.Context, query string, args ...any) (ids []int64, err error) {
	var list sql.NullString
	stmt := s.tx.StmtContext(ctx, s.file.prepared[query]) //nolint:sqlclosecheck // the end of the transaction does
	if err := stmt.QueryRowContext(ctx, args...).Scan(&list); err != nil {
		return nil, err
	}
	for text := range strings.FieldsSeq(list.String) {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	slices.Sort(ids) // as they come already, though SQLite does not promise it
	return ids, nil
}

// seen leaves those that the viewer sees. For one who sees everything load does, which looks at much fewer.
func (s *docsSearch) seen(ctx context.Context, ids []int64) ([]int64, error) {
	if s.view.SeesAll() && s.query.Only == nil {
		return ids, nil
	}
	if err := s.look(ctx, ids); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(ids, func(id int64) bool { return len(s.refs[id>>ordBits]) == 0 }), nil
}

// look finds out which entities the pages of sections belong to, as far as the query asks for them and the viewer
// sees the pages there.
func (s *docsSearch) look(ctx context.Context, ids []int64) error {
	var pages []int64
	for _, id := range ids {
		page := id >> ordBits
		if _, known := s.refs[page]; !known {
			s.refs[page] = nil
			pages = append(pages, page)
		}
	}
	if len(pages) == 0 {
		return nil
	}
	return s.each(ctx, searchPages, pages, func(scan func(...any) error) error {
		var page int64
		var name string
		var runbook bool
		var behind docs.Guard
		if err := scan(&page, &name, &runbook, &behind); err != nil {
			return err
		}
		ref, err := catalog.ParseRef(name, "", catalog.DefaultNamespace)
		if err != nil {
			return err
		}
		if !s.asks(ref, runbook) || !s.sight.Sees(ref, behind) {
			return nil
		}
		s.books[page] = s.books[page] || runbook
		if len(s.refs[page]) < 5 {
			s.refs[page] = append(s.refs[page], ref)
		}
		return nil
	})
}

// asks reports whether the query is about what stands on the shelf of an entity.
func (s *docsSearch) asks(ref catalog.Ref, runbook bool) bool {
	if s.query.Runbooks && !runbook || s.query.Ref != (catalog.Ref{}) && s.query.Ref != ref {
		return false
	}
	if s.query.Only == nil {
		return true
	}
	e, seen := s.view.Get(ref)
	return seen && s.query.Only(e)
}

// each runs a prepared query about a list of numbers and hands its rows on.
func (s *docsSearch) each(ctx context.Context, query string, list []int64, row func(scan func(...any) error) error) (err error) {
	stmt := s.tx.StmtContext(ctx, s.file.prepared[query]) //nolint:sqlclosecheck // the end of the transaction does
	rows, err := stmt.QueryContext(ctx, jsonList(list))
	if err != nil {
		return err
	}
	return eachRow(rows, row)
}

// load gives the sections with their pages. Those of which the viewer sees no entity are left out.
func (s *docsSearch) load(ctx context.Context, ids []int64) (hits []docs.Hit, err error) {
	if err := s.look(ctx, ids); err != nil {
		return nil, err
	}
	err = s.each(ctx, searchTexts, ids, func(scan func(...any) error) error {
		var id int64
		var h docs.Hit
		var trail, tags string
		c := &h.Section
		err := scan(&id, &c.Heading, &trail, &c.Level, &c.Anchor, &c.Line, &c.Last, &c.Body,
			&h.Source, &h.Path, &h.Revision, &h.Page, &tags)
		c.Trail, h.Tags, h.Refs, h.Runbook = splitList(trail), splitList(tags), s.refs[id>>ordBits], s.books[id>>ordBits]
		if len(h.Refs) > 0 {
			hits = append(hits, h)
		}
		return err
	})
	return hits, err
}

// near gives words of headings that resemble those asked for. They come from what the viewer sees: each is
// searched for once more.
func (s *docsSearch) near(ctx context.Context) ([]string, error) {
	var out []string
	for _, word := range s.query.Words {
		if utf8.RuneCountInString(word) < 4 {
			continue
		}
		_, size := utf8.DecodeRuneInString(word)
		var resembling []string
		err := each(ctx, s.tx, func(scan func(...any) error) error {
			var term string
			if err := scan(&term); err != nil {
				return err
			}
			if docs.Resembles(word, term) {
				resembling = append(resembling, term)
			}
			return nil
		}, "SELECT word FROM words WHERE word >= ? AND word < ? LIMIT ?", word[:size], word[:size]+"\U0010ffff", maxVocabulary)
		if err != nil {
			return nil, err
		}
		for _, term := range resembling[:min(len(resembling), 5)] {
			ids, _, err := s.visible(ctx, searchHeads, ftsWord(term), 1)
			if err != nil {
				return nil, err
			}
			if len(ids) > 0 && len(out) < 3 && !slices.Contains(out, term) {
				out = append(out, term)
			}
		}
	}
	return out, nil
}
