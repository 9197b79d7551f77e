package app

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"callboard/catalog/ingest"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
)

// openSources makes a Git source of each configured one, and gives their history. Errors are wrong settings; a
// remote that cannot be reached shows when it is fetched.
func openSources(cfg *config.Config, closing *closer) ([]ingest.Config, *git.History, error) {
	var out []ingest.Config
	var repos []*git.Source
	var wrong []error
	for i := range cfg.Catalog.Sources {
		source := &cfg.Catalog.Sources[i]
		repo, err := git.Open(gitConfig(cfg, source))
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		closing.add("source "+source.Name, repo.Close)
		repos = append(repos, repo)
		out = append(out, ingest.Config{
			Name: source.Name, Source: repo, URL: repo.URL(), Web: webOf(source, repo),
			Paths: source.Paths, Trusted: source.Trusted, Kinds: source.Kinds,
			FileBytes: int(source.Limits.FileBytes),
		})
	}
	history := git.NewHistory(repos...)
	closing.add("history", history.Close)
	return out, history, errors.Join(wrong...)
}

// webOf gives the base URL of a branch's files at the forge. Where the configuration says at which
// address people browse the repository, that counts.
func webOf(source *config.Source, repo *git.Source) func(branch string) string {
	if source.Web == "" {
		return repo.Web
	}
	view := map[string]string{"gitlab": "/-/blob/", "gitea": "/src/branch/"}[source.Forge]
	if view == "" {
		view = "/blob/"
	}
	return func(branch string) string { return strings.TrimSuffix(source.Web, "/") + view + branch + "/" }
}

func gitConfig(cfg *config.Config, source *config.Source) git.Config {
	out := git.Config{
		Name: source.Name, URL: source.Git, Branch: source.Ref,
		Dir: filepath.Join(cfg.Data, "git"), Depth: cfg.Catalog.Depth, Forge: source.Forge,
		Token: reveal(source.Token), SSHKey: reveal(source.SSHKey), Insecure: source.Insecure,
		Proxy: cfg.Outbound.Proxy, CAFile: cfg.Outbound.CA,
		Limits: git.Limits{
			Bytes: int64(source.Limits.Bytes), Files: source.Limits.Files, FileBytes: int64(source.Limits.FileBytes),
			Deadline: source.Limits.Deadline,
		},
	}
	if source.KnownHosts != "" {
		out.KnownHosts = []string{source.KnownHosts}
	}
	if app := source.App; app != nil {
		out.App = &git.AppCredentials{ID: app.ID, Installation: app.Installation, Key: reveal(app.Key)}
	}
	return out
}

// reveal reads a secret at each use, so that a rotated one needs no restart. Nil for no secret.
func reveal(ref secret.Ref) func(context.Context) (string, error) {
	if ref.IsZero() {
		return nil
	}
	return func(context.Context) (string, error) {
		value, err := secret.Resolve(ref)
		if err != nil {
			return "", err
		}
		return value.Reveal(), nil
	}
}
