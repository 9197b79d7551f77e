// Package card is the chat-neutral view: what an answer says, not how it looks.
//
// It is a leaf. Commands make cards; the adapters (console, slack, discord) each render them, and
// alone decide about layout, cutting to limits and colour. All text in a card is untrusted data:
// renderers neutralise mentions, markup and control characters in it.
package card
