package command

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// Limits of an explanation.
const (
	explainItems = 150 // fields of a descriptor that are listed
	explainLost  = 8   // descriptors that lost
	explainValue = 80  // characters of a value
)

func (d Deps) explainTarget() *bot.Command {
	return &bot.Command{
		Name: "explain", Aliases: []string{"why", "blame"}, Group: bot.Meta,
		Usage: "TARGET", Summary: "who wrote each field of a descriptor, when, and what lost", MinArgs: 1, MaxArgs: -1, Target: true,
		Help: "Every field of the descriptor with its line, the commit that wrote the line, its author, date and subject, from the " +
			"history of the source's repository as it is kept here.",
		Example: "explain checkout",
		Run:     d.runExplain,
	}
}

func (d Deps) runExplain(ctx context.Context, req *bot.Request) (bot.Reply, error) {
	s, err := d.target(req)
	if err != nil {
		return bot.Reply{}, err
	}
	c := s.card(nil)
	c.Summary = s.ownerSummary()
	values := s.values()
	p := d.provenance()
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	pointers := leaves(s.entity.Positions)
	for _, pointer := range pointers[:min(len(pointers), explainItems)] {
		item := card.Item{Text: card.Code(fieldName(pointer))}
		if value := values.at(pointer); value != "" {
			item.Text = card.Join(": ", item.Text, card.T(value))
		}
		item.Detail = p.written(ctx, s.view, s.entity, pointer)
		c.Items = append(c.Items, item)
	}
	if more := len(pointers) - explainItems; more > 0 {
		c.Notes = append(c.Notes, card.Note{Text: card.T("and " + count(more, "field", "fields") + " more")})
	}
	c.Notes = append(c.Notes, p.notes...)
	s.addLost(c)
	c.Actions = []card.Action{{Label: "Owner", Command: "who-owns " + s.entity.Ref.String()}}
	return bot.Reply{Card: c}.Fine(), nil
}

// explain adds to each field of a card the place in the descriptor that says it, and lists who wrote it.
func (d Deps) explain(ctx context.Context, s subject, c *card.Card, facts []fact) {
	p := d.provenance()
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	for i, f := range facts {
		entity := f.entity
		if entity == nil {
			entity = s.entity
		}
		for _, pointer := range f.pointers {
			place := s.place(entity, pointer)
			if place == "" {
				continue
			}
			c.Fields[i].Source = place
			if text := p.written(ctx, s.view, entity, pointer); !text.Empty() {
				c.Items = append(c.Items, card.Item{Text: card.T(f.field.Label), Detail: text})
			}
			break
		}
	}
	const name = "/metadata/name"
	c.Fields = append(c.Fields, card.Field{Label: "Entity", Value: card.Code(s.entity.Ref.String()), Source: s.place(s.entity, name)})
	if text := p.written(ctx, s.view, s.entity, name); !text.Empty() {
		c.Items = append(c.Items, card.Item{Text: card.T("Entity"), Detail: text})
	}
	c.Notes = append(c.Notes, p.notes...)
	s.addLost(c)
}

// addLost shows the descriptors that name the same entity and lost, and why.
func (s subject) addLost(c *card.Card) {
	losers := s.view.Losers(s.entity.Ref)
	for i, loss := range losers {
		if i == explainLost {
			c.Fields = append(c.Fields, card.Field{Label: "Lost", Value: card.T("and " + strconv.Itoa(len(losers)-i) + " more")})
			return
		}
		place := card.Link(loss.Origin.String(), s.view.BlobURL(loss.Origin))
		c.Fields = append(c.Fields, card.Field{
			Label: "Lost", Value: card.Join(" ", place, card.T(card.Line("@"+shortRevision(loss.Origin.Revision)+": "+loss.Why))),
		})
	}
}

// place says where the descriptor of entity has the field at pointer: "line 14" in the subject's own file, which the
// footer names, else "org/groups.yaml:14 @9f3c2ab"; "" when it does not have the field.
func (s subject) place(entity *catalog.Entity, pointer string) string {
	pos, found := entity.Positions.Exact(pointer)
	if !found {
		return ""
	}
	origin := entity.Origin
	if origin.Source == s.entity.Origin.Source && origin.Path == s.entity.Origin.Path {
		return "line " + strconv.Itoa(int(pos.Line))
	}
	origin.Line = int(pos.Line)
	text := placer(s.view)(origin)
	if origin.Revision != "" {
		text += " @" + shortRevision(origin.Revision)
	}
	return text
}

// explained adds to an answer that was asked for with --explain, or by explain, what holds for all of it: how old its
// sources are, by which rule the asker sees it, and how long it took.
func (d Deps) explained(ctx context.Context, req *bot.Request, reply bot.Reply, start time.Time) bot.Reply {
	c := reply.Card
	if c == nil || reply.Outcome != bot.Fine || !req.Command.Has("explain") && req.Command.Verb != "explain" {
		return reply
	}
	var fields []card.Field
	for _, source := range d.view(req).Sources() {
		if d.scope.source == "" || source.Name == d.scope.source {
			fields = append(fields, d.sourceField(ctx, source))
		}
	}
	const most = 3
	if len(fields) > most {
		fields = []card.Field{{Label: "Sources", Value: card.Join(" ", card.T(count(len(fields), "repository,", "repositories,")), card.T("see health"))}}
	}
	rule := "no rule hides anything"
	if d.Rule != nil {
		rule = d.Rule(req.Actor, d.scope.entity)
	}
	fields = append(fields,
		card.Field{Label: "Rule", Value: card.T(card.Line(rule))},
		card.Field{Label: "Took", Value: card.T(strconv.FormatFloat(float64(d.now().Sub(start).Microseconds())/1000, 'f', 1, 64) + " ms")})
	c.Fields = append(c.Fields, fields[:min(len(fields), max(0, card.MaxFields-len(c.Fields)))]...)
	return reply
}

// sourceField says how old what is known of a source is, and how far back its history goes.
func (d Deps) sourceField(ctx context.Context, source catalog.SourceStatus) card.Field {
	parts := []card.Text{card.T(card.Line(source.Name) + " @" + shortRevision(source.Revision))}
	if d.scope.past == nil {
		parts = append(parts, card.Join(" ", card.T("checked"), card.When(source.CheckedAt)), card.Join(" ", card.T("changed"), card.When(source.ChangedAt)))
	}
	if d.History != nil {
		ctx, cancel := context.WithTimeout(ctx, historyPatience)
		defer cancel()
		if depth, err := d.History.Depth(ctx, source.Name); err == nil {
			parts = append(parts, reach(depth))
		}
	}
	return card.Field{Label: "Source", Value: card.Join(", ", parts...)}
}

// leaves lists the pointers of the fields that hold no further ones, in the order of the file.
func leaves(positions catalog.Positions) []string {
	joined, _ := positions.Split()
	if joined == "" {
		return nil
	}
	all := strings.Split(joined, "\n")
	var out []string
	for i, pointer := range all {
		if pointer != "" && (i+1 == len(all) || !strings.HasPrefix(all[i+1], pointer+"/")) {
			out = append(out, pointer)
		}
	}
	return out
}

// fieldName writes a JSON pointer as people do: spec.owner, metadata.links[0].url.
func fieldName(pointer string) string {
	var b strings.Builder
	for i, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		part = unescape(part)
		_, err := strconv.Atoi(part)
		switch {
		case i > 0 && (err == nil || strings.ContainsAny(part, "./")):
			b.WriteString("[" + part + "]")
		case i > 0:
			b.WriteString("." + part)
		default:
			b.WriteString(part)
		}
	}
	return card.Line(b.String())
}

// unescape is the reverse of what catalog.Pointer does to a key.
func unescape(part string) string {
	return strings.NewReplacer("~n", "\n", "~1", "/", "~0", "~").Replace(part)
}

// fieldValues are the contents of a descriptor.
type fieldValues struct{ root any }

func (s subject) values() fieldValues {
	var v fieldValues
	data, err := s.view.Describe(s.entity)
	if err == nil {
		err = json.Unmarshal(data, &v.root)
	}
	if err != nil {
		return fieldValues{}
	}
	return v
}

// at gives the value at a pointer in one short line. Credentials, which some annotations hold, are not shown.
func (v fieldValues) at(pointer string) string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	if slices.ContainsFunc(parts, holdsCredential) {
		return "(a credential, not shown)"
	}
	node := v.root
	for _, part := range parts {
		switch at := node.(type) {
		case map[string]any:
			node = at[unescape(part)]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(at) {
				return ""
			}
			node = at[i]
		}
	}
	switch value := node.(type) {
	case nil:
		return ""
	case string:
		if u, err := url.Parse(strings.TrimPrefix(value, "url:")); err == nil && u.User != nil {
			return "(an address with credentials, not shown)"
		}
		return shorten(card.Line(value))
	default:
		text, err := json.Marshal(value)
		if err != nil {
			return ""
		}
		return shorten(string(text))
	}
}

func holdsCredential(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc([]string{"integration-key", "token", "secret", "password", "api-key", "apikey"},
		func(word string) bool { return strings.Contains(key, word) })
}

func shorten(text string) string {
	if r := []rune(text); len(r) > explainValue {
		return string(r[:explainValue-1]) + "…"
	}
	return text
}
