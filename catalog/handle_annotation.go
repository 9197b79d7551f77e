package catalog

import "strings"

// What is too short or too long says nothing about one entity.
const (
	minTelling    = 3
	maxTelling    = 128
	maxListed     = 32   // items of a comma-separated value that count
	maxAddressLen = 2000 // bytes of a URL
)

// eachAnnotation tells what an annotation's value can be found by.
func eachAnnotation(key, value string, tell handleFunc) {
	how := annotationRule(key)
	if how == NoMatch {
		return
	}
	count := 0
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if count++; count > maxListed {
			return
		}
		eachItem(key, item, how, tell)
	}
}

func eachItem(key, item string, how How, tell handleFunc) {
	if place, ok := parsePlace(item); ok {
		eachURL(place, key, tell)
		return
	}
	if how == ByPerson || how == ByChannel {
		eachAccount(key, strings.ToLower(item), how, tell)
		return
	}
	if _, selected, found := strings.Cut(item, "="); found {
		item = selected // of a selector, label=value
	}
	if !telling(item) {
		return
	}
	item = strings.ToLower(item)
	tell(item, how, key)
	if cut := strings.LastIndexByte(item, '/'); cut > 0 && telling(item[cut+1:]) {
		tell(item[cut+1:], how, key) // the project without its organisation
	}
}

// eachAccount tells a chat account or channel, written PLATFORM:ID, TEAM:ID or ID.
func eachAccount(key, item string, how How, tell handleFunc) {
	sigil := ""
	if how == ByChannel {
		sigil = "#"
		item = strings.TrimPrefix(item, "#")
	}
	tell(sigil+item, how, key)
	if _, account, found := strings.Cut(item, ":"); found {
		tell(sigil+strings.TrimPrefix(account, "#"), how, key)
	}
}

// annotationRule says by which rule values of an annotation are found; NoMatch for those that do
// not tell entities apart.
func annotationRule(key string) How {
	switch key {
	case "callboard/channel":
		return ByChannel
	case "slack.com/user-id", "discord.com/user-id", "github.com/user-login":
		return ByPerson
	case "github.com/project-slug", "gitlab.com/project-slug", "bitbucket.com/project-slug", "bitbucket.org/project-slug",
		"gitea.com/project-slug", "forgejo.org/project-slug", "codeberg.org/project-slug", "dev.azure.com/project-repo", "travis-ci.com/repo-slug":
		return ByRepository
	case "backstage.io/kubernetes-id", "backstage.io/kubernetes-label-selector":
		return ByAnnotation
	case "prometheus.io/rule", "pagerduty.com/integration-key", "ilert.com/integration-key", "datadoghq.com/graph-token", "vault.io/secrets-path":
		return NoMatch // expressions and secrets
	}
	domain, name, _ := strings.Cut(key, "/")
	if domain == "backstage.io" || domain == "callboard" {
		return NoMatch // where things are, not what they are called
	}
	for _, shared := range []string{"namespace", "region", "site", "instance", "account", "cluster", "organization-id", "org-id", "graph-size", "lookback", "token-type"} {
		if strings.HasSuffix(name, shared) {
			return NoMatch
		}
	}
	return ByAnnotation
}

// namesApplication reports whether a label's value is what a workload is called.
func namesApplication(key string) bool {
	switch key {
	case "app", "k8s-app", "name", "service", "component", "app.kubernetes.io/name", "app.kubernetes.io/instance":
		return true
	}
	return false
}

// telling reports whether a value can identify something: no free text, placeholder or switch.
func telling(value string) bool {
	if len(value) < minTelling || len(value) > maxTelling || strings.Count(value, " ") > 3 || strings.ContainsAny(value, "\n{}<>") {
		return false
	}
	switch strings.ToLower(value) {
	case "true", "false", "yes", "none", "null", "all", "enabled", "disabled", "default", "scm-only", "todo", "tbd", "n/a":
		return false
	}
	return strings.Trim(strings.ToLower(value[1:]), "x") != "" // PXXXXXX
}
