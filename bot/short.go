package bot

import (
	"strings"
	"unicode/utf8"

	"callboard/catalog"
)

// digestMark is in front of the digest of a ref in a command. No name, path or address of the grammar begins so.
const digestMark = "~"

// Short gives a command in at most so many characters: as it is where it fits, else with the refs among its arguments
// replaced by their digests, which commands understand like refs. It is false where that is too long, too.
func Short(command string, most int) (short string, fits bool) {
	if utf8.RuneCountInString(command) <= most {
		return command, true
	}
	line, err := Parse(command)
	if err != nil {
		return "", false
	}
	for i, arg := range line.Args {
		ref, err := catalog.ParseRef(arg, "", catalog.DefaultNamespace)
		if err == nil && ref.String() == arg {
			line.Args[i] = digestMark + ref.Digest()
		}
	}
	short = line.String()
	return short, utf8.RuneCountInString(short) <= most
}

// Digest gives the digest that an argument of a command holds in place of a ref.
func Digest(arg string) (digest string, is bool) { return strings.CutPrefix(arg, digestMark) }
