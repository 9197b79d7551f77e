// Package markup turns text that nobody vouches for (catalog values, runbooks, alerts) into what one
// kind of surface shows, with everything hostile in it defused: one function per sink, and no other
// way to that sink.
//
// Plain text goes through Terminal. Markdown is read once, by ParseMarkdown, into a Document: a small
// model that all surfaces share, without markup, relative or forbidden addresses, and within limits.
// A sink of Markdown is a walk over the Document that writes nothing but its own marks and text that it
// has escaped: HTML is here, the terminal's is in integrations/console, where lines are laid out.
package markup
