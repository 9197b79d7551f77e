// Package card is the chat-neutral view: what an answer says, not how it looks.
//
// It is a leaf. Commands make cards; the adapters (console, slack, discord) each render them, and
// alone decide about layout, cutting to limits and colour. All text in a card is untrusted data:
// renderers neutralise mentions, markup and control characters in it. Body is the one part that is
// Markdown; package markup takes it apart. Validate finds what a command got wrong (a missing summary,
// a label with a line break), not what a catalog contains.
//
// # JSON
//
// The JSON form is what callboard ask --json prints, and scripts rely on it: names are never changed
// or reused, new ones may appear, and a part that is empty is left out except title and summary. A
// status is "ok", "warn", "bad", "unknown" or left out; moments are RFC 3339.
//
//	{"title": "checkout", "tags": ["service"], "summary": "checkout: owned by team-payments",
//	 "fields": [{"label": "Owner", "value": [{"text": "team-payments"}], "source": "catalog-info.yaml:14"},
//	            {"label": "On call", "gap": {"what": "not declared", "fix": "add the annotation …"}}],
//	 "items": [{"text": [{"text": "cart"}], "depth": 1, "action": "who-owns cart"}],
//	 "body": "## Diagnosis\n\n1. …",
//	 "notes": [{"status": "warn", "text": [{"text": "…"}]}],
//	 "footer": [{"text": "checked "}, {"at": "2026-03-02T14:21:00Z"}],
//	 "actions": [{"label": "Explain", "command": "who-owns checkout --explain"}]}
//
// A text is a list of spans in reading order; their texts concatenated are the sentence.
package card
