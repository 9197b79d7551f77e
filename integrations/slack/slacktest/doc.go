// Package slacktest is a Slack for tests: a workspace with people, channels and one installed app, which speaks the
// protocol that the real one speaks, limits and error strings included. It knows no Slack library, so that it
// judges what ours sends. What people do is a method of [Server] (Command, Mention, DM, Press, OpenHome); what
// they then see is [Channel.SeenBy], [Message.Lines], [Server.Modal] and [Server.Home].
//
// Every payload outside Slack's limits and structure is refused as Slack would refuse it, and fails the test at
// its end. Where the limits come from is said at limits.go. Time is the Now of [Options]; with Memory the server
// works over pipes, so that a whole session runs in a bubble of testing/synctest.
package slacktest
