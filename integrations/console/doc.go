// Package console is the terminal as a chat surface: it turns typed lines into requests and draws the
// cards that come back, in a window with editing, history and completion, or line by line from a pipe.
//
// Everything that a card says is data: it reaches the screen through markup.Terminal only, and colour
// is an accent that nothing depends on.
package console
