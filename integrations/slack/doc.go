// Package slack is Slack as a chat surface: it turns Slack's events into requests and draws the replies.
//
// Nothing else of Callboard knows Slack, and only this package imports slack-go. Events come through
// sockets that Callboard opens (Socket Mode) or as signed HTTP requests; either way the same code reads them.
// Answers are drawn as Block Kit: nearly all text as rich_text, in which Slack reads no markup, so that
// text of the catalog can neither mention nor format anything.
package slack
