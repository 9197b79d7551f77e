package discordtest_test

import (
	"strconv"
	"strings"
	"testing"

	"callboard/integrations/discord/discordtest"
)

const quiet = `,"allowed_mentions":{"parse":[]}`

func repeat(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }

// numbered repeats with # replaced by the number.
func numbered(s string, n int) string {
	var all []string
	for i := range n {
		all = append(all, strings.ReplaceAll(s, "#", strconv.Itoa(i)))
	}
	return strings.Join(all, ",")
}

func embed(more string) string { return `{"embeds":[{` + more + `}]` + quiet + `}` }
func rows(all string) string   { return `{"components":[` + all + `]` + quiet + `}` }
func line(all string) string   { return `{"type":1,"components":[` + all + `]}` }
func content(s string) string  { return `{"content":"` + s + `"` + quiet + `}` }

const (
	button = `{"type":2,"style":1,"label":"Go","custom_id":"b#"}`
	menu   = `{"type":3,"custom_id":"m#","options":[{"label":"L","value":"v"}]}`
)

func TestCheckMessage(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return strings.Repeat("ü", n) }
	tests := []struct{ name, message, want string }{ // want: "" for good, else part of what is said
		{"content", content(x(2000)), ""},
		{"content too long", content(x(2001)), "Must be 2000 or fewer in length. [content]"},
		{"no allowed_mentions", `{"content":"hello"}`, "missing: a message without allowed_mentions"},
		{"null allowed_mentions", `{"content":"hello","allowed_mentions":null}`, "missing: a message without allowed_mentions"},
		{"silent", content("<@123> @everyone <@&5>"), ""},
		{"user", `{"content":"<@123>","allowed_mentions":{"parse":["users"]}}`, "live mention: @123"},
		{"one user", `{"content":"<@!123> <@124>","allowed_mentions":{"users":["123"]}}`, "live mention: @123"},
		{"role", `{"content":"<@&5>","allowed_mentions":{"parse":["roles"]}}`, "live mention: &5"},
		{"everyone", `{"content":"@here","allowed_mentions":{"parse":["everyone"]}}`, "live mention: @here"},
		{"replied", `{"content":"x","message_reference":{"message_id":"1"},"allowed_mentions":{"replied_user":true}}`, "live mention: @replied"},
		{"exclusive", `{"content":"x","allowed_mentions":{"parse":["users"],"users":["1"]}}`, "mutually exclusive"},
		{"unknown parse", `{"content":"x","allowed_mentions":{"parse":["all"]}}`, "must be one of"},
		{"nonce", `{"content":"x","nonce":"` + x(26) + `"` + quiet + `}`, "Must be 25 or fewer in length. [nonce]"},
		{"no nonce to enforce", `{"content":"x","enforce_nonce":true` + quiet + `}`, "enforces nothing"},
		{"flags", `{"content":"x","flags":2` + quiet + `}`, "Invalid flags"},
		{"link", content(`[words](https://example.com/a)`), ""},
		{"link that lies", content(`[https://good.example](https://evil.example)`), "a link to evil.example that says"},
		{"script", content(`[words](javascript:alert)`), "something else than a web page"},
		{"user name", content(`[words](https://good.example@evil.example)`), "a user name in it"},
		{"turned around", content("a\u202eb"), "turns the direction"},
		{"control", content(`a\u001bb`), "control character"},

		{"embed", embed(`"title":"` + x(256) + `","description":"` + x(4096) + `"`), ""},
		{"title", embed(`"title":"` + x(257) + `"`), "Must be 256 or fewer in length. [embeds.0.title]"},
		{"description", embed(`"description":"` + x(4097) + `"`), "Must be 4096 or fewer"},
		{"25 fields", embed(`"fields":[` + repeat(`{"name":"n","value":"v"}`, 25) + `]`), ""},
		{"26 fields", embed(`"fields":[` + repeat(`{"name":"n","value":"v"}`, 26) + `]`), "between 0 and 25 in length. [embeds.0.fields]"},
		{"field name", embed(`"fields":[{"name":"` + x(257) + `","value":"v"}]`), "between 1 and 256"},
		{"field value", embed(`"fields":[{"name":"n","value":"` + x(1025) + `"}]`), "between 1 and 1024"},
		{"field without value", embed(`"fields":[{"name":"n","value":""}]`), "required [embeds.0.fields.0.value]"},
		{"footer", embed(`"footer":{"text":"` + x(2049) + `"}`), "between 1 and 2048"},
		{"author", embed(`"author":{"name":"` + x(257) + `"}`), "between 1 and 256"},
		{"6000 in all", embed(`"title":"` + x(256) + `","description":"` + x(4096) + `","footer":{"text":"` + x(1648) + `"}`), ""},
		{"6001 in all", embed(`"title":"` + x(256) + `","description":"` + x(4096) + `","footer":{"text":"` + x(1649) + `"}`), "maximum size of 6000"},
		{"two embeds together", `{"embeds":[` + repeat(`{"description":"`+x(3001)+`"}`, 2) + `]` + quiet + `}`, "maximum size of 6000"},
		{"11 embeds", `{"embeds":[` + repeat(`{"title":"t"}`, 11) + `]` + quiet + `}`, "between 0 and 10 in length. [embeds]"},
		{"colour", embed(`"title":"t","color":16777216`), "less than or equal to 16777215"},
		{"colour in words", embed(`"title":"t","color":"red"`), "is not int"},
		{"timestamp", embed(`"title":"t","timestamp":"now"`), "ISO8601"},
		{"embed url", embed(`"title":"t","url":"ftp://example.com"`), "Scheme"},
		{"nothing", embed(`"color":1`), "shows nothing"},

		{"5 buttons", rows(line(numbered(button, 5))), ""},
		{"6 buttons", rows(line(numbered(button, 6))), "between 1 and 5 in length. [components.0.components]"},
		{"no buttons", rows(line("")), "between 1 and 5"},
		{"5 rows", rows(numbered(line(button), 5)), ""},
		{"6 rows", rows(numbered(line(button), 6)), "between 0 and 5 in length. [components]"},
		{"custom_id twice", rows(line(repeat(button, 2))), "cannot be duplicated"},
		{"custom_id twice, two rows", rows(repeat(line(button), 2)), "cannot be duplicated"},
		{"no custom_id", rows(line(`{"type":2,"style":1,"label":"x"}`)), "required [components.0.components.0.custom_id]"},
		{"custom_id 100", rows(line(`{"type":2,"style":1,"label":"x","custom_id":"` + x(100) + `"}`)), ""},
		{"custom_id too long", rows(line(`{"type":2,"style":1,"label":"x","custom_id":"` + x(101) + `"}`)), "between 1 and 100"},
		{"label", rows(line(`{"type":2,"style":1,"label":"` + x(81) + `","custom_id":"c"}`)), "Must be 80 or fewer"},
		{"no label", rows(line(`{"type":2,"style":1,"custom_id":"c"}`)), "label or emoji"},
		{"style", rows(line(`{"type":2,"style":9,"label":"x","custom_id":"c"}`)), "must be one of {1"},
		{"link button", rows(line(`{"type":2,"style":5,"label":"x","url":"https://example.com"}`)), ""},
		{"link with custom_id", rows(line(`{"type":2,"style":5,"label":"x","url":"https://example.com","custom_id":"c"}`)), "cannot both"},
		{"link without url", rows(line(`{"type":2,"style":5,"label":"x"}`)), "required [components.0.components.0.url]"},
		{"link of a script", rows(line(`{"type":2,"style":5,"label":"x","url":"javascript:x"}`)), "Scheme"},
		{"menu", rows(line(menu)), ""},
		{"two menus in a row", rows(line(numbered(menu, 2))), "maximum width"},
		{"menu beside a button", rows(line(menu + "," + button)), "maximum width"},
		{"26 options", rows(line(`{"type":3,"custom_id":"m","options":[` + numbered(`{"label":"L","value":"v#"}`, 26) + `]}`)), "between 1 and 25"},
		{"no options", rows(line(`{"type":3,"custom_id":"m","options":[]}`)), "between 1 and 25"},
		{"value twice", rows(line(`{"type":3,"custom_id":"m","options":[` + repeat(`{"label":"L","value":"v"}`, 2) + `]}`)), "already used"},
		{"option label", rows(line(`{"type":3,"custom_id":"m","options":[{"label":"` + x(101) + `","value":"v"}]}`)), "between 1 and 100"},
		{"placeholder", rows(line(`{"type":5,"custom_id":"m","placeholder":"` + x(151) + `"}`)), "Must be 150 or fewer"},
		{"more than options", rows(line(`{"type":3,"custom_id":"m","max_values":2,"options":[{"label":"L","value":"v"}]}`)), "at most the number of options"},
		{"input in a message", rows(line(`{"type":4,"custom_id":"i"}`)), "must be one of"},
		{"button at the top", rows(button), "must be one of [1]"},

		{"v2", `{"flags":32768,"components":[{"type":17,"components":[{"type":10,"content":"hello"}]}]` + quiet + `}`, ""},
		{"v2 with content", `{"flags":32768,"content":"x","components":[{"type":10,"content":"hello"}]` + quiet + `}`, "cannot be used when using MessageFlags.IS_COMPONENTS_V2"},
		{"v2 without the flag", rows(`{"type":10,"content":"hello"}`), "must be one of [1]"},
		{"41 in all", `{"flags":32768,"components":[{"type":17,"components":[` + repeat(`{"type":10,"content":"x"}`, 40) + `]}]` + quiet + `}`, "must not exceed 40"},
		{"v2 mention", `{"flags":32768,"components":[{"type":10,"content":"<@1>"}],"allowed_mentions":{"parse":["users"]}}`, "live mention: @1"},
		{"section without accessory", `{"flags":32768,"components":[{"type":9,"components":[{"type":10,"content":"x"}]}]` + quiet + `}`, "required [components.0.accessory]"},
	}
	judged(t, tests, discordtest.CheckMessage)
}

func judged(t *testing.T, tests []struct{ name, message, want string }, by func([]byte) []string) {
	t.Helper()
	for _, test := range tests {
		got := strings.Join(by([]byte(test.message)), "\n")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q instead of %q", test.name, got, test.want)
		}
	}
}

func TestCheckModal(t *testing.T) {
	t.Parallel()
	modal := func(all string) string { return `{"title":"T","custom_id":"c","components":[` + all + `]}` }
	const input = `{"type":1,"components":[{"type":4,"custom_id":"i#","label":"L","style":1}]}`
	label := func(inner string) string { return `{"type":18,"label":"L","component":` + inner + `}` }
	tests := []struct{ name, message, want string }{
		{"5 inputs", modal(numbered(input, 5)), ""},
		{"6 inputs", modal(numbered(input, 6)), "between 1 and 5"},
		{"none", modal(""), "between 1 and 5"},
		{"title", `{"title":"` + strings.Repeat("x", 46) + `","custom_id":"c","components":[` + input + `]}`, "between 1 and 45"},
		{"no custom_id", `{"title":"T","components":[` + input + `]}`, "required [custom_id]"},
		{"the same twice", modal(repeat(input, 2)), "cannot be duplicated"},
		{"button", modal(line(button)), "must be one of (4,)"},
		{"label", modal(label(`{"type":4,"custom_id":"i","style":2,"min_length":1,"max_length":4000}`)), ""},
		{"label too long", modal(`{"type":18,"label":"` + strings.Repeat("x", 46) + `","component":{"type":4,"custom_id":"i","style":1}}`), "between 1 and 45"},
		{"hint too long", modal(`{"type":18,"label":"L","description":"` + strings.Repeat("x", 101) + `","component":{"type":4,"custom_id":"i","style":1}}`), "Must be 100"},
		{"label in a label", modal(label(`{"type":4,"custom_id":"i","style":1,"label":"L"}`)), "no label of its own"},
		{"empty label", modal(`{"type":18,"label":"L"}`), "required [components.0.component]"},
		{"select", modal(label(menu)), ""},
		{"disabled select", modal(label(`{"type":5,"custom_id":"m","disabled":true}`)), "cannot be disabled"},
		{"upload", modal(label(`{"type":19,"custom_id":"u","max_values":11}`)), "less than or equal to 10"},
		{"radio", modal(label(`{"type":21,"custom_id":"r","options":[{"label":"L","value":"v"}]}`)), "between 2 and 10"},
		{"max_length", modal(label(`{"type":4,"custom_id":"i","style":1,"max_length":4001}`)), "less than or equal to 4000"},
		{"value", modal(label(`{"type":4,"custom_id":"i","style":1,"max_length":3,"value":"four"}`)), "Must be 3 or fewer"},
		{"placeholder", modal(label(`{"type":4,"custom_id":"i","style":1,"placeholder":"` + strings.Repeat("x", 101) + `"}`)), "Must be 100"},
		{"style", modal(label(`{"type":4,"custom_id":"i"}`)), "{1, 2}"},
	}
	judged(t, tests, discordtest.CheckModal)
}

func TestCheckCommand(t *testing.T) {
	t.Parallel()
	command := func(options string) string {
		return `{"name":"who-owns","description":"d","options":[` + options + `]}`
	}
	const each = `{"type":3,"name":"target#","description":"d"}`
	target := numbered(each, 1)
	tests := []struct{ name, message, want string }{
		{"command", command(target), ""},
		{"name in capitals", `{"name":"Who","description":"d"}`, "name is invalid"},
		{"name with a space", `{"name":"who owns","description":"d"}`, "name is invalid"},
		{"name with a slash", `{"name":"/who","description":"d"}`, "name is invalid"},
		{"name of other letters", `{"name":"löschen","description":"d"}`, ""},
		{"name too long", `{"name":"` + strings.Repeat("x", 33) + `","description":"d"}`, "between 1 and 32"},
		{"no description", `{"name":"who"}`, "required [description]"},
		{"description too long", `{"name":"who","description":"` + strings.Repeat("x", 101) + `"}`, "between 1 and 100"},
		{"25 options", command(numbered(each, 25)), ""},
		{"26 options", command(numbered(each, 26)), "between 0 and 25"},
		{"option twice", command(repeat(target, 2)), "already exists"},
		{"required after optional", command(target + `,{"type":3,"name":"b","description":"d","required":true}`), "before non-required"},
		{"autocomplete and choices", command(`{"type":3,"name":"a","description":"d","autocomplete":true,"choices":[{"name":"n","value":"v"}]}`), "cannot be set with autocomplete"},
		{"autocomplete of a user", command(`{"type":6,"name":"a","description":"d","autocomplete":true}`), "neither choices nor autocomplete"},
		{"26 choices", command(`{"type":3,"name":"a","description":"d","choices":[` + numbered(`{"name":"n#","value":"v"}`, 26) + `]}`), "between 0 and 25"},
		{"value of another type", command(`{"type":4,"name":"a","description":"d","choices":[{"name":"n","value":"v"}]}`), "not a number"},
		{"value too long", command(`{"type":3,"name":"a","description":"d","choices":[{"name":"n","value":"` + strings.Repeat("x", 101) + `"}]}`), "between 1 and 100"},
		{"max_length", command(`{"type":3,"name":"a","description":"d","max_length":6001}`), "less than or equal to 6000"},
		{"too much text", command(numbered(`{"type":3,"name":"a#","description":"d","choices":[`+numbered(`{"name":"n#`+strings.Repeat("x", 30)+`","value":"v"}`, 25)+`]}`, 10)), "exceeds maximum size (8000)"},
		{"subcommands", command(`{"type":1,"name":"open","description":"d","options":[` + target + `]},{"type":2,"name":"more","description":"d","options":[{"type":1,"name":"x","description":"d"}]}`), ""},
		{"subcommand beside an option", command(`{"type":1,"name":"open","description":"d"},` + target), "mutually exclusive"},
		{"group in a group", command(`{"type":2,"name":"a","description":"d","options":[{"type":2,"name":"b","description":"d"}]}`), "not valid here"},
		{"message command", `{"type":3,"name":"Open Incident"}`, ""},
		{"message command that describes", `{"type":3,"name":"Open","description":"d"}`, "cannot have description"},
	}
	judged(t, tests, discordtest.CheckCommand)
}
