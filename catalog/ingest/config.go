package ingest

import (
	"slices"
	"strings"
)

// Config is one configured source of descriptors.
type Config struct {
	Name    string
	Source  Source
	URL     string                     // for people: the Git URL without credentials, or the local path
	Web     func(branch string) string // base URL of the files at the forge, ending in a slash; nil or "" when there is none
	Paths   []string                   // patterns of the files to start from; doublestar syntax
	Trusted bool                       // may define User, Group and Template (threats.md R1)
	Kinds   []string                   // kinds that it may define; empty: all

	FileBytes int // the most that a descriptor may have; 0: what the syncer's limits say
}

// refusal says why the source may not define an entity of the kind; ok when it may.
func (c *Config) refusal(kind string) (text, fix string, ok bool) {
	kind = strings.ToLower(kind)
	if needsTrust(kind) && !c.Trusted {
		return "the source " + c.Name + " is not trusted, so it may not define a " + kind,
			"set trusted: true on the source " + c.Name + " in callboard.yaml, or define it in a trusted source", false
	}
	if len(c.Kinds) == 0 || slices.ContainsFunc(c.Kinds, func(k string) bool { return strings.EqualFold(k, kind) }) {
		return "", "", true
	}
	return "the source " + c.Name + " may not define a " + kind + ": its kinds are " + strings.Join(c.Kinds, ", "),
		"add it to the kinds of the source " + c.Name + " in callboard.yaml", false
}

// needsTrust reports whether only trusted sources may define the kind, which is in lower case.
func needsTrust(kind string) bool { return kind == "user" || kind == "group" || kind == "template" }

func (c *Config) web(branch string) string {
	if c.Web == nil || branch == "" {
		return ""
	}
	return c.Web(branch)
}
