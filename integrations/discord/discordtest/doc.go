// Package discordtest is a Discord for tests: a guild with people, channels and one installed app, which speaks the
// protocol that the real one speaks: REST, gateway and signed interactions, limits and error codes included. It knows
// no Discord library, so that it judges what ours sends. What people do is a method of [Server] (Command, Mention, DM,
// Press, Submit); what they then see is [Channel.SeenBy], [Message.Lines] and [Server.Modal]. It is the sister of
// slacktest, and its methods have the same names where people do the same.
//
// Every payload outside Discord's limits and structure is refused as Discord would refuse it, and fails the test at
// its end. Where the limits come from is said at limits.go. Time is the Now of [Options]; with Memory the server
// works over pipes, so that a whole session runs in a bubble of testing/synctest.
package discordtest
