package docs

import (
	"slices"
	"strings"
)

// A word that means about the same as the one asked for counts for so much of it.
const kinShare = 0.75

// What a word of a phrase counts for where it stands alone.
const apart = 0.6

// kin gives the words that runbooks use for what somebody on call says. Small on purpose: words of operations,
// whatever the product, and none that means something else as often.
func kin(word string) []string {
	switch word {
	case "disk", "drive":
		return []string{"filesystem", "disk", "volume"}
	case "filesystem", "fs":
		return []string{"filesystem", "disk"}
	case "volume":
		return []string{"persistentvolume", "volume"}
	case "full":
		return []string{"filling", "space", "limit", "exhausted", "quota"}
	case "space":
		return []string{"full", "filling"}
	case "inode", "inodes":
		return []string{"inodes", "files"}
	case "restart", "restarts", "restarting", "restarted", "crash", "crashes", "crashing", "crashed":
		return []string{"crash", "crashlooping", "restarting"}
	case "image":
		return []string{"container"}
	case "stuck", "hangs", "hanging":
		return []string{"waiting", "stuck", "blocked"}
	case "pending", "unschedulable":
		return []string{"waiting", "ready", "scheduled"}
	case "tls", "ssl":
		return []string{"certificate", "tls"}
	case "expires", "expired", "expire", "expiring", "expiry":
		return []string{"expiration", "expires"}
	case "unreachable", "gone", "dead", "died", "unavailable", "offline", "lost":
		return []string{"down", "unreachable", "unavailable", "failure", "missing"}
	case "down":
		return []string{"unavailable", "unreachable"}
	case "broken", "wrong", "invalid":
		return []string{"bad", "failed", "errors"}
	case "slow", "latency", "slowly":
		return []string{"slow", "latency", "duration", "delay"}
	case "kubernetes":
		return []string{"kube"}
	case "database":
		return []string{"db", "backend"}
	case "config", "configuration", "settings":
		return []string{"config", "configuration", "reload"}
	case "autoscaler", "autoscaling":
		return []string{"hpa", "autoscaler"}
	case "maximum", "max":
		return []string{"maxed", "limit"}
	case "cronjob", "cronjobs":
		return []string{"job"}
	case "ntp", "chrony", "time":
		return []string{"clock", "ntp"}
	case "descriptor", "descriptors":
		return []string{"descriptor"}
	case "sent", "send", "arrive", "arrives", "delivered", "deliver":
		return []string{"send", "sending", "sent"}
	case "notification", "notifications", "pages":
		return []string{"alerts", "notification"}
	case "scraping", "scraped", "scrape":
		return []string{"scrape", "ingesting", "target"}
	case "behind", "lag", "lagging":
		return []string{"behind", "lag", "delay"}
	case "throttled", "throttling":
		return []string{"throttling"}
	case "deploy", "deployment", "rollout":
		return []string{"deployment", "rollout"}
	case "dropped", "drops":
		return []string{"errs", "errors", "dropped"}
	case "login", "signin":
		return []string{"authentication", "login"}
	case "queue", "backlog":
		return []string{"queue", "backlog"}
	}
	return nil
}

// unfold writes out what people shorten, and the states that Kubernetes shows in one word.
func unfold(words []string) []string {
	var out []string
	for _, word := range words {
		switch word {
		case "pvc", "pv":
			out = append(out, "persistent", "volume")
		case "k8s":
			out = append(out, "kubernetes")
		case "db":
			out = append(out, "database")
		case "fs":
			out = append(out, "filesystem")
		case "cert", "certs":
			out = append(out, "certificate")
		case "mem", "ram":
			out = append(out, "memory")
		case "fd", "fds":
			out = append(out, "file", "descriptor")
		case "oom", "oomkilled":
			out = append(out, word, "memory")
		case "crashloopbackoff", "crashloop":
			out = append(out, "pod", "crash", "looping")
		case "imagepullbackoff", "errimagepull", "containercreating":
			out = append(out, "pod", "container", "waiting")
		default:
			out = append(out, word)
		}
	}
	return distinctWords(out)
}

func distinctWords(words []string) []string {
	out := words[:0]
	for _, word := range words {
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out[:min(len(out), MaxWords)]
}

// phrase gives what two words mean together, where that is something else than each of them; "" for most.
func phrase(first, second string) string {
	switch first + " " + second {
	case "open files":
		return "descriptor"
	case "up down":
		return "flapping"
	case "file handles":
		return "descriptor"
	case "run out", "running out", "ran out":
		return "full"
	}
	return ""
}

// Widen gives further words to search for, for a question whose own words find nothing that fits: those that runbooks
// use for it, at most MaxWords.
func Widen(words []string) []string {
	var out []string
	asked := words
	words = unfold(words)
	for i, word := range words {
		if !slices.Contains(asked, word) && len(out) < MaxWords {
			out = append(out, word)
		}
		near := kin(word)
		if i+1 < len(words) {
			if joint := phrase(word, words[i+1]); joint != "" {
				near = append(slices.Clip(near), joint)
			}
		}
		for _, other := range near {
			if len(out) < MaxWords && !slices.Contains(words, other) && !slices.Contains(out, other) {
				out = append(out, other)
			}
		}
	}
	return out
}

// asked is a word of a question, with all that answers it.
type asked struct {
	word, root string
	kin        []string
	joint      string             // what it means together with its neighbour; then the word itself counts for less
	known      map[string]float64 // what like gave: the sections of a page share most of their words
}

// askedWords prepares words for many comparisons.
func askedWords(words []string) []asked {
	out := make([]asked, len(words))
	for i, word := range words {
		out[i] = asked{word: word, root: Root(word), kin: kin(word), known: map[string]float64{}}
	}
	for i := range len(words) - 1 {
		if joint := phrase(words[i], words[i+1]); joint != "" {
			for j := i; j <= i+1; j++ {
				out[j].joint, out[j].kin = joint, kin(joint)
			}
		}
	}
	return out
}

// like says how well a word of a text answers, as likeness does, or what means the same.
func (a *asked) like(found string) float64 {
	if best, known := a.known[found]; known {
		return best
	}
	best := likeness(a.word, found)
	if a.joint != "" {
		best = max(likeness(a.joint, found), best*apart)
	}
	for _, other := range a.kin {
		if best >= kinShare {
			break
		}
		if strings.HasPrefix(found, other) || Root(other) == Root(found) {
			best = kinShare
		}
	}
	a.known[found] = best
	return best
}
