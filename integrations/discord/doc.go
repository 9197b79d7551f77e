// Package discord is Discord as a chat surface: it turns Discord's events into requests and draws the replies.
//
// Nothing else of Callboard knows Discord, and only this package imports discordgo, for what it knows best: the types of
// messages, components and commands. Its REST client and its gateway are not used. The client retries a 429 without a
// bound and sleeps without a context, keeps a lock and a bucket for each address that it ever called (those of
// interactions hold a secret), and has its address in a variable of the package. The gateway knows no
// resume_gateway_url, and identifies anew whatever an invalid session says. Both are small here (rest.go, pace.go,
// gateway.go) and follow Discord's documentation.
//
// Events come through the gateway, or, interactions, as signed HTTP requests; either way the same code reads them.
// Answers are embeds rather than components of the second version: an embed takes 6,000 characters instead of 4,000,
// and keeps a text beside it, which is what a lock screen shows.
package discord
