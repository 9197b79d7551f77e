package ingest

import (
	"strings"

	"callboard/catalog"
)

// shape is what the value of a field must be.
type shape uint8

const (
	oneText     shape = iota // text that is not empty
	anyText                  // text
	texts                    // a list of texts that are not empty
	oneOrTexts               // one text or a list of them
	textOrBool               // text, true or false
	mapping                  // a mapping with the given fields, and any others
	mappings                 // a list of such mappings
	oneOrMaps                // one such mapping or a list of them
	anyTextList              // a list of texts
)

// field is a row of the table of kinds: a field of spec, or of a mapping within it.
type field struct {
	name    string
	shape   shape
	must    bool
	example string // what to write where a required field is missing

	refs     bool   // its texts are references to entities
	kind     string // of references that name none; "" where they must name it
	relation string // what a reference declares
	only     string // the kinds it may lead to, in lower case; "" for any

	fields []field // of mapping and mappings
	others bool    // all further fields of the mapping must be texts
	least  int     // items required
	most   int     // runes allowed
	oneOf  string  // the only values allowed, separated by blanks
}

// kindNames lists all kinds that exist.
func kindNames() []string {
	return []string{
		"Component", "API", "Resource", "System", "Domain", "Group", "User", "Location", "Template", "AiResource",
	}
}

// versionsOf gives the values of apiVersion under which a kind exists, the usual one first.
func versionsOf(kind string) []string {
	switch kind {
	case "Template":
		return []string{"scaffolder.backstage.io/v1beta3"}
	case "AiResource":
		return []string{"backstage.io/v1alpha1"}
	default:
		return []string{"backstage.io/v1alpha1", "backstage.io/v1beta1"}
	}
}

// fieldsOf is the table of section 4 of backstage.md: the fields of spec of a kind that have rules,
// and the relations that they declare. For some kinds it depends on spec.type. Kinds that do not
// exist have no fields.
func fieldsOf(kind, typ string) []field {
	owner := field{name: "owner", must: true, example: "owner: name-of-a-group", refs: true, kind: "Group", relation: "ownedBy", only: "group user"}
	system := field{name: "system", refs: true, kind: "System", relation: "partOf"}
	lifecycle := field{name: "lifecycle", must: true, example: "lifecycle: production"}
	dependsOn := field{name: "dependsOn", shape: texts, refs: true, relation: "dependsOn"}
	dependencyOf := field{name: "dependencyOf", shape: oneOrTexts, refs: true, relation: "dependencyOf"}
	profile := field{name: "profile", shape: mapping, fields: []field{{name: "displayName"}, {name: "email"}, {name: "picture"}}}
	switch kind {
	case "Component":
		return []field{
			{name: "type", must: true, example: "type: service"},
			lifecycle, owner, system, dependsOn, dependencyOf,
			{name: "subcomponentOf", refs: true, kind: "Component", relation: "partOf"},
			{name: "providesApis", shape: texts, refs: true, kind: "API", relation: "providesApi"},
			{name: "consumesApis", shape: texts, refs: true, kind: "API", relation: "consumesApi"},
		}
	case "API":
		definition := field{name: "definition", must: true, example: "definition: {$text: ./openapi.yaml}"}
		if typ == "mcp-server" {
			definition = field{
				name: "remotes", shape: mappings, must: true, least: 1, example: "remotes: [{type: streamable-http, url: https://…}]",
				fields: []field{{name: "type", must: true, example: "type: streamable-http"}, {name: "url", must: true, example: "url: https://…"}},
			}
		}
		return []field{{name: "type", must: true, example: "type: openapi"}, lifecycle, owner, system, definition}
	case "Resource":
		return []field{{name: "type", must: true, example: "type: database"}, owner, system, dependsOn, dependencyOf}
	case "System":
		return []field{owner, {name: "domain", refs: true, kind: "Domain", relation: "partOf"}, {name: "type"}}
	case "Domain":
		return []field{owner, {name: "subdomainOf", refs: true, kind: "Domain", relation: "partOf"}, {name: "type"}}
	case "Group":
		return []field{
			{name: "type", must: true, example: "type: team"},
			{name: "children", shape: texts, must: true, example: "children: []", refs: true, kind: "Group", relation: "parentOf", only: "group"},
			{name: "parent", refs: true, kind: "Group", relation: "childOf", only: "group"},
			{name: "members", shape: texts, refs: true, kind: "User", relation: "hasMember", only: "user"},
			profile,
		}
	case "User":
		memberOf := field{name: "memberOf", shape: texts, must: true, example: "memberOf: []", refs: true, kind: "Group", relation: "memberOf", only: "group"}
		return []field{memberOf, profile}
	case "Location":
		return []field{
			{name: "type"}, {name: "target"}, {name: "targets", shape: texts}, {name: "presence", oneOf: "required optional"},
		}
	case "Template":
		owner.must, lifecycle.must = false, false
		return append(templateFields(), owner, lifecycle)
	case "AiResource":
		return append([]field{{name: "type", must: true, example: "type: skill"}, lifecycle, owner, system}, aiFields(typ)...)
	default:
		return nil
	}
}

func aiFields(typ string) []field {
	disciplines, version := field{name: "disciplines", shape: texts}, field{name: "version"}
	switch typ {
	case "skill":
		return []field{
			disciplines,
			{name: "categories", shape: texts},
			{name: "agents", shape: texts},
			{name: "dependsOn", shape: texts, refs: true, kind: "AiResource", relation: "dependsOn"},
			{name: "allowedTools", shape: texts},
			{name: "license"},
			{name: "compatibility", most: 500},
		}
	case "rule":
		return []field{
			disciplines,
			{name: "category", must: true, example: "category: security"},
			{name: "rationale", must: true, example: "rationale: why the rule exists"},
		}
	case "plugin":
		return []field{{name: "skills", shape: texts, must: true, example: "skills: []", refs: true, kind: "AiResource", relation: "hasPart"}, version}
	case "marketplace":
		return []field{{name: "plugins", shape: texts, must: true, example: "plugins: []", refs: true, kind: "AiResource", relation: "hasPart"}, version}
	default:
		return nil
	}
}

// templateFields is what the catalog itself asks of a Template's spec; whether it can run is judged
// by the scaffolder.
func templateFields() []field {
	permissions := field{name: "backstage:permissions", shape: mapping, fields: []field{{name: "tags", shape: anyTextList}}}
	links := []field{{name: "if", shape: textOrBool}, {name: "url"}, {name: "entityRef"}, {name: "title"}, {name: "icon"}}
	output := []field{{name: "if", shape: textOrBool}, {name: "title"}, {name: "icon"}, {name: "content", shape: anyText}}
	buttons := []field{
		{name: "backButtonText", shape: anyText}, {name: "createButtonText", shape: anyText}, {name: "reviewButtonText", shape: anyText},
	}
	return []field{
		{name: "type", must: true, example: "type: service"},
		{name: "parameters", shape: oneOrMaps, fields: []field{permissions}},
		{name: "steps", shape: mappings, must: true, example: "steps: [{action: debug:log}]", fields: []field{
			{name: "id", shape: anyText},
			{name: "name", shape: anyText},
			{name: "action", shape: anyText, must: true, example: "action: fetch:template"},
			{name: "input", shape: mapping},
			{name: "if", shape: textOrBool},
			permissions,
		}},
		{name: "output", shape: mapping, others: true, fields: []field{
			{name: "links", shape: mappings, fields: links}, {name: "text", shape: mappings, fields: output},
		}},
		{name: "secrets", shape: mapping, fields: []field{{name: "schema", shape: mapping}}},
		{name: "presentation", shape: mapping, fields: []field{{name: "buttonLabels", shape: mapping, fields: buttons}}},
		{name: "formDecorators", shape: mappings, fields: []field{{name: "id", shape: anyText}, {name: "input", shape: mapping}}},
		{name: "EXPERIMENTAL_formDecorators", shape: mappings, fields: []field{{name: "id", shape: anyText}, {name: "input", shape: mapping}}},
		{name: "EXPERIMENTAL_recovery", shape: mapping, fields: []field{{name: "EXPERIMENTAL_strategy", shape: anyText}}},
	}
}

// Inverse names the relation as seen from its other end; "" for an unknown one.
func Inverse(relation string) string {
	pairs := [...][2]string{
		{"ownedBy", "ownerOf"},
		{"partOf", "hasPart"},
		{"providesApi", "apiProvidedBy"},
		{"consumesApi", "apiConsumedBy"},
		{"dependsOn", "dependencyOf"},
		{"memberOf", "hasMember"},
		{"childOf", "parentOf"},
	}
	for _, p := range pairs {
		switch relation {
		case p[0]:
			return p[1]
		case p[1]:
			return p[0]
		}
	}
	return ""
}

// closestKind gives the kind that was probably meant, or "".
func closestKind(written string) string {
	best, least := "", 3
	for _, name := range kindNames() {
		if name == written {
			return name
		}
	}
	switch strings.ToLower(written) { // types that are taken for kinds
	case "service", "website", "library", "app", "application":
		return "Component"
	case "team", "organization":
		return "Group"
	case "database", "queue", "bucket":
		return "Resource"
	case "person":
		return "User"
	}
	for _, name := range kindNames() {
		if d := catalog.Typos(strings.ToLower(written), strings.ToLower(name), least); d < least && d < len(name)/2+1 {
			best, least = name, d
		}
	}
	return best
}
