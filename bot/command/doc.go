// Package command holds the verbs, one file each, and the table from errors to words.
//
// A command reads the catalog through a View for its asker, and returns a Card; it knows no platform. All
// come together in All, which cmd's app gives to bot.NewMux.
package command
