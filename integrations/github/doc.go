// Package github understands what GitHub sends: for now the webhook that tells of a push.
//
// It verifies and reads; what becomes of it is for whoever asked. Addresses and tokens of repositories are
// package git's.
package github
