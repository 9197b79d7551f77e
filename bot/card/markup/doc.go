// Package markup turns text that nobody vouches for (catalog values, runbooks, alerts) into what one
// kind of surface shows, with everything hostile in it defused: one function per sink, and no other
// way to that sink. For now the only sink is the terminal.
package markup
