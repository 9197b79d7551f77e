// Package bottest holds the suites that the stores of package bot have to pass, and stores in memory that do.
package bottest
