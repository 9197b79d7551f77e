package bot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Limits of a command's text; a chat message is shorter.
const (
	maxLineBytes = 8 << 10
	maxLineArgs  = 64
)

// Line is a parsed command: verb [ target ] { flag } [ "--" free text ].
type Line struct {
	Verb  string            // lower case, without a slash; "" for an empty text
	Args  []string          // in order, quotes removed
	Flags map[string]string // without dashes; a flag without a value has ""
	Free  string            // all that follows a lone --
}

// Parse reads the grammar of ux.md section 2, the same for every surface. Words are parted by
// blanks; double quotes keep blanks in a word, and a quote that is never closed is a character like
// any other. Phones and word processors turn -- into a long dash and quotes into curly ones: both
// are read as what was meant. The bot's own name in front, as in "/callboard who-owns x", is dropped.
func Parse(text string) (Line, error) {
	if len(text) > maxLineBytes {
		return Line{}, fmt.Errorf("this command is longer than %d bytes", maxLineBytes)
	}
	command, free := cutFree(straighten(text))
	line := Line{Free: free, Flags: map[string]string{}}
	for _, w := range words(command) {
		flag, isFlag := strings.CutPrefix(w.text, "--")
		switch {
		case isFlag && !w.quoted:
			if err := line.addFlag(flag); err != nil {
				return Line{}, err
			}
		case line.Verb == "" && w.text != "" && !isOwnName(w.text):
			line.Verb = strings.ToLower(strings.TrimPrefix(w.text, "/"))
		case line.Verb != "":
			line.Args = append(line.Args, w.text)
		}
	}
	if len(line.Args) > maxLineArgs {
		return Line{}, fmt.Errorf("this command has more than %d words", maxLineArgs)
	}
	return line, nil
}

func (l *Line) addFlag(flag string) error {
	key, value, _ := strings.Cut(flag, "=")
	key = strings.ToLower(key)
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r != '-' && !unicode.IsLower(r) && !unicode.IsDigit(r) }) {
		return fmt.Errorf("--%s is not a flag: flags read --name or --name=value", shown(flag))
	}
	if _, twice := l.Flags[key]; twice {
		return errors.New("the flag --" + shown(key) + " is given twice")
	}
	l.Flags[key] = value
	return nil
}

// Has reports whether the flag is given.
func (l Line) Has(flag string) bool {
	_, found := l.Flags[flag]
	return found
}

// String writes the command so that Parse reads the same line from it.
func (l Line) String() string {
	parts := []string{l.Verb}
	for _, arg := range l.Args {
		parts = append(parts, quoteWord(arg))
	}
	keys := make([]string, 0, len(l.Flags))
	for key := range l.Flags {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		flag := "--" + key
		if value := l.Flags[key]; value != "" {
			flag += "=" + quoteWord(value)
		}
		parts = append(parts, flag)
	}
	if l.Free != "" {
		parts = append(parts, "--", l.Free)
	}
	return strings.Join(parts, " ")
}

func quoteWord(word string) string {
	if word == "" || strings.HasPrefix(word, "--") || strings.ContainsFunc(word, unicode.IsSpace) {
		return `"` + word + `"`
	}
	return word
}

func isOwnName(word string) bool {
	return strings.EqualFold(strings.TrimLeft(word, "/@"), "callboard")
}

// straighten undoes what typographic keyboards do to quotes and dashes.
func straighten(text string) string {
	text = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "\u00a0", " ").Replace(text)
	fields := strings.Split(text, " ")
	for i, field := range fields {
		for _, dash := range []string{"—", "–"} {
			if rest, found := strings.CutPrefix(field, dash); found {
				fields[i] = "--" + rest
			}
		}
	}
	return strings.Join(fields, " ")
}

// cutFree parts the text at the first lone -- outside quotes.
func cutFree(text string) (command, free string) {
	for _, w := range words(text) {
		if w.text == "--" && !w.quoted {
			return text[:w.start], strings.TrimSpace(text[w.start+2:])
		}
	}
	return text, ""
}

type word struct {
	text   string
	start  int  // byte offset in the text
	quoted bool // the word begins with a quote
}

// words splits text at blanks outside double quotes.
func words(text string) []word {
	var out []word
	var b strings.Builder
	start, open := -1, false
	flush := func() {
		if start >= 0 {
			out = append(out, word{b.String(), start, text[start] == '"'})
		}
		b.Reset()
		start = -1
	}
	for i, r := range text {
		switch {
		case r == '"' && (open || strings.Contains(text[i+1:], `"`)):
			if start < 0 {
				start = i
			}
			open = !open
		case unicode.IsSpace(r) && !open:
			flush()
		default:
			if start < 0 {
				start = i
			}
			b.WriteRune(r)
		}
	}
	flush()
	return out
}
