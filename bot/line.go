package bot

// Line is a parsed command: verb [ target ] { flag } [ "--" free text ].
type Line struct {
	Verb  string            // lower case, without slash; "" for an empty text
	Args  []string          // in order, quotes removed
	Flags map[string]string // without dashes; a flag without value has ""
	Free  string            // all that follows a lone --
}
