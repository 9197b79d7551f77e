package cardtest

import (
	"time"

	"callboard/bot/card"
)

// answers are the cards of the read verbs, as their commands make them.
func answers() []Sample {
	return []Sample{
		{"who-owns", whoOwns()},
		{"who-owns-full", whoOwnsFull()},
		{"who-owns-past", past()},
		{"explain", explain()},
		{"unowned", unowned()},
		{"not-found", notFound()},
		{"ambiguous", ambiguous()},
		{"unknown-verb", unknownVerb()},
		{"deps", deps()},
		{"find", find()},
		{"find-nothing", findNothing()},
		{"links", links()},
		{"runbook", runbook()},
		{"stale", stale()},
		{"stale-none", staleNone()},
		{"health", health()},
		{"help", help()},
		{"help-verb", helpVerb()},
		{"fault", fault()},
	}
}

func whoOwnsActions() []card.Action {
	return []card.Action{
		{Label: "Links", Command: "links component:default/checkout"},
		{Label: "Used by", Command: "deps component:default/checkout --up"},
		{Label: "Explain", Command: "who-owns component:default/checkout --explain"},
	}
}

func sixLinks() card.Text {
	return dots(
		card.Link("traces", "https://grafana.acme.example/explore?left=tempo"),
		card.Link("logs", "https://grafana.acme.example/explore?q=%7Bapp%3D%22checkout%22%7D"),
		card.Link("dashboard", "https://grafana.acme.example/d/checkout/overview"),
		card.Link("repo", "https://git.acme.example/acme/checkout"),
		card.Link("API", "https://git.acme.example/acme/checkout/src/main/openapi.yaml"),
		card.Link("mirror", "https://github.com/acme/checkout"),
	)
}

// whoOwns is the card before any source of on-call, SLO and deploys exists: gaps with their fix.
func whoOwns() *card.Card {
	return &card.Card{
		Title: "checkout", Tags: []string{"service", "production", "tier 1"},
		Summary: "checkout: team-payments · #pay-eng · lead Mira Ruiz",
		Fields: []card.Field{
			{Label: "On call", Gap: &card.Gap{What: "not declared", Fix: "add the annotation pagerduty.com/service-id"}},
			{Label: "Owner", Value: dots(card.T("team-payments"), card.T("#pay-eng"), card.T("lead Mira Ruiz")), Source: "catalog-info.yaml:14"},
			{Label: "Runbook", Value: card.Join(" ", card.Code("docs/runbook.md"), card.T("— “High error rate” and 4 more sections")), Source: "edited 41 d ago"},
			{Label: "SLO", Gap: &card.Gap{What: "not declared", Fix: "add slo.yaml beside catalog-info.yaml"}},
			{Label: "Last deploy", Gap: &card.Gap{What: "unknown", Fix: "no source reports deploys yet"}},
			{Label: "Used by", Value: dots(card.T("9 services (3 tier 1)"), card.T("part of system payments"))},
			{Label: "Links", Value: sixLinks()},
		},
		Footer: card.Join("", card.T("acme/checkout "), card.Code("catalog-info.yaml:14"), card.T(" @9f3c2ab, checked "),
			card.When(ago(21*time.Minute))),
		Actions: whoOwnsActions(),
	}
}

// whoOwnsFull is the card as it will be once every source exists, with a warning.
func whoOwnsFull() *card.Card {
	c := whoOwns()
	c.Summary = "checkout: Jonas Berg on call until Mon 09:00 · team-payments · #pay-eng"
	c.Fields[0] = card.Field{
		Label: "On call", Source: "PagerDuty", At: ago(3 * time.Minute),
		Value: card.Join("", card.T("Jonas Berg, primary until "), card.When(Now().Add(6*day-5*time.Hour)), card.T(" → Li Wei, secondary")),
	}
	c.Fields[1].Source = ""
	c.Fields[3] = card.Field{Label: "SLO", Value: card.T("availability 99.9 %: 62 % of the budget left, on track"), Status: card.OK}
	c.Fields[4] = card.Field{
		Label: "Last deploy",
		Value: dots(card.Join("", card.T("v412 by Ana Sol "), card.Age(ago(38*time.Minute)), card.T(", canary 10 %")), card.T("locks: none")),
	}
	c.Notes = []card.Note{{Status: card.Warn, Text: card.Join("", card.T("on-call id not found in PagerDuty since "),
		card.When(ago(5*time.Hour)), card.T(", showing the last known"))}}
	return c
}

func explain() *card.Card {
	at := func(line, commit, who string, age time.Duration, subject string) card.Text {
		return dots(
			card.Join(", ", card.T(commit+" "+who), card.Age(ago(age))), card.T(subject),
			card.Link("line "+line, "https://git.acme.example/acme/checkout/blob/9f3c2ab/catalog-info.yaml#L"+line))
	}
	const day = 24 * time.Hour
	return &card.Card{
		Title: "checkout", Tags: []string{"service", "production", "tier 1"},
		Summary: "checkout: team-payments · #pay-eng · tier 1",
		Fields: []card.Field{
			{Label: "Lost", Value: card.T("acme services/checkout.yaml:9 @77aa9c0: its path comes first")},
			{Label: "Source", Value: card.Join(", ", card.T("acme @9f3c2ab"), card.Join(" ", card.T("checked"), card.When(ago(21*time.Minute))),
				card.Join(" ", card.T("the history goes back to"), card.When(ago(400*day)), card.T("(older commits are not kept here)")))},
			{Label: "Rule", Value: card.T("no rule hides anything")},
			{Label: "Took", Value: card.T("0.2 ms")},
		},
		Items: []card.Item{
			{Text: card.Join(": ", card.Code("metadata.name"), card.T("checkout")), Detail: at("4", "1c0ffee", "Ana Sol or somebody earlier", 400*day, "checkout: a service of its own")},
			{Text: card.Join(": ", card.Code("metadata.annotations[pagerduty.com/integration-key]"), card.T("(a credential, not shown)")), Detail: at("9", "5eed123", "Jonas Berg", 41*day, "checkout: page us")},
			{Text: card.Join(": ", card.Code("spec.owner"), card.T("team-payments")), Detail: at("14", "9f3c2ab", "Mira Ruiz", 2*time.Hour, "checkout goes to team-payments")},
		},
		Footer:  card.Join("", card.T("acme catalog-info.yaml:1 @9f3c2ab, checked "), card.When(ago(21*time.Minute))),
		Actions: []card.Action{{Label: "Owner", Command: "who-owns component:default/checkout"}},
	}
}

func unowned() *card.Card {
	return &card.Card{
		Title: "refund-worker", Tags: []string{"service", "experimental"},
		Summary: "refund-worker: team-refunds (not in the catalog) · likely team-payments",
		Fields: []card.Field{
			{Label: "Owner", Value: card.T("team-refunds (not in the catalog)")},
		},
		Notes:  []card.Note{{Status: card.Warn, Text: card.T("No owner: team-refunds is not in the catalog. Likely team-payments (CODEOWNERS; 14 of the last 20 commits).")}},
		Footer: card.T("acme/refunds catalog-info.yaml:3 @77aa9c0"),
	}
}

// past is the card of an earlier catalog.
func past() *card.Card {
	c := whoOwns()
	c.Notes = []card.Note{{Text: card.Join("", card.T("as of "), card.When(ago(100*24*time.Hour)),
		card.T(", commit 77aa9c0 of acme; the history goes back to "), card.When(ago(400*24*time.Hour)))}}
	for i := range c.Actions {
		c.Actions[i].Command += " --at=100d"
	}
	return c
}

func notFound() *card.Card {
	return &card.Card{
		Title: `No entity "chekout". Closest:`, Status: card.Unknown,
		Summary: `No entity "chekout". Closest: checkout (service, team-pay) · checkout-web (website, team-web)`,
		Items: []card.Item{
			{Text: card.T("checkout"), Detail: card.T("service · team-pay"), Action: "who-owns component:default/checkout"},
			{Text: card.T("checkout-web"), Detail: card.T("website · team-web"), Action: "who-owns component:default/checkout-web"},
		},
		Footer: card.Join("", card.T("Searched 41,203 entities in 512 repositories, oldest check "), card.Age(ago(4*time.Minute))),
	}
}

func ambiguous() *card.Card {
	return &card.Card{
		Title: `"billing" matches 3 entities, pick one:`, Status: card.Unknown,
		Summary: `"billing" matches 3 entities, pick one: system:default/billing · component:default/billing · component:legacy/billing`,
		Items: []card.Item{
			{Text: card.T("billing"), Detail: card.T("system · team-finance"), Action: "who-owns system:default/billing"},
			{Text: card.T("billing"), Detail: card.T("service · team-finance · part of system billing"), Action: "who-owns component:default/billing"},
			{Text: card.T("legacy/billing"), Detail: card.T("service · no owner · deprecated"), Status: card.Warn, Action: "who-owns component:legacy/billing"},
		},
	}
}

func unknownVerb() *card.Card {
	return &card.Card{
		Status:  card.Unknown,
		Summary: `I don't know "whoowns". Did you mean: who-owns — owner, on-call and links`,
		Actions: []card.Action{{Label: "who-owns checkout", Command: "who-owns checkout"}, {Label: "Help", Command: "help"}},
	}
}

func deps() *card.Card {
	item := func(depth int, name, detail string) card.Item {
		return card.Item{Depth: depth, Text: card.T(name), Detail: card.T(detail), Action: "who-owns " + name}
	}
	return &card.Card{
		Summary: "checkout depends on 7 entities, 3 levels deep",
		Items: []card.Item{
			item(0, "checkout", "service · team-payments"),
			item(1, "payments-api", "API of payments · team-payments"),
			item(2, "payments", "service · team-payments"),
			item(3, "ledger-db", "PostgreSQL database · team-data"),
			item(3, "events", "Kafka topic · team-platform"),
			item(2, "fraud-check", "service · team-risk"),
			item(1, "sessions", "Redis cache · team-platform"),
			{Depth: 1, Text: card.T("resource:default/old-cache"), Detail: card.T("not in the catalog"), Status: card.Warn},
		},
		Footer: card.Join("", card.T("relations as declared, checked "), card.When(ago(21*time.Minute))),
	}
}

func find() *card.Card {
	item := func(name, detail string) card.Item {
		return card.Item{Text: card.T(name), Detail: card.T(detail), Action: "who-owns " + name}
	}
	return &card.Card{
		Summary: "12 entities match “payments”: payments, payments-api, payments-db and 9 more",
		Items: []card.Item{
			item("payments", "system · team-payments — takes money and keeps the books"),
			item("payments-api", "openapi · team-payments — create, capture and refund a payment; idempotent by key, versioned by date"),
			item("payments-db", "database · team-data"),
			item("component:default/payments-reconciliation-nightly", "service · team-finance"),
			item("checkout", "service · team-payments — description mentions payments"),
		},
		Notes:   []card.Note{{Text: card.T("showing the first 5 of 12")}},
		Actions: []card.Action{{Label: "All 12", Command: "find payments --all"}},
	}
}

func findNothing() *card.Card {
	return &card.Card{
		Status:  card.Unknown,
		Summary: "Nothing matches “quantum ledger”",
		Footer:  card.T("Searched names, titles, tags and descriptions of 41,203 entities"),
	}
}

func links() *card.Card {
	item := func(label, address, source string) card.Item {
		return card.Item{Text: card.Link(label, address), Detail: card.T(source)}
	}
	return &card.Card{
		Summary: "checkout has 5 links: traces, logs, dashboard, repo, write to the team",
		Items: []card.Item{
			item("traces", "https://tempo.acme.example/explore?service=checkout", "annotation"),
			item("logs", "https://grafana.acme.example/explore?q=%7Bapp%3D%22checkout%22%7D&from=now-1h&to=now", "link template"),
			item("dashboard", "https://grafana.acme.example/d/checkout/overview", "catalog-info.yaml:21"),
			item("repo", "https://git.acme.example/acme/checkout", "source location"),
			item("write to the team", "mailto:team-payments@acme.example", "group team-payments"),
		},
	}
}

func stale() *card.Card {
	return &card.Card{
		Status:  card.Warn,
		Summary: "3 entries need somebody: 1 broken descriptor, 1 conflict, 1 orphan",
		Items: []card.Item{
			{Status: card.Bad, Text: card.T("ledger-api"), Detail: card.Join(" ", card.T("spec.lifecycle is missing: add one of experimental, production, deprecated; serving the version of 12 Feb —"), card.Code("acme/ledger catalog-info.yaml:9"))},
			{Status: card.Warn, Text: card.T("checkout"), Detail: card.Join(" ", card.T("declared twice; shown is"), card.Code("acme/checkout catalog-info.yaml:1"), card.T("not"), card.Code("acme/web services/checkout.yaml:1"))},
			{Status: card.Warn, Text: card.T("old-mailer"), Detail: card.T("orphan since 28 Feb: its Location no longer names it")},
		},
		Footer: dots(card.Join("", card.T("synced "), card.Age(ago(4*time.Minute))), card.T("21 fine")),
	}
}

func staleNone() *card.Card {
	return &card.Card{Status: card.OK, Summary: "All 41 entities are fine: no broken descriptor, conflict or orphan"}
}

func health() *card.Card {
	return &card.Card{
		Title: "Health", Tags: []string{"serving", "one source needs care"}, Status: card.Warn,
		Summary: "Serving 41,203 entities of 512 repositories, oldest check 4 min ago; source web failed",
		Fields: []card.Field{
			{Label: "Catalog", Value: dots(card.T("41,203 entities"), card.T("512 repositories"), card.Join("", card.T("oldest check "), card.Age(ago(4*time.Minute)))), Status: card.OK},
			{Label: "Source acme", Value: card.Join("", card.Code("9f3c2ab"), card.T(", 40 entities, 2 problems")), At: ago(time.Minute), Source: "synced", Status: card.OK},
			{Label: "Source web", Value: card.T("git.acme.example answered 401: the token was refused; serving the state of yesterday"), At: ago(26 * time.Hour), Source: "last good", Status: card.Bad},
			{Label: "Slack", Gap: &card.Gap{What: "not connected", Fix: "set slack.app_token in callboard.yaml"}, Status: card.Unknown},
			{Label: "Answers", Value: card.T("p99 0.4 ms over 1 h"), Status: card.OK},
		},
		Footer: card.T("callboard v0.1.0 · up 3 d 4 h"),
	}
}

func help() *card.Card {
	verb := func(usage, what string) card.Item { return card.Item{Text: card.Code(usage), Detail: card.T(what)} }
	return &card.Card{
		Summary: "Ask who owns what; a target is a name, a ref, a URL, a path, a pod or an image",
		Items: []card.Item{
			verb("who-owns TARGET", "owner, on-call and links"),
			verb("links TARGET", "where to look: traces, logs, dashboards, repository"),
			verb("deps TARGET [--up|--down]", "what it needs, and what needs it"),
			verb("find WORDS", "search names, titles, tags and descriptions"),
			verb("stale [@GROUP]", "broken descriptors, conflicts and orphans"),
			verb("health", "what works and what does not"),
			verb("help [VERB]", "this, or one verb in full"),
		},
		Footer: card.T("Every verb takes --explain and --json"),
	}
}

func helpVerb() *card.Card {
	return &card.Card{
		Title:   "deps",
		Summary: "deps TARGET [--up|--down] — what it needs, and what needs it",
		Fields: []card.Field{
			{Label: "--up", Value: card.T("only what depends on the target: who is hit when it fails")},
			{Label: "--down", Value: card.T("only what the target depends on")},
			{Label: "Example", Value: card.Code("deps checkout --up")},
		},
	}
}

func fault() *card.Card {
	return &card.Card{
		Status:  card.Bad,
		Summary: "Something went wrong on my side (ref E-91F2). Ask again; if it stays, give the reference to an operator.",
	}
}
