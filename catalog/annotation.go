package catalog

import (
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Annotations gives what e's descriptor says together with what Backstage adds by itself: where
// the descriptor is managed, its view, edit and source URL, and whether it is an orphan. Written
// values win, but for the two managed-by ones.
func (v View) Annotations(e *Entity) Pairs {
	all := make(map[string]string, len(e.Metadata.Annotations)+6)
	web := v.webURL(e.Origin)
	if web != "" {
		all["backstage.io/view-url"] = web
		all["backstage.io/source-location"] = "url:" + directoryURL(web)
		if edit := strings.Replace(web, "/blob/", "/edit/", 1); edit != web {
			all["backstage.io/edit-url"] = edit
		}
	}
	for _, pair := range e.Metadata.Annotations {
		all[pair.Key] = pair.Value
	}
	managedBy := "url:" + web
	if web == "" {
		managedBy = "file:" + path.Join(v.source(e.Origin.Source).URL, e.Origin.Path)
	}
	all["backstage.io/managed-by-location"] = managedBy
	all["backstage.io/managed-by-origin-location"] = managedBy
	if v.Orphan(e.Ref) {
		all["backstage.io/orphan"] = "true"
	}
	pairs := make(Pairs, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		pairs = append(pairs, Pair{key, all[key]})
	}
	return pairs
}

// BlobURL gives the forge's page of a file at a line, or "" when the source has no forge. Where the
// origin names a revision the page is of that revision, so that the line is the right one for ever.
func (v View) BlobURL(o Origin) string {
	web := v.webURL(o)
	if web == "" {
		return ""
	}
	if source := v.source(o.Source); o.Revision != "" && source.Branch != "" {
		if rest, found := strings.CutPrefix(web, source.Web); found {
			web = atRevision(source.Web, source.Branch, o.Revision) + rest
		}
	}
	if o.Line == 0 {
		return web
	}
	return web + "#L" + strconv.Itoa(o.Line)
}

// EditURL gives the forge's page on which a file of the source's branch is edited, or "" where there is none.
func (v View) EditURL(o Origin) string {
	source := v.source(o.Source)
	base, found := strings.CutSuffix(source.Web, "/"+source.Branch+"/")
	if !found || source.Branch == "" || v.webURL(o) == "" {
		return ""
	}
	for _, forge := range []struct{ view, edit string }{{"/blob", "/edit"}, {"/src/branch", "/_edit"}} {
		if root, found := strings.CutSuffix(base, forge.view); found {
			return root + forge.edit + "/" + source.Branch + "/" + (&url.URL{Path: o.Path}).EscapedPath()
		}
	}
	return ""
}

// atRevision makes the base URL of a branch's files that of a commit's.
func atRevision(web, branch, revision string) string {
	base, found := strings.CutSuffix(web, "/"+branch+"/")
	if !found {
		return web
	}
	if gitea, isGitea := strings.CutSuffix(base, "/src/branch"); isGitea {
		base = gitea + "/src/commit"
	}
	return base + "/" + revision + "/"
}

// webURL is the page of the file at the forge; "" unless the source has one that a browser opens.
func (v View) webURL(o Origin) string {
	base := v.source(o.Source).Web
	if !strings.HasPrefix(base, "https://") && !strings.HasPrefix(base, "http://") {
		return ""
	}
	return base + (&url.URL{Path: o.Path}).EscapedPath()
}

func (v View) source(name string) SourceStatus {
	for _, source := range v.s.contents.Sources {
		if source.Name == name {
			return source
		}
	}
	return SourceStatus{}
}

// directoryURL is the forge's page of the directory that holds a file.
func directoryURL(blob string) string {
	dir := blob[:strings.LastIndexByte(blob, '/')+1]
	return strings.Replace(dir, "/blob/", "/tree/", 1)
}
