package ingest

import (
	"errors"
	"path"
	"strconv"
	"strings"

	"callboard/catalog"
)

// A target of a Location, made plain: a path or pattern in one source.
type target struct {
	source string
	path   string // relative to that source's root; may hold wildcards
}

// errOutside and its kin say why a target cannot be followed; the texts are for the descriptor's author.
var (
	errOutside  = errors.New("it leads out of the repository")
	errUnknown  = errors.New("it is in no configured source")
	errHTTPType = errors.New("the type http does not exist")
	errNoFile   = errors.New("no file of this repository matches it")

	// errNoFileThere does not name the source: not everybody who sees the Location sees that.
	errNoFileThere = errors.New("no file of that repository matches it")
)

// atlas knows the addresses of all sources, so that a URL finds the source that holds it.
type atlas []address

type address struct {
	source string
	web    string // canonical base URL of the source's files, ending in a slash
}

func (a *atlas) add(source, web string) {
	if web != "" {
		*a = append(*a, address{source, canonicalWeb(web)})
	}
}

// resolve reads one target of the Location in file at of source.
func (a atlas) resolve(source, at, typ, text string) (target, error) {
	text = strings.TrimSpace(text)
	switch {
	case typ == "http" || typ == "https":
		return target{}, errHTTPType
	case strings.Contains(text, "://"):
		return a.find(text)
	}
	name := text
	if !strings.HasPrefix(name, "/") {
		name = path.Join("/", path.Dir(at), name)
		if escapes(path.Dir(at), text) {
			return target{}, errOutside
		}
	} else if escapes(".", strings.TrimLeft(name, "/")) {
		return target{}, errOutside
	}
	return target{source, strings.TrimLeft(path.Clean(name), "/")}, nil
}

// elsewhere lists what the Locations of a source's files name in other sources: patterns by source.
func (a atlas) elsewhere(source string, files []*catalog.File) map[string][]string {
	out := map[string][]string{}
	for _, file := range files {
		for i := range file.Documents {
			entity := file.Documents[i].Entity
			if entity == nil || entity.Ref.Kind != "location" {
				continue
			}
			typ, targets, _ := Targets(entity)
			for _, text := range targets {
				if to, err := a.resolve(source, file.Path, typ, text); err == nil && to.source != source {
					out[to.source] = append(out[to.source], to.path)
				}
			}
		}
	}
	return out
}

func escapes(dir, name string) bool {
	joined := path.Join(dir, name)
	return joined == ".." || strings.HasPrefix(joined, "../")
}

func (a atlas) find(url string) (target, error) {
	canonical := canonicalWeb(url)
	for _, known := range a {
		if rest, found := strings.CutPrefix(canonical, known.web); found {
			rest = strings.Trim(rest, "/")
			if rest == "" || escapes(".", rest) {
				return target{}, errOutside
			}
			return target{known.source, path.Clean(rest)}, nil
		}
	}
	return target{}, errUnknown
}

// canonicalWeb makes the addresses comparable under which forges show one and the same file: blob, tree, raw
// and edit differ in a path segment only.
func canonicalWeb(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, file, _ := strings.Cut(rest, "/")
	for _, view := range []string{"/-/tree/", "/-/raw/", "/-/edit/", "/tree/", "/raw/", "/edit/"} {
		if before, after, found := strings.Cut(file, view); found {
			blob := "/blob/"
			if strings.HasPrefix(view, "/-/") {
				blob = "/-/blob/"
			}
			file = before + blob + after
			break
		}
	}
	return strings.ToLower(scheme+"://"+host) + "/" + file
}

// locationProblem words why the target at pointer of a Location is not followed.
func locationProblem(doc *catalog.Document, pointer, text string, err error) catalog.Problem {
	p := catalog.Problem{
		Origin: doc.Origin, Ref: doc.Ref, Pointer: pointer, Severity: catalog.Error, Rule: catalog.RuleLocation,
		Text: "the target " + quote(text) + " is not read: " + err.Error(), Value: text,
	}
	pos := doc.Positions.At(pointer)
	p.Origin.Line, p.Column = int(pos.Line), int(pos.Column)
	switch {
	case errors.Is(err, errOutside):
		p.Fix = "name a file inside this repository: relative to this file (./x.yaml) or to the root (/x.yaml)"
	case errors.Is(err, errUnknown):
		p.Fix = "add its repository to catalog.sources in callboard.yaml; if it is there under another address, set web on that source"
	case errors.Is(err, errSymlink):
		p.Fix = linkFix(Link{})
	case errors.Is(err, errSubmodule):
		p.Fix = linkFix(Link{Submodule: true})
	case errors.Is(err, errHTTPType):
		p.Fix = "write type: url"
	default:
		p.Fix = "correct the path, or mark the Location presence: optional"
	}
	return p
}

// targetPointer is where the n-th of a Location's targets stands; spec.target comes before spec.targets.
func targetPointer(n int, single bool) string {
	if single && n == 0 {
		return "/spec/target"
	}
	if single {
		n--
	}
	return "/spec/targets/" + strconv.Itoa(n)
}

func quote(text string) string {
	const most = 80
	if r := []rune(text); len(r) > most {
		text = string(r[:most-1]) + "…"
	}
	return `"` + text + `"`
}
