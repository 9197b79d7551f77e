package slacktest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"callboard/integrations/slack/slacktest"
)

// text is a mrkdwn section, and a message of it.
func section(text string) string {
	encoded, _ := json.Marshal(text)
	return `{"type":"section","text":{"type":"mrkdwn","verbatim":true,"text":` + string(encoded) + `}}`
}

func rich(inline string) string {
	return `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[` + inline + `]}]}`
}

func actions(elements string) string { return `{"type":"actions","elements":[` + elements + `]}` }

func button(more string) string {
	return `{"type":"button","text":{"type":"plain_text","text":"Go"}` + more + `}`
}

func repeat(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }

func options(n int) string {
	var all []string
	for i := range n {
		all = append(all, `{"text":{"type":"plain_text","text":"o"},"value":"v`+string(rune('A'+i/26))+string(rune('a'+i%26))+`"}`)
	}
	return strings.Join(all, ",")
}

func menu(n int) string { return `{"type":"static_select","options":[` + options(n) + `]}` }

func TestCheckMessage(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return strings.Repeat("ü", n) }
	tests := []struct{ name, blocks, want string }{ // want: "" for good, else part of what is said
		{"section", section(x(3000)), ""},
		{"section too long", section(x(3001)), "less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		{"section empty", section(""), "more than 0"},
		{"section of nothing", `{"type":"section"}`, "needs text or fields"},
		{"fields", `{"type":"section","fields":[` + repeat(`{"type":"plain_text","text":"f"}`, 11) + `]}`, "1 to 10 items"},
		{"field too long", `{"type":"section","fields":[{"type":"plain_text","text":"` + x(2001) + `"}]}`, "less than 2001"},
		{"50 blocks", repeat(`{"type":"divider"}`, 50), ""},
		{"51 blocks", repeat(`{"type":"divider"}`, 51), "no more than 50 items"},
		{"too many bytes", repeat(section(x(1000)), 7), "more than 13200"},
		{"no block", `{"type":"sektion"}`, "unsupported type"},
		{"no object", `"text"`, "must be an object"},
		{"block_id twice", `{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}`, "not unique"},
		{"block_id too long", `{"type":"divider","block_id":"` + x(256) + `"}`, "less than 256"},
		{"foreign key", `{"type":"divider","colour":"red"}`, "invalid additional property: colour"},
		{"header", `{"type":"header","text":{"type":"plain_text","text":"` + x(150) + `"}}`, ""},
		{"header too long", `{"type":"header","text":{"type":"plain_text","text":"` + x(151) + `"}}`, "less than 151"},
		{"header in mrkdwn", `{"type":"header","text":{"type":"mrkdwn","text":"h"}}`, "must be plain_text"},
		{"emoji of mrkdwn", `{"type":"section","text":{"type":"mrkdwn","text":"h","emoji":true}}`, "invalid additional property: emoji"},
		{"context", `{"type":"context","elements":[` + repeat(`{"type":"mrkdwn","text":"c"}`, 11) + `]}`, "1 to 10 items"},
		{"image", `{"type":"image","image_url":"https://example.com/i.png"}`, "/alt_text"},
		{"button", actions(button(`,"value":"v","style":"danger"`)), ""},
		{"button of mrkdwn", actions(`{"type":"button","text":{"type":"mrkdwn","text":"b"}}`), "must be plain_text"},
		{"button too long", actions(`{"type":"button","text":{"type":"plain_text","text":"` + x(76) + `"}}`), "less than 76"},
		{"value too long", actions(button(`,"value":"` + x(2001) + `"`)), "less than 2001"},
		{"style", actions(button(`,"style":"default"`)), "primary or danger"},
		{"25 buttons", actions(repeat(button(""), 25)), ""},
		{"26 buttons", actions(repeat(button(""), 26)), "1 to 25 items"},
		{"no buttons", actions(""), "1 to 25 items"},
		{"action_id twice", actions(repeat(button(`,"action_id":"a"`), 2)), "not unique in its block"},
		{"action_id in two blocks", actions(button(`,"action_id":"a"`)) + "," + actions(button(`,"action_id":"a"`)), ""},
		{"input among actions", actions(`{"type":"plain_text_input","action_id":"a"}`), "unsupported type here"},
		{"100 options", actions(menu(100)), ""},
		{"101 options", actions(menu(101)), "1 to 100 items"},
		{"no options", actions(menu(0)), "1 to 100 items"},
		{"overflow", actions(`{"type":"overflow","options":[` + options(6) + `]}`), "1 to 5 items"},
		{"radio", actions(`{"type":"radio_buttons","options":[` + options(11) + `]}`), "1 to 10 items"},
		{"option value", actions(`{"type":"static_select","options":[{"text":{"type":"plain_text","text":"o"},"value":"` + x(76) + `"}]}`), "less than 76"},
		{"options twice", actions(`{"type":"static_select","options":[` + repeat(options(1), 2) + `]}`), "there twice"},
		{"initial", actions(`{"type":"static_select","options":[` + options(1) + `],"initial_option":{"text":{"type":"plain_text","text":"z"},"value":"z"}}`), "none of the options"},
		{"placeholder", actions(`{"type":"external_select","placeholder":{"type":"plain_text","text":"` + x(151) + `"}}`), "less than 151"},
		{"confirm", actions(button(`,"confirm":{"title":{"type":"plain_text","text":"t"}}`)), "missing required text object"},
		{"rich text", rich(`{"type":"text","text":"t","style":{"bold":true}},{"type":"link","url":"https://example.com"},{"type":"emoji","name":"tada"},` +
			`{"type":"date","timestamp":1700000000,"format":"{ago}","fallback":"f"}`), ""},
		{"rich style", rich(`{"type":"text","text":"t","style":{}}`), "must be an object that is not empty"},
		{"rich style unknown", rich(`{"type":"text","text":"t","style":{"blink":true}}`), "unknown style blink"},
		{"rich text empty", rich(`{"type":"text","text":""}`), "more than 0"},
		{"rich unknown", rich(`{"type":"blink"}`), "unsupported type"},
		{"rich date", rich(`{"type":"date","timestamp":"1","format":"ago"}`), "must be a number"},
		{"rich broadcast", rich(`{"type":"broadcast","range":"here"}`), "live mention: !here"},
		{"rich user", rich(`{"type":"user","user_id":"U1"}`), "live mention: @U1"},
		{"rich list", `{"type":"rich_text","elements":[{"type":"rich_text_list","style":"dots","indent":9,"elements":[]}]}`, "bullet or ordered"},
		{"rich indent", `{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","indent":9,"elements":[]}]}`, "from 0 to 8"},
		{"list in a list", `{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_list"}]}]}`, "a list holds rich_text_section"},
		{"preformatted", `{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"emoji","name":"x"}]}]}`, "preformatted"},
		{"channel", section("hello <!channel>"), "live mention: !channel"},
		{"CHANNEL", section("hello <!CHANNEL|x>"), "live mention: !channel"},
		{"group", section("<!subteam^S1|@team>"), "live mention: !subteam^s1"},
		{"user", section("<@U1|ada>"), "live mention: @U1"},
		{"bare mention", `{"type":"section","text":{"type":"mrkdwn","text":"hello @channel"}}`, "live mention: !channel"},
		{"bare, verbatim", section("hello @channel"), ""},
		{"bare, plain", `{"type":"section","text":{"type":"plain_text","text":"hello @channel <!here>"}}`, ""},
		{"escaped", section("a &lt;b&gt; &amp; c"), ""},
		{"<", section("a < b"), "a < that is not escaped"},
		{"&", section("a & b"), "an & that is not escaped"},
		{"entity cut apart", section("a &am"), "an & that is not escaped"},
		{"link", section("<https://example.com/a?b=1&amp;c=2|words>"), ""},
		{"link cut apart", section("<https://example.com/a"), "a < that is not escaped"},
		{"link that lies", section("<https://evil.example|https://good.example>"), "a link to evil.example that says"},
		{"rich link that lies", rich(`{"type":"link","url":"https://evil.example","text":"see https://good.example"}`), "a link to evil.example that says"},
		{"script", section("<javascript:alert|x>"), "something else than a web page"},
		{"user name", section("<https://good.example@evil.example|x>"), "a user name in it"},
		{"date", section("<!date^1700000000^{ago}|then>"), ""},
		{"date without fallback", section("<!date^1700000000^{ago}>"), "a date that is not complete"},
		{"turned around", section("a\u202eb"), "turns the direction"},
		{"control", rich(`{"type":"text","text":"a\u001bb"}`), "control character"},
		{"two tables", repeat(`{"type":"table","rows":[[{"type":"raw_text","text":"c"}]]}`, 2), "only_one_table_allowed"},
		{"markdown", `{"type":"markdown","text":"` + x(12001) + `"}`, "less than 12001"},
	}
	for _, test := range tests {
		got := strings.Join(slacktest.CheckMessage([]byte(`{"text":"t","blocks":[`+test.blocks+`]}`)), "\n")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q instead of %q", test.name, got, test.want)
		}
	}
}

func TestCheckView(t *testing.T) {
	t.Parallel()
	const title = `"title":{"type":"plain_text","text":"T"}`
	input := `{"type":"input","block_id":"i","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input","action_id":"a"}}`
	tests := []struct{ name, view, want string }{
		{"modal", `{"type":"modal",` + title + `,"blocks":[]}`, ""},
		{"no title", `{"type":"modal","blocks":[]}`, "/view/title"},
		{"title too long", `{"type":"modal","title":{"type":"plain_text","text":"` + strings.Repeat("x", 25) + `"},"blocks":[]}`, "less than 25"},
		{"no submit", `{"type":"modal",` + title + `,"blocks":[` + input + `]}`, "there are input blocks"},
		{"submit", `{"type":"modal",` + title + `,"submit":{"type":"plain_text","text":"S"},"blocks":[` + input + `]}`, ""},
		{"metadata", `{"type":"modal",` + title + `,"private_metadata":"` + strings.Repeat("x", 3001) + `","blocks":[]}`, "less than 3001"},
		{"home", `{"type":"home","blocks":[` + repeat(`{"type":"divider"}`, 100) + `]}`, ""},
		{"home too long", `{"type":"home","blocks":[` + repeat(`{"type":"divider"}`, 101) + `]}`, "no more than 100"},
		{"home with a title", `{"type":"home",` + title + `,"blocks":[]}`, "invalid additional property: title"},
		{"no blocks", `{"type":"home"}`, "must be an array"},
	}
	for _, test := range tests {
		got := strings.Join(slacktest.CheckView([]byte(test.view)), "\n")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q instead of %q", test.name, got, test.want)
		}
	}
}

// The cards of the adapter are the good payloads.
func TestCheckMessage_Cards(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/cards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cards: %v", err)
	}
	for _, name := range files {
		message, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range slacktest.CheckMessage(message) {
			t.Errorf("%s: %s", filepath.Base(name), fault)
		}
	}
}
