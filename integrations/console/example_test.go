package console_test

import (
	"os"
	"time"

	"callboard/bot/card"
	"callboard/integrations/console"
)

// A card says what is true; the console decides how it looks.
func ExampleRender() {
	now := time.Date(2026, 3, 2, 14, 21, 0, 0, time.UTC)
	c := &card.Card{
		Title: "checkout", Tags: []string{"service", "production"},
		Summary: "checkout: team-payments",
		Fields: []card.Field{
			{Label: "Owner", Value: card.Link("team-payments", "https://acme.example/teams/payments"), Source: "catalog-info.yaml:14"},
			{Label: "On call", Gap: &card.Gap{What: "not declared", Fix: "add the annotation pagerduty.com/service-id"}},
		},
		Footer:  card.Join("", card.T("checked "), card.Age(now.Add(-4*time.Minute))),
		Actions: []card.Action{{Label: "Explain", Command: "who-owns checkout --explain"}},
	}
	if err := c.Validate(); err != nil {
		panic(err)
	}
	_ = console.Render(os.Stdout, c, console.Style{Width: 96, Now: now, Zone: time.UTC})
	// Output:
	// checkout · service · production
	// Owner    team-payments https://acme.example/teams/payments                  catalog-info.yaml:14
	// On call  not declared — add the annotation pagerduty.com/service-id
	// checked 4 min ago
	// Explain: who-owns checkout --explain
}
