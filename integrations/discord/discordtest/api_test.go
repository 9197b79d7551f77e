package discordtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/integrations/discord/discordtest"
)

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (r reply) code() int {
	n, _ := r.body["code"].(float64)
	return int(n)
}

func (r reply) id() string {
	id, _ := r.body["id"].(string)
	return id
}

// call calls the API as a bot does.
func call(t *testing.T, s *discordtest.Server, method, path, body string) reply {
	t.Helper()
	return send(t, s, method, path, "application/json", strings.NewReader(body))
}

func send(t *testing.T, s *discordtest.Server, method, path, kind string, body io.Reader) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.APIURL+"/v10"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot "+s.Token)
	req.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
	req.Header.Set("Content-Type", kind)
	resp, err := s.HTTPClient().Do(req)
	if err != nil {
		return reply{text: err.Error()}
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if err != nil {
		return reply{text: err.Error()}
	}
	_ = json.Unmarshal(text, &r.body)
	return r
}

const (
	messages = "/channels/" + discordtest.General + "/messages"
	hello    = `{"content":"hello","allowed_mentions":{"parse":[]}}`
)

func TestServer_Messages(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{Unlimited: true})
	var ids []string
	for range 4 {
		ids = append(ids, call(t, s, "POST", messages, hello).id())
	}
	edited := call(t, s, "PATCH", messages+"/"+ids[0], `{"content":"bye","allowed_mentions":{"parse":[]}}`)
	if m := s.Channel("general").Messages()[0]; edited.status != 200 || m.Content != "bye" || m.Edits != 1 {
		t.Errorf("edited: %+v", m)
	}
	if r := call(t, s, "DELETE", messages+"/"+ids[3], ""); r.status != 204 || len(s.Channel("general").Messages()) != 3 {
		t.Errorf("deleted: %d", r.status)
	}
	if r := call(t, s, "PATCH", messages+"/"+ids[3], hello); r.code() != 10008 || r.status != 404 {
		t.Errorf("a deleted message was edited: %s", r.text)
	}
	tests := []struct {
		query string
		want  []string
	}{
		{"", []string{ids[2], ids[1], ids[0]}},
		{"?limit=1", []string{ids[2]}},
		{"?after=" + ids[0] + "&limit=1", []string{ids[1]}},
		{"?before=" + ids[2], []string{ids[1], ids[0]}},
	}
	for _, test := range tests {
		var got []struct{ ID string }
		_ = json.Unmarshal([]byte(call(t, s, "GET", messages+test.query, "").text), &got)
		var found []string
		for _, m := range got {
			found = append(found, m.ID)
		}
		if diff := cmp.Diff(test.want, found); diff != "" {
			t.Errorf("%q: %s", test.query, diff)
		}
	}
	for _, path := range []string{"/messages/pins/", "/pins/"} {
		pin := "/channels/" + discordtest.General + path + ids[1]
		if r := call(t, s, "PUT", pin, ""); r.status != 204 || cmp.Diff([]string{ids[1]}, s.Channel("general").Pins()) != "" {
			t.Errorf("%s: %d, %v", path, r.status, s.Channel("general").Pins())
		}
		if r := call(t, s, "DELETE", pin, ""); r.status != 204 || len(s.Channel("general").Pins()) != 0 {
			t.Errorf("%s: %d, %v", path, r.status, s.Channel("general").Pins())
		}
	}
}

func TestServer_Nonce(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{Unlimited: true})
	const with = `{"content":"hello","nonce":"n1","enforce_nonce":true,"allowed_mentions":{"parse":[]}}`
	first, second := call(t, s, "POST", messages, with), call(t, s, "POST", messages, with)
	if first.id() != second.id() || len(s.Channel("general").Messages()) != 1 {
		t.Errorf("%s and %s", first.id(), second.id())
	}
	s.Fail("POST /channels/{channel}/messages", discordtest.Fault{Cut: true, After: true})
	const other = `{"content":"hello","nonce":"n2","enforce_nonce":true,"allowed_mentions":{"parse":[]}}`
	call(t, s, "POST", messages, other)
	if r := call(t, s, "POST", messages, other); r.status != 200 || len(s.Channel("general").Messages()) != 2 {
		t.Errorf("after a lost answer: %d, %d messages", r.status, len(s.Channel("general").Messages()))
	}
}

func TestServer_Errors(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{Unlimited: true})
	s.AddUser(discordtest.User{ID: "700000000000000003", Name: "eve", Outside: true})
	s.AddUser(discordtest.User{ID: "700000000000000004", Name: "shy", ClosedDMs: true})
	s.AddChannel(discordtest.ChannelSpec{ID: "61", Name: "hidden", Deny: []string{"VIEW_CHANNEL"}})
	s.AddChannel(discordtest.ChannelSpec{ID: "62", Name: "mute", Deny: []string{"SEND_MESSAGES", "PIN_MESSAGES"}})
	theirs := s.Say("ada", "general", "hello")
	there := s.Say("ada", "mute", "hello")
	shy := s.Direct("shy").ID()
	guild, app := "/guilds/"+s.GuildID, "/applications/"+s.AppID
	tests := []struct {
		name, method, path, body string
		status, code             int
	}{
		{"no channel", "POST", "/channels/1/messages", hello, 404, 10003},
		{"hidden", "POST", "/channels/61/messages", hello, 403, 50001},
		{"mute", "POST", "/channels/62/messages", hello, 403, 50013},
		{"no pins", "PUT", "/channels/62/messages/pins/" + there, "", 403, 50013},
		{"no message", "GET", messages + "/1", "", 404, 10008},
		{"somebody else's", "PATCH", messages + "/" + theirs, hello, 403, 50005},
		{"closed", "POST", "/channels/" + shy + "/messages", hello, 403, 50007},
		{"outside", "GET", guild + "/members/700000000000000003", "", 404, 10007},
		{"nobody", "GET", guild + "/members/1", "", 404, 10013},
		{"members without the privilege", "GET", guild + "/members", "", 403, 50001},
		{"another guild", "GET", "/guilds/1", "", 404, 10004},
		{"another webhook", "POST", "/webhooks/" + s.AppID + "/nothing", hello, 401, 50027},
		{"no interaction", "POST", "/interactions/1/nothing/callback", `{"type":5}`, 404, 10062},
		{"no command", "DELETE", app + "/commands/1", "", 404, 10063},
		{"no JSON", "POST", messages, "{", 400, 50109},
		{"fine", "GET", guild + "/members/" + discordtest.Ada, "", 200, 0},
		{"typing", "POST", "/channels/" + discordtest.General + "/typing", "", 204, 0},
	}
	for _, test := range tests {
		if r := call(t, s, test.method, test.path, test.body); r.status != test.status || r.code() != test.code {
			t.Errorf("%s: %d %s", test.name, r.status, r.text)
		}
	}
	if n := s.Invalid(); n != 7 {
		t.Errorf("%d invalid requests", n)
	}
	if v := s.Violations(); len(v) != 0 {
		t.Errorf("%q", v)
	}
	if r := call(t, s, "GET", "/nowhere", ""); r.status != 404 || len(s.Violations()) != 1 {
		t.Errorf("a route that there is not: %d", r.status)
	}
	s.Revoke()
	if r := call(t, s, "GET", "/users/@me", ""); r.status != 401 {
		t.Errorf("a revoked token: %d", r.status)
	}
}

// A payload outside the limits is refused in the nested shape of Discord, and fails the test unless it is asked for.
func TestServer_InvalidForm(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{})
	r := call(t, s, "POST", messages, `{"embeds":[{"title":"`+strings.Repeat("x", 257)+`"}],"allowed_mentions":{"parse":[]}}`)
	want := `{"code":50035,"errors":{"embeds":{"0":{"title":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 256 or fewer in length."}]}}}},"message":"Invalid Form Body"}`
	if diff := cmp.Diff(want, r.text); diff != "" || r.status != 400 {
		t.Errorf("%d %s", r.status, diff)
	}
	if v := s.Violations(); len(v) != 1 || !strings.Contains(v[0], "[embeds.0.title]") {
		t.Errorf("%q", v)
	}
	if r := call(t, s, "POST", messages, `{"allowed_mentions":{"parse":[]}}`); r.code() != 50006 || len(s.Violations()) != 1 {
		t.Errorf("empty: %s", r.text)
	}
}

func TestServer_Limits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := discordtest.New(t, discordtest.Options{Memory: true, InvalidLimit: 3})
		for i := range 5 {
			r := call(t, s, "POST", messages, hello)
			if left := r.header.Get("X-RateLimit-Remaining"); r.status != 200 || left != strconv.Itoa(4-i) || r.header.Get("X-RateLimit-Bucket") == "" {
				t.Errorf("message %d: %d, %s left", i, r.status, left)
			}
		}
		r := call(t, s, "POST", messages, hello)
		if r.status != 429 || r.body["retry_after"] != 5.0 || r.header.Get("X-RateLimit-Scope") != "user" || r.header.Get("Retry-After") != "5" {
			t.Errorf("%d %s %v", r.status, r.text, r.header)
		}
		s.CreateChannel("other")
		if r := call(t, s, "POST", "/channels/"+s.Channel("other").ID()+"/messages", hello); r.status != 200 {
			t.Errorf("another channel has another bucket: %d", r.status)
		}
		<-time.After(5 * time.Second)
		if r := call(t, s, "POST", messages, hello); r.status != 200 {
			t.Errorf("after the wait: %d", r.status)
		}
		<-time.After(time.Second)
		for i := range 51 {
			r = call(t, s, "GET", "/channels/"+strconv.Itoa(i), "")
		}
		if r.status != 429 || r.body["global"] != true || r.header.Get("X-RateLimit-Scope") != "global" || r.header.Get("X-RateLimit-Global") != "true" {
			t.Errorf("the 51st call in a second: %d %s", r.status, r.text)
		}
		<-time.After(time.Second)
		s.Fail("", discordtest.Fault{Status: 429, Shared: true, RetryAfter: time.Second})
		if r := call(t, s, "GET", "/users/@me", ""); r.status != 429 || s.Invalid() != 2 {
			t.Errorf("shared: %d, %d invalid", r.status, s.Invalid())
		}
		s.Fail("", discordtest.Fault{Status: 429, RetryAfter: time.Second})
		call(t, s, "GET", "/users/@me", "")
		if r := call(t, s, "GET", "/users/@me", ""); r.status != 429 || !strings.Contains(r.text, "1015") || len(s.Violations()) != 1 {
			t.Errorf("the ban: %d %s", r.status, r.text)
		}
	})
}

func TestServer_Commands(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{Unlimited: true})
	path := "/applications/" + s.AppID + "/commands"
	ids := func(r reply) []string {
		var all []struct{ ID string }
		_ = json.Unmarshal([]byte(r.text), &all)
		var found []string
		for _, c := range all {
			found = append(found, c.ID)
		}
		return found
	}
	first, second := call(t, s, "PUT", path, commands), call(t, s, "PUT", path, commands)
	if diff := cmp.Diff(ids(first), ids(second)); diff != "" || len(ids(first)) != 3 {
		t.Errorf("the same set is not the same: %s", diff)
	}
	if r := call(t, s, "PUT", path, `[]`); r.text != "[]" || len(s.Commands()) != 0 {
		t.Errorf("%s", r.text)
	}
	for i := range 200 {
		call(t, s, "PUT", path, `[{"name":"n`+strconv.Itoa(i)+`","description":"d"}]`)
	}
	if r := call(t, s, "PUT", path, `[{"name":"more","description":"d"}]`); r.code() != 30034 {
		t.Errorf("the 201st command of a day: %s", r.text)
	}
}

func TestServer_Threads(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{Unlimited: true})
	id := call(t, s, "POST", messages, hello).id()
	thread := call(t, s, "POST", messages+"/"+id+"/threads", `{"name":"details","auto_archive_duration":1440}`)
	if thread.status != 201 || thread.id() != id {
		t.Fatalf("%d %s", thread.status, thread.text)
	}
	if r := call(t, s, "POST", messages+"/"+id+"/threads", `{"name":"again"}`); r.code() != 160004 {
		t.Errorf("a second one: %s", r.text)
	}
	call(t, s, "POST", "/channels/"+id+"/messages", hello)
	if all := s.Channel("general").Thread(id); len(all) != 1 {
		t.Errorf("%v", all)
	}
	s.Archive(id, false)
	if r := call(t, s, "POST", "/channels/"+id+"/messages", hello); r.status != 200 {
		t.Errorf("a message opens an archive: %s", r.text)
	}
	s.Archive(id, true)
	if r := call(t, s, "POST", "/channels/"+id+"/messages", hello); r.code() != 50083 {
		t.Errorf("a locked one stays: %s", r.text)
	}
	if r := call(t, s, "POST", "/channels/"+discordtest.General+"/threads", `{"name":"x","auto_archive_duration":7}`); r.code() != 50035 || len(s.Violations()) != 1 {
		t.Errorf("%s", r.text)
	}
}

func TestServer_Files(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{})
	upload := func(size int, image string) reply {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		_ = w.WriteField("payload_json", `{"embeds":[{"title":"t","image":{"url":"attachment://`+image+`"}}],"attachments":[{"id":0,"description":"a graph"}],"allowed_mentions":{"parse":[]}}`)
		part, err := w.CreateFormFile("files[0]", "graph.png")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(make([]byte, size))
		_ = w.Close()
		return send(t, s, "POST", messages, w.FormDataContentType(), &b)
	}
	upload(100, "graph.png")
	m := s.Channel("general").Last("ada")
	if len(m.Attachments) != 1 || m.Attachments[0].Description != "a graph" || len(m.Attachments[0].Content) != 100 {
		t.Fatalf("%+v", m.Attachments)
	}
	if diff := cmp.Diff("# t\n(image: graph.png)\n(file: graph.png)", m.Lines()); diff != "" {
		t.Error(diff)
	}
	if r := upload(10<<20+1, "graph.png"); r.status != 413 || r.code() != 40005 {
		t.Errorf("too large: %d %s", r.status, r.text)
	}
	if upload(1, "other.png"); len(s.Violations()) != 1 {
		t.Error("a picture that does not come along was taken")
	}
}

func TestServer_Faults(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{})
	s.Fail("POST /channels/{channel}/messages", discordtest.Fault{Status: 502}, discordtest.Fault{Half: true}, discordtest.Fault{Cut: true})
	if r := call(t, s, "POST", messages, hello); r.status != 502 || len(s.Channel("general").Messages()) != 0 {
		t.Errorf("%d", r.status)
	}
	if r := call(t, s, "POST", messages, hello); !strings.Contains(r.text, "EOF") || len(s.Channel("general").Messages()) != 1 {
		t.Errorf("half: %s", r.text)
	}
	if r := call(t, s, "POST", messages, hello); !strings.Contains(r.text, "EOF") || len(s.Channel("general").Messages()) != 1 {
		t.Errorf("cut: %s", r.text)
	}
	s.Fail("", discordtest.Fault{Status: 400, Code: 30046, Words: "Maximum number of edits"})
	if r := call(t, s, "POST", messages, hello); r.code() != 30046 {
		t.Errorf("%s", r.text)
	}
	if calls := s.Calls("POST /channels/{channel}/messages"); len(calls) != 4 || calls[3].Code != 30046 {
		t.Errorf("%+v", calls)
	}
}
