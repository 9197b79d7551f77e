package cardtest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"callboard/bot/card"
)

// CheckText says what in a text could attack the surface that shows it, nil when nothing could: control,
// bidirectional and invisible characters, or bytes that are no UTF-8. Line breaks are allowed.
func CheckText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is not valid UTF-8", s)
	}
	for _, r := range s {
		switch {
		case r == '\n', r == ' ':
		case unicode.IsControl(r), unicode.IsSpace(r), unicode.In(r, unicode.Cf, unicode.Bidi_Control, unicode.Variation_Selector),
			r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
			return fmt.Errorf("%q contains %U", s, r)
		}
	}
	return nil
}

// CheckHTML says what in the inside of a web page could attack its reader, nil when nothing could. It reads
// the page as a browser does, and allows no element, attribute, class or kind of address but those that
// markup.HTML is meant to write; nor a link whose words are another host's address.
func CheckHTML(fragment string) error {
	if err := CheckText(fragment); err != nil {
		return err
	}
	nodes, err := html.ParseFragment(strings.NewReader(fragment), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := checkNode(n); err != nil {
			return err
		}
		for child := range n.Descendants() {
			if err := checkNode(child); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkNode(n *html.Node) error {
	const allowed = "h1 h2 h3 h4 h5 h6 p br hr pre code strong em del ul ol li blockquote table thead tbody tr th td aside span a"
	switch {
	case n.Type == html.TextNode:
		return CheckText(n.Data)
	case n.Type != html.ElementNode || !slices.Contains(strings.Fields(allowed), n.Data):
		return fmt.Errorf("a page contains %q", n.Data)
	}
	for _, a := range n.Attr {
		if err := checkAttribute(n, a); err != nil {
			return err
		}
	}
	if n.Data == "a" {
		return checkLink(n)
	}
	return nil
}

func checkAttribute(n *html.Node, a html.Attribute) error {
	switch n.Data + " " + a.Key {
	case "a href", "ol start":
		return nil
	case "a rel":
		if a.Val == "noopener noreferrer nofollow" {
			return nil
		}
	}
	for class := range strings.FieldsSeq(a.Val) {
		if !slices.Contains(strings.Fields("admonition ok warn bad unknown title host middle right"), class) {
			return fmt.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
		}
	}
	if a.Key != "class" {
		return fmt.Errorf("%s has the attribute %q", n.Data, a.Key)
	}
	return nil
}

func checkLink(n *html.Node) error {
	var address, words string
	for _, a := range n.Attr {
		if a.Key == "href" {
			address = a.Val
		}
	}
	for child := range n.Descendants() {
		if child.Type == html.TextNode {
			words += child.Data
		}
	}
	return CheckLink(words, address)
}

// CheckLink says why a link must not be shown: where it leads is not allowed, or one of its words is the
// address of another host.
func CheckLink(words, address string) error {
	if err := card.CheckURL(address); err != nil {
		return fmt.Errorf("link to %q: %w", address, err)
	}
	to, err := url.Parse(address)
	if err != nil {
		return err
	}
	if strings.TrimSpace(words) == "" {
		return errors.New("a link to " + address + " has no words")
	}
	for w := range strings.FieldsSeq(words) {
		w = strings.Trim(w, "<>()[]\"',;")
		claimed, err := url.Parse(w)
		if err == nil && claimed.Host != "" && claimed.Scheme != "" && !strings.EqualFold(claimed.Host, to.Host) && !strings.EqualFold(claimed.Host, to.Host+".") {
			return fmt.Errorf("the words %q lead to %s", words, address)
		}
		if strings.HasPrefix(strings.ToLower(w), "www.") && !strings.HasPrefix(strings.ToLower(w), to.Host) {
			return fmt.Errorf("the words %q lead to %s", words, address)
		}
	}
	return nil
}
