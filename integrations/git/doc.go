// Package git reads catalogs from Git: it implements ingest.Source over https, ssh or a local
// repository opened in place.
//
// A remote is kept as one bare mirror per source and read from its object store. There is never a
// worktree: nothing that a repository contains is written as a file of that name, run, or followed.
// Everything that comes from a remote has a limit: bytes, files, depth, size of a file, and time.
//
// The wire protocol's messages, pack files and trees are go-git's. The two connections, HTTP and ssh,
// are made here, because they must pass the guarded dialer, end at a deadline, and fail with an error
// that says what an operator has to change.
package git
