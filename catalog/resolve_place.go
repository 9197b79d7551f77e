package catalog

import (
	"slices"
	"strings"
)

// maxSteps bounds how many directories a path is followed up.
const maxSteps = 64

// maxGroups bounds the host, nested groups and name of a repository.
const maxGroups = 10

// byURL finds what a URL leads to: a link or annotation with just this URL; the directory of a
// file at the forge; the repository; an id within the URL that an annotation names; the longest
// link that it starts with.
func (v View) byURL(text string) Match {
	p, ok := parsePlace(text)
	if !ok {
		return Match{}
	}
	repository, file := p.repository()
	tries := []func() Match{
		func() Match { return v.byHandle(p.String(), ByURL) },
		func() Match { return v.byHandle(p.host+p.path, ByURL) },
		func() Match { return v.byCode(repository, file) },
		func() Match { return v.byIDs(p) },
		func() Match { return v.byLinkAbove(p) },
		func() Match { return v.byWorkload(p.host) },
	}
	if p.path == "" {
		tries = append(tries, func() Match { return v.byHandle(p.host, ByHost) })
	}
	return first(tries)
}

func first(tries []func() Match) Match {
	for _, try := range tries {
		if m := try(); m.How != NoMatch {
			return m
		}
	}
	return Match{}
}

// byCode finds who owns a file of a repository: the entity of the nearest directory above it,
// then one that names the repository, then those at its root.
func (v View) byCode(repository, file string) Match {
	if m := v.byDirectory(repository+"//", file); m.How != NoMatch {
		return m
	}
	segments := strings.Split(repository, "/")
	for end := min(len(segments), maxGroups); end >= 3; end-- { // deeper parts may be pages of the repository
		name := strings.TrimSuffix(strings.Join(segments[1:end], "/"), ".git")
		if m := v.byRoot(name, segments[0]+"/"+name); m.How != NoMatch {
			return m
		}
	}
	return Match{}
}

// byRoot finds entities by their repository: slug is its path at the forge, repository has the
// host in front.
func (v View) byRoot(slug, repository string) Match {
	if m := v.preferComponents(v.byHandle(slug, ByRepository)); m.How != NoMatch {
		return m
	}
	m := v.preferComponents(v.byHandle(repository+"//", ByPath))
	if m.How != NoMatch {
		m.How, m.Via = ByRepository, repository
	}
	return m
}

// byDirectory walks up from file to the nearest directory (or descriptor) that is an entity's.
// The root is left out.
func (v View) byDirectory(prefix, file string) Match {
	file = strings.Trim(file, "/")
	for range maxSteps {
		if file == "" {
			break
		}
		if m := v.preferComponents(v.byHandle(prefix+file, ByPath)); m.How != NoMatch {
			return m
		}
		file = file[:max(strings.LastIndexByte(file, '/'), 0)]
	}
	return Match{}
}

// preferComponents settles a tie in favour of the only component: the code in a place is its,
// even when the API and the database are described beside it.
func (v View) preferComponents(m Match) Match {
	if !m.Ambiguous() || m.Candidates[0].Ref.Kind != "component" || m.Candidates[1].Ref.Kind == "component" {
		return m
	}
	return Match{Entity: m.Candidates[0], How: m.How, Via: m.Via, Total: 1}
}

// byIDs finds an annotation's value among the parts of a URL, the last part first.
func (v View) byIDs(p place) Match {
	parts := p.segments()
	slices.Reverse(parts)
	for _, part := range parts[:min(len(parts), maxListed)] {
		if !telling(part) {
			continue
		}
		if m := v.byHandle(part, ByAnnotation); m.Entity != nil {
			return m
		}
	}
	for pair := range strings.SplitSeq(p.query, "&") {
		_, value, _ := strings.Cut(pair, "=")
		if !telling(value) {
			continue
		}
		if m := v.byHandle(value, ByAnnotation); m.Entity != nil {
			return m
		}
	}
	return Match{}
}

// byLinkAbove finds the longest link that p starts with.
func (v View) byLinkAbove(p place) Match {
	above := p.path
	for range maxSteps {
		if above == "" {
			break
		}
		above = above[:strings.LastIndexByte(above, '/')]
		if m := v.byHandle(p.host+above, ByURL); m.How != NoMatch {
			return m
		}
	}
	return Match{}
}

// byRepository finds a repository written as org/name, host/org/name or by its name alone.
func (v View) byRepository(text string) Match {
	text = strings.TrimSuffix(strings.TrimRight(text, "/"), ".git")
	if m := v.preferComponents(v.byHandle(text, ByRepository)); m.How != NoMatch {
		return m
	}
	host, rest, found := strings.Cut(text, "/")
	if !found {
		return Match{}
	}
	if strings.Contains(host, ".") {
		return v.byURL("https://" + text)
	}
	return v.byOrganisation(host + "/" + rest)
}

// byOrganisation looks at the roots of the sources that are called org/name.
func (v View) byOrganisation(slug string) Match {
	var found []id
	for _, repository := range v.s.handles.sources {
		if strings.HasSuffix(repository, "/"+slug) {
			found = append(found, v.s.handled(repository+"//", ByPath)...)
		}
	}
	m := v.preferComponents(v.match(ByRepository, found, slug))
	if m.Total > maxCommon {
		return Match{}
	}
	return m
}

// byPath finds a file or directory written without its repository, or the absolute path of a file
// in a local source.
func (v View) byPath(text string) Match {
	if !strings.Contains(text, "/") || strings.Contains(text, " ") {
		return Match{}
	}
	file, _, _ := strings.Cut(text, "#")
	file = withoutLine(file)
	if repository := v.s.handles.checkout(file); repository != "" {
		return first([]func() Match{
			func() Match { return v.byDirectory(repository+"//", strings.TrimPrefix(file, repository)) },
			func() Match { return v.byRoot(repository, repository) },
		})
	}
	file = strings.Trim(strings.TrimPrefix(file, "./"), "/")
	if isFile(text, file) {
		return v.byDirectory("//", file)
	}
	return v.preferComponents(v.byHandle("//"+file, ByPath))
}

// isFile reports whether a path is clearly a file or directory: the directories above it then
// count too. Of "payments/chekout", which may be a mistyped ref, they do not.
func isFile(text, file string) bool {
	base := file[strings.LastIndexByte(file, '/')+1:]
	return strings.HasPrefix(text, "./") || strings.HasPrefix(text, "/") || strings.Count(file, "/") >= 2 || strings.Contains(base, ".")
}

// withoutLine takes ":14" or ":14:3" off a path.
func withoutLine(file string) string {
	for range 2 {
		cut := strings.LastIndexByte(file, ':')
		if cut < 0 || strings.Trim(file[cut+1:], "0123456789") != "" {
			break
		}
		file = file[:cut]
	}
	return file
}

// byHost finds the host of a link, with what follows it.
func (v View) byHost(text string) Match {
	host, _, _ := strings.Cut(text, "/")
	if !strings.Contains(host, ".") || strings.ContainsAny(text, " @") {
		return Match{}
	}
	return v.byURL("https://" + text)
}
