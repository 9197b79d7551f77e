package docs

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const notFollowed = "symbolic link or submodule, and those are not followed"

// site adds the pages of a folder that holds a mkdocs.yml, or could. Declared says that the
// descriptor asks for it, so what is missing is a problem.
func (s *search) site(at spot, declared bool) {
	tree, known := s.trees[at.source]
	if !known {
		return
	}
	if g := s.guard(s.holder, at); g != "" {
		s.told = g.last()
	}
	switch {
	case !declared || tree.isDir(at.path):
	case tree.isLink(at.path):
		s.problem(techdocsRef, "the folder "+at.path+" is or passes a "+notFollowed, "name the folder itself")
		return
	default:
		s.problem(techdocsRef, "there is no folder "+at.path+" in "+s.nameOf(at.source), "correct the annotation")
		return
	}
	before := len(s.shelf.Problems)
	config, configAt := s.config(tree, at)
	dir := s.siteAt(tree, at, config, configAt, 0)
	if declared && len(s.shelf.Files) == 0 && len(s.shelf.Problems) == before && !s.elsewhere() {
		s.problem(techdocsRef, "there are no pages in "+dir+", nor a README.md beside it", "write "+path.Join(dir, "index.md"))
	}
}

// nameOf is what a source is called in a problem.
func (s *search) nameOf(source string) string {
	if source == "" {
		return "this repository"
	}
	return source
}

// siteAt adds the pages of one mkdocs.yml, and gives its folder of pages. Depth counts the includes on the way.
func (s *search) siteAt(tree Tree, at spot, config site, configAt spot, depth int) (dir string) {
	dir, inside := within(at.path, config.docsDir)
	if !inside {
		s.problemIn(configAt, config.dirLine, "docs_dir "+config.docsDir+" lies outside of the folder; docs is used", "name a folder beside mkdocs.yml")
		dir = path.Join(at.path, "docs")
	}
	switch {
	case tree.isLink(dir):
		s.problemIn(configAt, config.dirLine, "the folder of pages, "+dir+", is or passes a "+notFollowed, "put the pages there themselves")
	case inside && config.dirLine > 0 && !tree.isDir(dir):
		s.problemIn(configAt, config.dirLine, "docs_dir names "+dir+", which is not there", "correct docs_dir, or add the pages")
	}
	all := s.list(tree, spot{at.source, dir})
	index := indexOf(tree, at, dir)
	if index != "" && !config.hasNav {
		s.add(spot{at.source, index}, "", false)
	}
	s.nav(tree, at, dir, config, configAt, depth)
	if index != "" {
		s.add(spot{at.source, index}, "", false)
	}
	for _, name := range all {
		s.add(spot{at.source, name}, "", s.isRunbook(dir, name))
	}
	return dir
}

// config reads mkdocs.yaml or mkdocs.yml; a folder without either has the defaults.
func (s *search) config(tree Tree, at spot) (site, spot) {
	for _, name := range []string{"mkdocs.yaml", "mkdocs.yml"} {
		file := spot{at.source, path.Join(at.path, name)}
		switch {
		case tree.isFile(file.path):
			return s.configAt(tree, file), file
		case tree.isLink(file.path) && !tree.isLink(at.path):
			s.problemIn(file, 0, "this is a "+notFollowed, "put the file itself there")
		}
	}
	return site{docsDir: "docs"}, at
}

// configAt reads one mkdocs.yml.
func (s *search) configAt(tree Tree, file spot) site {
	s.sites[file] = true
	data, err := fs.ReadFile(tree.FS, file.path)
	if err != nil {
		s.problemIn(file, 0, "it cannot be read: "+cause(err), "make it a plain file")
		return site{docsDir: "docs"}
	}
	config, err := parseSite(data)
	if err != nil {
		s.problemIn(file, 0, "it cannot be understood, all pages in docs are shown: "+err.Error(), "correct the YAML")
		return site{docsDir: "docs"}
	}
	return config
}

// cause is an error of a file system without the path, which the reader sees anyway.
func cause(err error) string {
	if within, ok := errors.AsType[*fs.PathError](err); ok {
		err = within.Err
	}
	return err.Error()
}

// list gives the pages of a folder. Those that are only links are told of.
func (s *search) list(tree Tree, at spot) []string {
	found := tree.pages(at.path, MaxPages)
	if found.more {
		s.problem("", tooManyPages, "describe parts of it as entities of their own")
	}
	for _, name := range found.links {
		s.problemIn(spot{at.source, name}, 0, "this page is a "+notFollowed, "put the page itself there, or name it in callboard/runbook or nav")
	}
	return found.pages
}

// indexOf gives the first page of a site, as TechDocs chooses it.
func indexOf(tree Tree, at spot, dir string) string {
	for _, name := range []string{
		path.Join(dir, "index.md"), path.Join(dir, "README.md"), path.Join(dir, "readme.md"),
		path.Join(at.path, "README.md"), path.Join(at.path, "readme.md"),
	} {
		if tree.isFile(name) {
			return name
		}
	}
	return ""
}

// nav adds the pages in the order of the navigation.
func (s *search) nav(tree Tree, at spot, dir string, config site, configAt spot, depth int) {
	for _, entry := range config.nav {
		name, inside := within(dir, entry.path)
		switch {
		case entry.include:
			s.include(tree, at, entry, configAt, depth)
		case inside && tree.isFile(name):
			s.add(spot{at.source, name}, entry.title, s.isRunbook(dir, name))
		case inside && tree.isLink(name):
			s.problemIn(configAt, entry.line, "nav names "+entry.path+", which is or passes a "+notFollowed, "put the page itself there")
		default:
			s.problemIn(configAt, entry.line, "nav names "+entry.path+", which is not in "+dir, "correct the path, or add the page")
		}
	}
}

// include adds the sites that an entry of the navigation names, from anywhere in the repository.
func (s *search) include(tree Tree, at spot, entry navEntry, configAt spot, depth int) {
	name := path.Join(at.path, entry.path)
	if strings.HasPrefix(entry.path, "/") || !fs.ValidPath(name) {
		s.problemIn(configAt, entry.line, "nav includes "+entry.path+", which lies outside of the repository", "name a mkdocs.yml of this repository")
		return
	}
	names := []string{name}
	if entry.all {
		names = expand(tree, name)
	}
	s.far = s.far || !below(at.path, home(s.entity).path) || slices.ContainsFunc(names, func(n string) bool { return !below(n, home(s.entity).path) })
	found := false
	for _, name := range names {
		file := spot{at.source, name}
		if !tree.isFile(name) {
			continue
		}
		found = true
		if s.sites[file] || depth >= maxIncludes || len(s.sites) >= maxSites {
			continue // a site that includes itself adds nothing
		}
		s.siteAt(tree, spot{at.source, path.Dir(name)}, s.configAt(tree, file), file, depth+1)
	}
	if !found {
		s.problemIn(configAt, entry.line, "nav includes "+entry.path+", which is not there", "correct the path, or add the mkdocs.yml")
	}
}

// below reports whether a file or folder lies in a folder.
func below(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

// expand gives the files that a pattern of * and ? means, each of which stands for a part of one name.
func expand(tree Tree, pattern string) []string {
	dirs := []string{"."}
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		var next []string
		for _, dir := range dirs {
			names, files := tree.List(dir)
			if i == len(parts)-1 {
				names = files
			}
			for _, name := range names {
				if matches, err := path.Match(part, name); err == nil && matches && len(next) < maxSites {
					next = append(next, path.Join(dir, name))
				}
			}
		}
		dirs = next
	}
	return dirs
}

// linked reports whether one of the paths is, or passes, a link.
func (s *search) linked(source string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return fs.ValidPath(name) && s.trees[source].isLink(name) })
}
