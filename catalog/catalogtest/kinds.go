package catalogtest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"callboard/catalog"
)

// teamFolder holds everything that a team owns.
func (w *world) teamFolder(team int) string { return "teams/" + w.team.name(team) }

const descriptorFile = "/catalog-info.yaml"

func (w *world) makeDomain(i int) *descriptor {
	dice := w.dice(kindDomain, i)
	name := w.domain.name(i)
	d := &descriptor{
		kind: kindDomain, name: name, path: "domains/" + name + descriptorFile, title: titleOf(name),
		description: w.describe(dice, "Everything that the company does for "+strings.ReplaceAll(name, "-", " "), 4),
		tags:        []string{w.word(dice, areas)},
		links:       links(name, "wiki", "roadmap"),
	}
	d.relate("owner", "ownedBy", false, w.groupRef(i%w.groups))
	return d
}

func (w *world) makeGroup(i int) *descriptor {
	dice := w.dice(kindGroup, i)
	name := w.team.name(i)
	kind := "team"
	if w.firstChild(i) < w.groups {
		kind = "department"
	}
	d := &descriptor{
		kind: kindGroup, name: name, path: w.teamFolder(i) + descriptorFile, title: titleOf(name),
		description: w.describe(dice, "The people who look after "+w.word(dice, areas), 3),
		annotations: []catalog.Pair{{Key: "slack.com/channel", Value: "ask-" + name}, {Key: "pagerduty.com/escalation-policy", Value: pagerID(dice)}},
		links:       links(name, "handbook"),
	}
	d.spec = []field{
		{name: "type", text: kind},
		{name: "profile", sub: []catalog.Pair{{Key: "displayName", Value: d.title}, {Key: "email", Value: name + "@acme.example"}}},
	}
	if i > 0 {
		d.relate("parent", "childOf", false, w.groupRef((i-1)/breadth))
	}
	var children []catalog.Ref
	for child := w.firstChild(i); child < min(w.firstChild(i)+breadth, w.groups); child++ {
		children = append(children, w.groupRef(child))
	}
	d.relate("children", "parentOf", true, children...)
	return d
}

func (w *world) makeUser(i int) *descriptor {
	dice := w.dice(kindUser, i)
	name := w.person.name(i)
	first, teams := w.teams()
	d := &descriptor{
		kind: kindUser, name: name, path: "people/" + name[:2] + "/" + name + descriptorFile, title: titleOf(name),
		description: w.describe(dice, "Works on "+w.word(dice, areas), 2),
		annotations: []catalog.Pair{
			{Key: "github.com/user-login", Value: strings.ReplaceAll(name, ".", "-")},
			{Key: "slack.com/user-id", Value: "U" + pagerID(dice)},
		},
	}
	d.spec = []field{{name: "profile", sub: []catalog.Pair{{Key: "displayName", Value: d.title}, {Key: "email", Value: name + "@acme.example"}}}}
	memberships := 1 + i%10/9 // one person in ten is in two teams
	d.relate("memberOf", "memberOf", true, distinct(memberships, func() catalog.Ref { return w.groupRef(first + dice.IntN(teams)) })...)
	return d
}

func (w *world) makeSystem(i int) *descriptor {
	dice := w.dice(kindSystem, i)
	name := w.system.name(i)
	d := &descriptor{
		kind: kindSystem, name: name, path: w.teamFolder(w.teamOf(i)) + "/systems/" + name + descriptorFile, title: titleOf(name),
		description: w.describe(dice, "The services that together do "+w.word(dice, areas), 5),
		labels:      []catalog.Pair{{Key: "acme.example/tier", Value: w.word(dice, tiers)}},
		annotations: []catalog.Pair{{Key: "grafana/dashboard-selector", Value: "system=" + name}, {Key: "jira/project-key", Value: pagerID(dice)[:4]}},
		tags:        []string{w.word(dice, areas), w.word(dice, regions)},
		links:       links(name, "dashboard", "wiki", "roadmap"),
	}
	d.relate("owner", "ownedBy", false, w.groupRef(w.teamOf(i)))
	d.relate("domain", "partOf", false, ref(kindDomain, w.domain.name(i%w.domains)))
	return d
}

func (w *world) makeResource(i int) *descriptor {
	dice := w.dice(kindResource, i)
	name := w.resource.name(i)
	system := i % w.systems
	d := &descriptor{
		kind: kindResource, name: name, path: w.teamFolder(w.teamOf(system)) + "/resources/" + name + descriptorFile, title: titleOf(name),
		description: w.describe(dice, "Keeps what "+w.system.name(system)+" must not lose", 4),
		labels:      []catalog.Pair{{Key: "acme.example/region", Value: w.word(dice, regions)}, {Key: "acme.example/backup", Value: "true"}},
		annotations: []catalog.Pair{
			{Key: "grafana/dashboard-selector", Value: "resource=" + name},
			{Key: "acme.example/account-id", Value: strconv.Itoa(100_000_000_000 + dice.IntN(100_000_000))},
			{Key: "acme.example/terraform-workspace", Value: "production-" + name},
		},
		tags:  []string{w.word(dice, regions), name[strings.LastIndexByte(name, '-')+1:]},
		links: links(name, "dashboard", "console"),
	}
	d.spec = []field{{name: "type", text: name[strings.LastIndexByte(name, '-')+1:]}}
	d.relate("owner", "ownedBy", false, w.groupRef(w.teamOf(system)))
	d.relate("system", "partOf", false, w.systemRef(system))
	return d
}

func (w *world) makeAPI(i int) *descriptor {
	dice := w.dice(kindAPI, i)
	name := w.api.name(i)
	provider := w.providerOf(i)
	team := w.ownerOf(provider)
	d := &descriptor{
		kind: kindAPI, name: name, path: w.teamFolder(team) + "/apis/" + name + descriptorFile, title: titleOf(name),
		description: w.describe(dice, "What "+w.component.name(provider)+" offers to others", 3),
		labels:      []catalog.Pair{{Key: "acme.example/audience", Value: "internal"}},
		annotations: []catalog.Pair{{Key: "github.com/project-slug", Value: "acme/" + w.component.name(provider)}},
		tags:        []string{w.word(dice, areas)},
		links:       links(name, "reference"),
	}
	d.spec = []field{{name: "type", text: "openapi"}, {name: "lifecycle", text: w.word(dice, lifecycles)}}
	d.relate("owner", "ownedBy", false, w.groupRef(team))
	d.relate("system", "partOf", false, w.systemRef(w.systemOf(provider)))
	d.spec = append(d.spec, field{name: "definition", text: w.definition(dice, d.title)})
	return d
}

func (w *world) makeComponent(i int) *descriptor {
	dice := w.dice(kindComponent, i)
	name := w.component.name(i)
	team := w.ownerOf(i)
	d := &descriptor{
		kind: kindComponent, name: name, path: w.teamFolder(team) + "/" + name + descriptorFile, title: titleOf(name),
		description: w.describe(dice, "Does the "+w.word(dice, areas)+" work of "+w.system.name(w.systemOf(i)), 7),
		tags:        []string{w.word(dice, languages), w.word(dice, areas)},
		links:       links(name, "dashboard", "logs", "runbook"),
	}
	d.labels = []catalog.Pair{
		{Key: "acme.example/tier", Value: w.word(dice, tiers)},
		{Key: "acme.example/region", Value: w.word(dice, regions)},
		{Key: "acme.example/cost-center", Value: strconv.Itoa(4000 + team)},
	}
	d.annotations = []catalog.Pair{
		{Key: "backstage.io/techdocs-ref", Value: "dir:."},
		{Key: "github.com/project-slug", Value: "acme/" + name},
		{Key: "backstage.io/kubernetes-id", Value: name},
		{Key: "pagerduty.com/service-id", Value: pagerID(dice)},
		{Key: "grafana/dashboard-selector", Value: "service=" + name},
		{Key: "argocd/app-name", Value: name + "-prod"},
		{Key: "sonarqube.org/project-key", Value: "acme_" + name},
	}
	d.spec = []field{{name: "type", text: "service"}, {name: "lifecycle", text: w.word(dice, lifecycles)}}
	d.relate("owner", "ownedBy", false, w.groupRef(team))
	d.relate("system", "partOf", false, w.systemRef(w.systemOf(i)))
	w.connect(d, dice, i)
	return d
}

// connect adds a component's APIs and dependencies.
func (w *world) connect(d *descriptor, dice *rand.Rand, i int) {
	if api, provides := w.apiOf(i); provides {
		d.relate("providesApis", "providesApi", true, w.apiRef(api))
	}
	if consumed := distinct(dice.IntN(4), func() catalog.Ref { return w.apiRef(pick(dice, w.apis)) }); len(consumed) > 0 {
		d.relate("consumesApis", "consumesApi", true, consumed...)
	}
	var needs []catalog.Ref
	if i > 0 {
		needs = distinct(dice.IntN(4), func() catalog.Ref { return ref(kindComponent, w.component.name(pick(dice, i))) })
	}
	needs = append(needs, ref(kindResource, w.resource.name(i%w.resources)))
	if i%50 == 49 {
		needs = append(needs, ref(kindComponent, "retired-"+w.component.name(i)))
	}
	d.relate("dependsOn", "dependsOn", true, needs...)
}

// describe is a first sentence and as many more as told.
func (w *world) describe(dice *rand.Rand, first string, sentences int) string {
	var b strings.Builder
	b.WriteString(first + ".")
	for range sentences {
		b.WriteString(" It " + w.word(dice, "serves feeds guards audits balances replaces") + " the " +
			w.phrases.name(dice.IntN(w.phrases.size)) + ".")
	}
	return b.String()
}

func links(name string, titles ...string) []catalog.Link {
	list := make([]catalog.Link, 0, len(titles))
	for _, title := range titles {
		list = append(list, catalog.Link{URL: "https://" + title + ".acme.example/view/" + name, Title: titleOf(title), Icon: title})
	}
	return list
}

// titleOf makes "amber-fjord-team" read "Amber Fjord Team".
func titleOf(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '.' })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// pagerID is an identifier of the kind that other systems give.
func pagerID(dice *rand.Rand) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	id := []byte{'P'}
	for range 6 {
		id = append(id, letters[dice.IntN(len(letters))])
	}
	return string(id)
}

func (w *world) definition(dice *rand.Rand, title string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "openapi: 3.1.0\ninfo:\n  title: %s\n  version: %d.%d.0\npaths:\n", title, 1+dice.IntN(4), dice.IntN(20))
	for range 7 {
		thing := w.word(dice, nouns)
		fmt.Fprintf(&b, "  /v1/%s/{id}:\n    get:\n      summary: One %s by its id\n      responses:\n        \"200\":\n"+
			"          description: The %s\n", thing, thing, thing)
	}
	return b.String()
}
