package cardtest

import (
	"strconv"
	"strings"

	"callboard/bot/card"
)

// statuses shows each status at each place where one can stand.
func statuses() []Sample {
	var all []Sample
	for _, s := range []card.Status{card.None, card.OK, card.Warn, card.Bad, card.Unknown} {
		name := string(s)
		if s == card.None {
			name = "none"
		}
		all = append(all, Sample{"status-" + name, &card.Card{
			Title: "Status " + name, Status: s,
			Summary: "a card whose status is " + name,
			Fields:  []card.Field{{Label: "Fact", Value: card.T("judged " + name), Status: s, Source: "somebody"}},
			Items:   []card.Item{{Text: card.T("row"), Detail: card.T("judged " + name), Status: s}},
			Notes:   []card.Note{{Text: card.T("a note"), Status: s}},
		}})
	}
	return all
}

// scripts are honest texts that are not Latin.
func scripts() []Sample {
	return []Sample{
		{"right-to-left", &card.Card{
			Title: "תשלומים", Tags: []string{"service", "production"},
			Summary: "תשלומים: צוות תשלומים",
			Fields: []card.Field{
				{Label: "Owner", Value: dots(card.T("צוות תשלומים"), card.T("#pay-eng"), card.T("فريق الدفع")), Source: "catalog-info.yaml:14"},
				{Label: "Runbook", Value: card.Link("دليل التشغيل", "https://docs.acme.example/ar/runbook")},
			},
		}},
		{"wide", &card.Card{
			Title: "支払いサービス", Tags: []string{"service", "本番"}, Status: card.OK,
			Summary: "支払いサービス：決済チーム",
			Fields: []card.Field{
				{Label: "所有者", Value: dots(card.T("決済チーム"), card.T("결제팀"), card.T("👩‍💻 Ana 🇩🇪 👍🏽")), Source: "カタログ:14"},
				{Label: "Description", Value: card.T("注文を受け付けて代金を請求し、台帳に記録するサービス。夜間に照合ジョブが走り、差分は翌朝に担当者へ通知される。")},
			},
			Items: []card.Item{
				{Text: card.T("台帳データベース"), Detail: card.T("PostgreSQL")},
				{Text: card.T("ledger"), Detail: card.T("台帳")},
				{Text: card.T("é́ n̈ नमस्ते สวัสดี"), Detail: card.T("combining marks")},
			},
		}},
	}
}

// edges are cards that just keep to the limits of package card, and the smallest ones.
func edges() []Sample {
	word := func(r string, n int) string { return strings.Repeat(r, n) }
	many := &card.Card{Title: "Everything at once", Summary: "a card that is full in every way"}
	for i := range card.MaxTags {
		many.Tags = append(many.Tags, "tag "+strconv.Itoa(i+1))
	}
	for i := range card.MaxFields {
		n := strconv.Itoa(i + 1)
		many.Fields = append(many.Fields, card.Field{Label: "Field " + n, Value: card.T("value " + n), Source: "source " + n})
	}
	for i := range card.MaxNotes {
		many.Notes = append(many.Notes, card.Note{Status: card.Warn, Text: card.T("note " + strconv.Itoa(i+1))})
	}
	for i := range card.MaxActions {
		n := strconv.Itoa(i + 1)
		many.Actions = append(many.Actions, card.Action{Label: "Action " + n, Command: "find " + n})
	}
	list := &card.Card{Title: "A long list", Summary: "a list with as many rows as there can be"}
	for i := range card.MaxItems {
		n := strconv.Itoa(i + 1)
		list.Items = append(list.Items, card.Item{Text: card.T("entity-" + n), Detail: card.T("service"), Action: "who-owns entity-" + n})
	}
	tree := &card.Card{Title: "A deep tree", Summary: "a tree as deep as there can be"}
	for i := range card.MaxDepth + 1 {
		tree.Items = append(tree.Items, card.Item{Text: card.T("level-" + strconv.Itoa(i)), Detail: card.T("service · team-payments"), Depth: i})
	}
	return []Sample{
		{"smallest", &card.Card{Summary: "Done"}},
		{"empty-list", &card.Card{Title: "Stale entries", Tags: []string{"none"}, Status: card.OK, Summary: "Nothing is stale"}},
		{"full", many},
		{"long-list", list},
		{"deep-tree", tree},
		{"long-texts", &card.Card{
			Title: word("title ", card.MaxTitle/6), Summary: word("summary ", card.MaxSummary/8),
			Tags: []string{word("t", card.MaxTag)},
			Fields: []card.Field{
				{Label: word("L", card.MaxLabel), Value: card.T("under a long label"), Source: word("source ", card.MaxTitle/7)},
				{Label: "Text", Value: card.T(word("lorem ipsum ", card.MaxText/12)), Source: "somebody"},
				{Label: "Gap", Gap: &card.Gap{What: word("gone ", card.MaxTitle/5), Fix: word("fix ", card.MaxTitle/4)}},
			},
			Items:   []card.Item{{Text: card.T(word("row ", 500)), Detail: card.T(word("detail ", 300)), Action: word("w", card.MaxCommand)}},
			Notes:   []card.Note{{Text: card.T(word("note ", 300))}},
			Footer:  card.T(word("footer ", 100)),
			Actions: []card.Action{{Label: word("B", card.MaxLabel), Command: word("c", card.MaxCommand)}},
		}},
		{"long-words", &card.Card{
			Title: word("x", 300), Summary: "words that fit nowhere",
			Fields: []card.Field{
				{Label: "Word", Value: card.T(word("x", 5000))},
				{Label: "Wide", Value: card.T(word("長", 300))},
				{Label: "URL", Value: card.Link("log search", "https://logs.acme.example/"+word("a", 1900))},
				{Label: "Both", Value: card.Join(" ", card.T("before"), card.T(word("y", 250)), card.T("after")), Source: word("s", 200)},
			},
			Items: []card.Item{{Text: card.T(word("z", 300)), Detail: card.T(word("d", 300))}, {Text: card.T("short"), Detail: card.T("row")}},
		}},
	}
}
