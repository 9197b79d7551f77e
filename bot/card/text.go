package card

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Text is a line of spans.
type Text []Span

// Span is a piece of text that is one thing.
type Span struct {
	Text string    `json:"text,omitempty"`
	URL  string    `json:"url,omitempty"`  // where the text leads
	Code bool      `json:"code,omitempty"` // to be read letter by letter: a path, an annotation, a command
	At   time.Time `json:"at,omitzero"`    // a moment, in place of Text: shown in the reader's zone
	Age  bool      `json:"age,omitempty"`  // At is shown as "4 min ago" where the surface can keep that true

	// Channel is a chat channel that Text names in words, as in slack:C0123ABCD. Its own platform shows it by its name; it
	// calls nobody.
	Channel string `json:"channel,omitempty"`
}

// T makes a Text of plain words.
func T(words string) Text { return Text{{Text: words}} }

// Code makes a Text that is to be read letter by letter: a path, an annotation, a command.
func Code(s string) Text { return Text{{Text: s, Code: true}} }

// Link makes a Text that leads somewhere. Catalogs contain anything, so an address that CheckURL
// refuses leaves the words alone; without words the address is shown.
func Link(words, address string) Text {
	if words == "" {
		words = address
	}
	if CheckURL(address) != nil {
		return T(words)
	}
	return Text{{Text: words, URL: address}}
}

// Channel makes a Text of a chat channel as an annotation names it. One with its platform and id, as in slack:C0123ABCD,
// reads "Slack channel C0123ABCD" where its platform does not show it; anything else reads as it is written.
func Channel(ref string) Text {
	platform, id, found := strings.Cut(ref, ":")
	if !found || !plainWord(platform) || !plainWord(id) {
		return T(Line(ref))
	}
	return Text{{Text: strings.ToUpper(platform[:1]) + platform[1:] + " channel " + id, Channel: ref}}
}

// In gives the id of the channel that a span means on a platform; "" when it means none there. It consists of letters and
// digits.
func (s Span) In(platform string) (id string) {
	id, here := strings.CutPrefix(s.Channel, platform+":")
	if !here || !plainWord(id) {
		return ""
	}
	return id
}

// plainWord reports whether s consists of 1 to 32 ASCII letters and digits.
func plainWord(s string) bool {
	return s != "" && len(s) <= 32 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}

// When makes a Text of a moment, shown as a date or time in the reader's zone. The zero time makes an
// empty Text.
func When(t time.Time) Text {
	if t.IsZero() {
		return nil
	}
	return Text{{At: t}}
}

// Age makes a Text of a moment, shown by its distance: "4 min ago". The zero time makes an empty Text.
func Age(t time.Time) Text {
	if t.IsZero() {
		return nil
	}
	return Text{{At: t, Age: true}}
}

// Join puts texts one after another with sep between them, leaving out those that say nothing.
func Join(sep string, texts ...Text) Text {
	var joined Text
	for _, t := range texts {
		if t.Empty() {
			continue
		}
		if len(joined) > 0 && sep != "" {
			joined = append(joined, Span{Text: sep})
		}
		joined = append(joined, t...)
	}
	return joined
}

// Empty reports whether the text says nothing.
func (t Text) Empty() bool {
	for _, s := range t {
		if s.Text != "" || !s.At.IsZero() {
			return false
		}
	}
	return true
}

// Plain gives the text without links and marks; moments read as dates in UTC.
func (t Text) Plain() string {
	var b strings.Builder
	for _, s := range t {
		if s.At.IsZero() {
			b.WriteString(s.Text)
		} else {
			b.WriteString(moment(s.At))
		}
	}
	return b.String()
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Line folds a text that may come from anywhere to one line: white space becomes single spaces, other
// control characters go. Titles, summaries, labels and tags made of catalog text pass through it.
func Line(s string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(visible), " ")
}

// Lines makes the Body of a card from Markdown that may come from anywhere: line breaks of all systems
// become \n, control characters but tabs go, and what is longer than MaxBody is cut after a line where
// that keeps at least half, which an ellipsis in a paragraph of its own shows.
func Lines(s string) string {
	const more = "\n\n…"
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\ufffd"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	s = strings.TrimRight(strings.TrimLeft(s, "\n"), " \t\n")
	if utf8.RuneCountInString(s) <= MaxBody {
		return s
	}
	kept := string([]rune(s)[:MaxBody-utf8.RuneCountInString(more)])
	if i := strings.LastIndexByte(kept, '\n'); 2*i >= len(kept) {
		kept = kept[:i]
	}
	return strings.TrimRight(kept, " \t\n") + more
}

// CheckURL says why a card may not lead to an address; nil when it may. Only http, https and mailto
// are allowed, with a host or address, without user or password, and without spaces, control
// or invisible characters.
func CheckURL(address string) error {
	if len(address) > MaxURL {
		return fmt.Errorf("address has %d bytes, at most %d are allowed", len(address), MaxURL)
	}
	if !utf8.ValidString(address) {
		return errors.New("address is not valid UTF-8")
	}
	if strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf) }) {
		return errors.New("address contains spaces, control or invisible characters")
	}
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("address is no URL") // the parser's error repeats the address, which may hold a secret
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Hostname() == "" {
			return errors.New("address names no host")
		}
		if u.User != nil {
			return errors.New("address contains a user or password")
		}
	case "mailto":
		if !strings.Contains(u.Opaque, "@") {
			return errors.New("mailto: without an address")
		}
	default:
		return fmt.Errorf("address has the scheme %q, only http, https and mailto are allowed", u.Scheme)
	}
	return nil
}
