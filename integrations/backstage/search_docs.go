package backstage

import (
	"context"
	"path"
	"slices"
	"strings"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// Docs searches the sections of the documentation that a view shows. The Library of catalog/docs does.
type Docs interface {
	Search(ctx context.Context, view catalog.View, q docs.Query) (docs.Found, error)
}

// TechDocs makes a Finder of the documentation: each section is a document, as in Backstage.
func TechDocs(d Docs) Finder { return docsFinder{d} }

type docsFinder struct{ docs Docs }

// maxSectionText bounds, in bytes, the text of a result.
const maxSectionText = 2000

// Type names the type as Backstage does.
func (docsFinder) Type() string { return "techdocs" }

// Find asks the index of the documentation. An empty term fits nothing.
func (f docsFinder) Find(ctx context.Context, view catalog.View, q SearchQuery) (SearchResult, error) {
	query := docs.Query{Words: docs.Words(q.Term), Limit: q.Limit}
	if len(query.Words) == 0 {
		return SearchResult{}, nil
	}
	if ref, one := oneEntity(q.Filters); one {
		query.Ref = ref
	}
	var filters []func(*catalog.Entity) bool
	for _, name := range sortedKeys(q.Filters) {
		if name == "type" {
			return SearchResult{}, nil // only documents of entities have it
		}
		filters = append(filters, having(view, name, q.Filters[name]))
	}
	if len(filters) > 0 { // of the view itself: what else has to be seen is not filtered
		query.Only = func(e *catalog.Entity) bool {
			return !slices.ContainsFunc(filters, func(fits func(*catalog.Entity) bool) bool { return !fits(e) })
		}
	}
	found, err := f.docs.Search(ctx, view, query)
	if err != nil {
		return SearchResult{}, err
	}
	result := SearchResult{Total: found.Total}
	for _, word := range query.Words {
		result.Words = append(result.Words, docs.Root(word))
	}
	for _, hit := range found.Hits {
		d := sectionOf(view, hit)
		result.Documents = append(result.Documents, SearchDocument{
			Document: d, Excerpts: map[string]string{"title": d.Title, "text": hit.Snippet},
		})
	}
	return result, nil
}

// oneEntity gives the entity that filters name, as the search within an entity's documentation does.
func oneEntity(filters map[string][]string) (catalog.Ref, bool) {
	var parts [3]string
	for i, name := range [...]string{"kind", "namespace", "name"} {
		if len(filters[name]) != 1 {
			return catalog.Ref{}, false
		}
		parts[i] = filters[name][0]
	}
	return catalog.NewRef(parts[0], parts[1], parts[2]), true
}

// section is a part of a page as Backstage's search shows it.
type section struct {
	Kind          string `json:"kind"` // of the entity that is documented, in lower case as namespace and name
	Namespace     string `json:"namespace"`
	Name          string `json:"name"`
	EntityTitle   string `json:"entityTitle,omitempty"`
	Title         string `json:"title"`
	Text          string `json:"text"`
	Location      string `json:"location"` // path of the page in Backstage, and the anchor
	Path          string `json:"path"`     // the same within the documentation of the entity
	ComponentType string `json:"componentType"`
	Lifecycle     string `json:"lifecycle"`
	Owner         string `json:"owner"`
}

func sectionOf(view catalog.View, h docs.Hit) section {
	d := section{Title: h.Section.Heading, Text: sectionText(h.Section.Body)}
	if d.Title == "" {
		d.Title = h.Page
	}
	if len(h.Refs) == 0 {
		return d
	}
	e, found := view.Get(h.Refs[0])
	if !found {
		return d // it went just now
	}
	d.Kind, d.Namespace, d.Name, d.EntityTitle = e.Ref.Kind, e.Ref.Namespace, e.Ref.Name, e.Metadata.Title
	d.Path = pagePath(e, h)
	d.Location = "/docs/" + d.Namespace + "/" + d.Kind + "/" + d.Name + "/" + d.Path
	d.ComponentType, d.Lifecycle = typeOf(e), e.Lifecycle
	if owners := view.Relations(e.Ref, catalog.OwnedBy); len(owners) > 0 {
		d.Owner = owners[0].Target.Name
	}
	return d
}

func sectionText(body string) string {
	cut := strings.ToValidUTF8(body[:min(len(body), maxSectionText)], "")
	text := docs.Plain(cut)
	if len(cut) < len(body) {
		text += " …"
	}
	return text
}

// pagePath gives where MkDocs puts a section: a page is a folder, index and README are that of their own.
// The pages' folder is taken to be docs beside the descriptor, which it nearly always is.
func pagePath(e *catalog.Entity, h docs.Hit) string {
	name := strings.TrimPrefix(h.Path, path.Dir(e.Origin.Path)+"/")
	if _, rest, found := strings.Cut("/"+name, "/docs/"); found {
		name = rest
	}
	name = strings.TrimSuffix(name, path.Ext(name))
	switch folder, base := path.Split(name); strings.ToLower(base) {
	case "index", "readme":
		name = folder
	default:
		name += "/"
	}
	if h.Section.Anchor != "" {
		name += "#" + h.Section.Anchor
	}
	return name
}
