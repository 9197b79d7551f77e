// Package sqldb is the store: one SQLite file in the data folder, and everything that Callboard
// keeps in it. SQL is written here and nowhere else.
//
// Open takes the data folder for this process alone, checks the file, brings its schema up to date
// and gives a DB; the stores that other packages declare as interfaces are methods of DB. Catalog
// is the first one. Statements keep to what SQLite and PostgreSQL have in common, with ? for
// parameters; what differs is in dialect.go.
//
// Failures of the disk are expected. A write that finds the disk full gives the ballast file's
// 16 MB back and is tried again; Check says in words what is wrong with the store; a damaged file
// is refused with the way to recover.
package sqldb
