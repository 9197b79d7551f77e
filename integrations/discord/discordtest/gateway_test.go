package discordtest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"callboard/integrations/discord/discordtest"
)

// event is a frame of the gateway.
type event struct {
	Op   int            `json:"op"`
	Seq  int            `json:"s"`
	Name string         `json:"t"`
	D    map[string]any `json:"-"`
	Raw  any            `json:"d"`
}

// socket is a bot's end of the gateway, which a test writes and reads by hand.
type socket struct {
	t    *testing.T
	ws   *websocket.Conn
	s    *discordtest.Server
	last int
	id   string
	url  string
}

func dial(t *testing.T, s *discordtest.Server, address string) *socket {
	t.Helper()
	if address == "" {
		address, _ = call(t, s, "GET", "/gateway/bot", "").body["url"].(string)
	}
	ws, resp, err := s.Dialer().DialContext(t.Context(), address+"?v=10&encoding=json", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	k := &socket{t: t, ws: ws, s: s}
	t.Cleanup(func() { _ = ws.Close() })
	if e := k.next(); e.Op != 10 || e.D["heartbeat_interval"] != 41250.0 {
		t.Errorf("hello: %+v", e)
	}
	return k
}

// next reads a frame. One with a close code gives it as Op.
func (k *socket) next() event {
	k.t.Helper()
	_, text, err := k.ws.ReadMessage()
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		return event{Op: closed.Code}
	}
	if err != nil {
		return event{Op: -1}
	}
	var e event
	if err := json.Unmarshal(text, &e); err != nil {
		k.t.Fatal(err)
	}
	e.D, _ = e.Raw.(map[string]any)
	if e.Op == 0 {
		k.last = e.Seq
	}
	return e
}

func (k *socket) send(op int, d any) {
	k.t.Helper()
	if err := k.ws.WriteJSON(map[string]any{"op": op, "d": d}); err != nil {
		k.t.Error(err)
	}
}

func (k *socket) identify(token string, intents any) event {
	k.t.Helper()
	k.send(2, map[string]any{"token": token, "intents": intents, "properties": map[string]any{"os": "linux"}})
	e := k.next()
	if e.Name == "READY" {
		k.id, _ = e.D["session_id"].(string)
		k.url, _ = e.D["resume_gateway_url"].(string)
	}
	return e
}

func (k *socket) resume(id string, seq int) {
	k.t.Helper()
	k.send(6, map[string]any{"token": k.s.Token, "session_id": id, "seq": seq})
}

const intents = 1<<0 | 1<<9 | 1<<12

// ready gives a socket with a session, after GUILD_CREATE.
func ready(t *testing.T, s *discordtest.Server, intents int) *socket {
	t.Helper()
	k := dial(t, s, "")
	if e := k.identify(s.Token, intents); e.Name != "READY" || e.Seq != 1 {
		t.Fatalf("%+v", e)
	}
	if e := k.next(); e.Name != "GUILD_CREATE" || e.D["id"] != s.GuildID {
		t.Fatalf("%+v", e)
	}
	return k
}

func TestGateway_Identify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		token   string
		intents any
		want    int
	}{
		{"wrong token", "nothing", intents, 4004},
		{"no intents", "", nil, 4013},
		{"unknown intents", "", 1 << 30, 4013},
		{"content without the privilege", "", 1 << 15, 4014},
		{"members without the privilege", "", 1 << 1, 4014},
		{"right", "", intents, 0},
	}
	for _, test := range tests {
		s := discordtest.New(t, discordtest.Options{Tolerate: true})
		if test.token == "" {
			test.token = s.Token
		}
		if e := dial(t, s, "").identify(test.token, test.intents); e.Op != test.want {
			t.Errorf("%s: %+v", test.name, e)
		}
	}
}

func TestGateway_Frames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   func(k *socket)
		want int
	}{
		{"unknown opcode", func(k *socket) { k.send(99, nil) }, 4001},
		{"no JSON", func(k *socket) { _ = k.ws.WriteMessage(websocket.TextMessage, []byte("{")) }, 4002},
		{"too large", func(k *socket) { k.send(3, strings.Repeat("x", 4096)) }, 4002},
		{"identified twice", func(k *socket) { k.identify(k.s.Token, intents) }, 4005},
		{"too many", func(k *socket) {
			for range 120 {
				k.send(3, nil)
			}
		}, 4008},
	}
	for _, test := range tests {
		s := discordtest.New(t, discordtest.Options{})
		k := ready(t, s, intents)
		if test.name == "identified twice" {
			k.send(2, map[string]any{"token": s.Token, "intents": intents, "properties": map[string]any{}})
		} else {
			test.do(k)
		}
		if e := k.next(); e.Op != test.want {
			t.Errorf("%s: %+v", test.name, e)
		}
		if v := s.Violations(); len(v) != 1 {
			t.Errorf("%s: %q", test.name, v)
		}
	}
	s := discordtest.New(t, discordtest.Options{})
	k := dial(t, s, "")
	if k.send(3, nil); k.next().Op != 4003 {
		t.Error("before identifying nothing is heard")
	}
}

func TestGateway_Heartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		k := ready(t, s, intents)
		if k.send(1, k.last); k.next().Op != 11 {
			t.Error("no acknowledgement")
		}
		s.AskHeartbeat()
		if e := k.next(); e.Op != 1 {
			t.Errorf("not asked: %+v", e)
		}
		s.LoseHeartbeats(true)
		k.send(1, k.last)
		synctest.Wait()
		s.LoseHeartbeats(false)
		if k.send(1, k.last); k.next().Op != 11 {
			t.Error("no acknowledgement of the second")
		}
		if e := k.next(); e.Op != 4009 {
			t.Errorf("a heart that stopped: %+v", e)
		}
	})
}

func TestGateway_Resume(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{})
	k := ready(t, s, intents)
	s.CutNext(discordtest.BeforeRead)
	s.Mention("ada", "general", "one")
	if e := k.next(); e.Op != -1 && e.Op != 1006 {
		t.Errorf("not cut: %+v", e)
	}
	s.Mention("ada", "general", "two")
	again := dial(t, s, k.url)
	again.resume(k.id, k.last)
	for i, want := range []string{"MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"} {
		if e := again.next(); e.Name != want || e.Seq != k.last+1+i {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	if all := s.Resumes(); len(all) != 1 || all[0].Replayed != 2 || !all[0].Proper {
		t.Errorf("%+v", all)
	}
	_ = again.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	s.Until("goodbye", func() bool { return s.Sockets() == 0 })
	over := dial(t, s, k.url)
	over.resume(k.id, again.last)
	if e := over.next(); e.Op != 9 || e.Raw != false {
		t.Errorf("after 1000 the session is over: %+v", e)
	}
}

func TestGateway_Orders(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{Unlimited: true})
	k := ready(t, s, intents)
	s.Invalidate(true)
	if e := k.next(); e.Op != 9 || e.Raw != true {
		t.Errorf("%+v", e)
	}
	s.Reconnect()
	if e := k.next(); e.Op != 7 {
		t.Errorf("%+v", e)
	}
	s.CloseSockets(4000)
	if e := k.next(); e.Op != 4000 {
		t.Errorf("%+v", e)
	}
	ahead := dial(t, s, "")
	ahead.resume(k.id, k.last+5)
	if e := ahead.next(); e.Op != 4007 || len(s.Violations()) != 1 {
		t.Errorf("ahead of the session: %+v", e)
	}
	s.RefuseSockets(1)
	if _, resp, err := s.Dialer().DialContext(t.Context(), k.url, nil); err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("not refused: %v", err)
	} else {
		_ = resp.Body.Close()
	}
}

// Who identifies again within 5 s is sent away, as with max_concurrency 1.
func TestGateway_IdentifyOften(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		ready(t, s, intents)
		k := dial(t, s, "")
		if e := k.identify(s.Token, intents); e.Op != 9 {
			t.Errorf("%+v", e)
		}
		<-time.After(5 * time.Second)
		if e := k.identify(s.Token, intents); e.Name != "READY" {
			t.Errorf("%+v", e)
		}
		limit, _ := call(t, s, "GET", "/gateway/bot", "").body["session_start_limit"].(map[string]any)
		if limit["remaining"] != 997.0 || s.Identifies() != 3 {
			t.Errorf("%v", limit)
		}
	})
}

// Without the privilege of content a session reads what mentions the bot, direct messages and its own only.
func TestGateway_Content(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{Unlimited: true, Privileged: 1 << 15})
	plain, full := ready(t, s, intents), ready(t, s, intents|1<<15)
	s.Mention("ada", "general", "secret", discordtest.Unmentioned())
	s.Mention("ada", "general", "hello")
	s.DM("ada", "direct")
	for _, test := range []struct {
		k    *socket
		want []string
	}{
		{plain, []string{"", "<@" + s.BotUser + "> hello", "direct"}},
		{full, []string{"secret", "<@" + s.BotUser + "> hello", "direct"}},
	} {
		for _, want := range test.want {
			if e := test.k.next(); e.D["content"] != want {
				t.Errorf("%v instead of %q", e.D["content"], want)
			}
		}
	}
	s.Hold()
	s.Mention("ada", "general", "first")
	s.Mention("ada", "general", "second")
	s.Release()
	if e := full.next(); !strings.HasSuffix(e.D["content"].(string), "second") {
		t.Errorf("not turned around: %v", e.D["content"])
	}
}

// A channel that the bot does not see, and a guild that it has left, tell it nothing.
func TestGateway_Sight(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{})
	k := ready(t, s, intents)
	s.Deny("general", "VIEW_CHANNEL")
	if s.Mention("ada", "general", "hidden").OK() {
		t.Error("heard in a hidden channel")
	}
	s.Allow("general")
	if id := s.CreateChannel("inc-1"); k.next().D["id"] != id {
		t.Error("a new channel was not told")
	}
	if s.Kick(); k.next().Name != "GUILD_DELETE" || s.Mention("ada", "general", "gone").OK() {
		t.Error("heard after leaving")
	}
	if r := call(t, s, "POST", messages, hello); r.code() != 50001 {
		t.Errorf("%s", r.text)
	}
	s.Revoke()
	if e := k.next(); e.Op != 4004 {
		t.Errorf("%+v", e)
	}
}
