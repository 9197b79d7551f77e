package docs

import (
	"strconv"
	"strings"
	"unicode"
)

// MaxWords is how many words of a question count.
const MaxWords = 8

func itoa(n int) string { return strconv.Itoa(n) }

// Words splits a question into words in lower case: at everything that is neither letter nor
// digit, and within names such as KubePodCrashLooping. Words that say nothing are left out where
// others remain; at most MaxWords are given, each once.
func Words(question string) []string {
	all := tokens(question)
	var telling []string
	for _, word := range all {
		if !isFiller(word) {
			telling = append(telling, word)
		}
	}
	if len(telling) == 0 {
		telling = all
	}
	var out []string
	seen := map[string]bool{}
	for _, word := range telling {
		if !seen[word] && len(out) < MaxWords {
			seen[word] = true
			out = append(out, word)
		}
	}
	return out
}

// maxTokenBytes bounds one word; longer ones are cut.
const maxTokenBytes = 64

// tokens gives all words of a text, in lower case.
func tokens(text string) []string {
	var out []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		for _, word := range camel(part) {
			out = append(out, strings.ToLower(cutWord(word)))
		}
	}
	return out
}

func cutWord(word string) string {
	if len(word) <= maxTokenBytes {
		return word
	}
	return strings.ToValidUTF8(word[:maxTokenBytes], "")
}

// camel splits the name of an alert into its words: KubeAPIErrorBudgetBurn, NodeRAIDDegraded, and
// etcdNoLeader. Words without a change of case stay whole.
func camel(name string) []string {
	runes := []rune(name)
	var out []string
	start := 0
	for i := 1; i < len(runes); i++ {
		before, here := runes[i-1], runes[i]
		next := i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if unicode.IsUpper(here) && (unicode.IsLower(before) || unicode.IsDigit(before) || unicode.IsUpper(before) && next && !endsPlural(runes[i:])) {
			out = append(out, string(runes[start:i]))
			start = i
		}
	}
	return append(out, string(runes[start:]))
}

// endsPlural reports whether the rest of a name is only the s of a plural, as in SLOs.
func endsPlural(rest []rune) bool { return len(rest) == 2 && rest[1] == 's' }

func isFiller(word string) bool {
	switch word {
	case "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "cannot", "do", "does", "doesn", "don", "for", "from", "get", "gets",
		"has", "have", "how", "i", "in", "is", "isn", "it", "its", "me", "my", "of", "on", "or", "our", "s", "so", "t", "that", "the", "their", "there",
		"they", "this", "to", "was", "we", "what", "when", "where", "which", "why", "will", "with", "won", "you", "your", "about", "keep", "keeps", "went":
		return true
	}
	return false
}

// Root reduces an English word to what its forms share. It is crude on purpose: both sides of a
// comparison pass through it, and words that share a root are taken for one.
func Root(word string) string {
	if len(word) <= 3 {
		return word
	}
	for ending := range strings.FieldsSeq(endings(word[len(word)-1])) {
		if base, found := strings.CutSuffix(word, ending); found && len(base) >= 3 {
			if n := len(base); base[n-1] == base[n-2] && strings.IndexByte("bdgmnprt", base[n-1]) >= 0 {
				base = base[:n-1]
			}
			return base
		}
	}
	return word
}

// endings gives the endings that Root drops of a word with this last letter, the longest first.
func endings(last byte) string {
	switch last {
	case 's':
		return "ations ings ures ions ies ers es s"
	case 'n':
		return "ation ion"
	case 'g':
		return "ising izing ing"
	case 'd':
		return "ised ized ed"
	case 'e':
		return "ure e"
	case 'r':
		return "er"
	case 'y':
		return "ly y"
	}
	return ""
}

// likeness says how well a word of a text answers one of a question: 1 the same, less for another
// form of it or a longer word that starts so, 0 not at all.
func likeness(asked, found string) float64 {
	switch {
	case asked == found:
		return 1
	case Root(asked) == Root(found):
		return 0.9
	case len(asked) >= 4 && strings.HasPrefix(found, asked), len(found) >= 4 && strings.HasPrefix(asked, found) && len(asked)-len(found) <= 4:
		return 0.7
	case len(asked) >= 5 && len(found) >= 5 && strings.HasPrefix(Root(found), Root(asked)) && len(Root(asked)) >= 4:
		return 0.6
	}
	return 0
}
