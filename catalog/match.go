package catalog

// Match is what a text that somebody typed was found to mean.
//
// One of four: an Entity, found in the way of How; several that fit equally well (Ambiguous);
// nothing, with the closest names as Candidates; nothing at all.
type Match struct {
	Entity     *Entity
	How        How       // NoMatch when nothing was found
	Candidates []*Entity // at most 10 that fit equally well, or at most 5 that are close, a guessed Entity among them; best first
	Total      int       // how many fit equally well, of which Candidates shows the first
	Via        string    // what matched, where it is not the text itself: an annotation's key, a stripped pod name, a title
}

// Ambiguous reports whether several entities fit equally well.
func (m Match) Ambiguous() bool { return m.Entity == nil && m.How != NoMatch }

// How says by which rule a text was matched. The order is that in which the rules are tried.
type How uint8

// The rules of matching.
const (
	NoMatch      How = iota
	ByRef            // an exact ref or name
	ByAlias          // one of callboard/aliases
	ByTitle          // metadata.title, or a person's or group's display name
	ByPrefix         // the only name that starts so
	ByURL            // a link, or a URL in an annotation
	ByRepository     // the entity's repository
	ByPath           // a file in the entity's directory
	ByAnnotation     // the value of an annotation or label: a PagerDuty id, an Argo CD application
	ByWorkload       // a pod, deployment, image or in-cluster host name
	ByHost           // the host of a link
	ByChannel        // the chat channel
	ByPerson         // e-mail or chat account
	BySimilarity     // one typing error away; a guess
)

// String says how for people: "by alias".
func (h How) String() string {
	switch h {
	case NoMatch:
		return "not found"
	case ByRef:
		return "by name"
	case ByAlias:
		return "by alias"
	case ByTitle:
		return "by title"
	case ByPrefix:
		return "by the start of its name"
	case ByURL:
		return "by URL"
	case ByRepository:
		return "by repository"
	case ByPath:
		return "by file path"
	case ByAnnotation:
		return "by annotation"
	case ByWorkload:
		return "by workload name"
	case ByHost:
		return "by host name"
	case ByChannel:
		return "by channel"
	case ByPerson:
		return "by account"
	case BySimilarity:
		return "by similar name"
	}
	return ""
}

// Exact reports whether the match may be written to: the text is a name of the entity and nothing
// had to be concluded.
func (h How) Exact() bool { return h == ByRef || h == ByAlias }

// Guess reports whether the text is no name or property of the entity but only resembles one. The answer should say so.
func (h How) Guess() bool { return h == BySimilarity }
