package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
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
	maxRounds        = 10   // times that more is fetched, when the viewer does not see what was found
	maxVocabulary    = 5000 // words compared with a mistyped one
)

// Search finds sections by words. The texts of the words are quoted, so none of them is syntax.
func (x *Docs) Search(ctx context.Context, view catalog.View, q docs.Query) (docs.Found, error) {
	q.Words = usable(q.Words)
	if len(q.Words) == 0 {
		return docs.Found{}, nil
	}
	var found docs.Found
	err := x.read(ctx, func(tx *sql.Tx) (err error) {
		s := &docsSearch{tx: tx, view: view, query: q, budget: x.budget, refs: map[int64][]catalog.Ref{}}
		found, err = s.run(ctx)
		return err
	})
	if errors.Is(err, docs.ErrLost) && x.absent() {
		return docs.Found{}, nil
	}
	return found, err
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
	view   catalog.View
	query  docs.Query
	budget time.Duration
	refs   map[int64][]catalog.Ref // entities that the viewer sees, by page; none for a hidden page
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
	hits = docs.Rank(s.query.Words, hits, loose)
	found := docs.Found{Total: len(ids), More: more, Loose: loose && len(hits) > 0}
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
// runbooks count (0 or 1), the entity (or "") twice, and the limit.
const (
	searchHeads = `SELECT rowid FROM heads WHERE heads MATCH ? AND rowid > ?
		AND (? = 0 OR EXISTS (SELECT 1 FROM shelf_pages s WHERE s.page = heads.rowid >> 12 AND s.runbook = 1))
		AND (? = '' OR EXISTS (SELECT 1 FROM shelf_pages s WHERE s.page = heads.rowid >> 12 AND s.ref = ?))
		ORDER BY rowid LIMIT ?`
	searchBodies = `SELECT rowid FROM bodies WHERE bodies MATCH ? AND rowid > ?
		AND (? = 0 OR EXISTS (SELECT 1 FROM shelf_pages s WHERE s.page = bodies.rowid >> 12 AND s.runbook = 1))
		AND (? = '' OR EXISTS (SELECT 1 FROM shelf_pages s WHERE s.page = bodies.rowid >> 12 AND s.ref = ?))
		ORDER BY rowid LIMIT ?`
)

// visible gives up to limit sections that match and that the viewer may see, and whether there are more.
func (s *docsSearch) visible(ctx context.Context, query, match string, limit int) (ids []int64, more bool, err error) {
	after, ref := int64(0), ""
	if s.query.Ref != (catalog.Ref{}) {
		ref = s.query.Ref.String()
	}
	for range maxRounds {
		want := limit + 1 - len(ids)
		batch, err := numbers(s.tx.QueryContext(ctx, query, match, after, number(s.query.Runbooks), ref, ref, want))
		if err != nil {
			return nil, false, err
		}
		if err := s.look(ctx, batch); err != nil {
			return nil, false, err
		}
		for _, id := range batch {
			after = id
			if len(s.refs[id>>ordBits]) > 0 {
				ids = append(ids, id)
			}
		}
		if len(ids) > limit {
			return ids[:limit], true, nil
		}
		if len(batch) < want {
			return ids, false, nil
		}
	}
	return ids, true, nil
}

// look finds out which entities the pages of sections belong to, as far as the viewer sees them.
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
	return each(ctx, s.tx, func(scan func(...any) error) error {
		var page int64
		var name string
		if err := scan(&page, &name); err != nil {
			return err
		}
		ref, err := catalog.ParseRef(name, "", catalog.DefaultNamespace)
		if err != nil {
			return err
		}
		if _, seen := s.view.Get(ref); seen && len(s.refs[page]) < 5 {
			s.refs[page] = append(s.refs[page], ref)
		}
		return nil
	}, "SELECT page, ref FROM shelf_pages WHERE page IN (SELECT value FROM json_each(?)) ORDER BY page, ref", jsonList(pages))
}

// load gives the sections with their pages.
func (s *docsSearch) load(ctx context.Context, ids []int64) (hits []docs.Hit, err error) {
	err = each(ctx, s.tx, func(scan func(...any) error) error {
		var id int64
		var h docs.Hit
		var trail, tags string
		c := &h.Section
		err := scan(&id, &c.Heading, &trail, &c.Level, &c.Anchor, &c.Line, &c.Last, &c.Body,
			&h.Source, &h.Path, &h.Revision, &h.Page, &tags, &h.Runbook)
		c.Trail, h.Tags, h.Refs = splitList(trail), splitList(tags), s.refs[id>>ordBits]
		hits = append(hits, h)
		return err
	}, `SELECT c.id, c.heading, c.trail, c.level, c.anchor, c.line, c.last, c.body, p.source, p.path, p.revision, p.title, p.tags,
			EXISTS (SELECT 1 FROM shelf_pages s WHERE s.page = p.id AND s.runbook = 1)
		FROM sections c JOIN pages p ON p.id = c.id >> 12 WHERE c.id IN (SELECT value FROM json_each(?))`, jsonList(ids))
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
