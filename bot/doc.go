// Package bot is what every chat surface has in common: requests, replies, the grammar, and the way of
// a request through middleware to a command.
//
// Adapters (integrations/console, slack, discord) turn their platform's events into a Request and
// render the Reply; commands (bot/command) know nothing of platforms. Data flows one way:
// adapter → Handler (middleware → Mux → Command) → Reply → adapter.
package bot
