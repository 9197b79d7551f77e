package slacktest

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Call is a call of the Web API, or a post to a response_url, whose Method is "response_url".
type Call struct {
	Method   string
	Args     object // without the token
	At       time.Time
	InHeader bool          // whether the token came in the header
	Error    string        // what the answer said, "" for ok
	Status   int           // of HTTP; 0 when the connection was cut
	Wait     time.Duration // for how long the answer asked to wait; 0 for not at all

	token string
}

func (c *Call) str(key string) string { return str(c.Args, key) }

// failure is an answer of ok:false.
type failure struct {
	code     string
	messages []string
	more     object
	retry    time.Duration // with HTTP 429
}

func fail(code string, messages ...string) *failure { return &failure{code: code, messages: messages} }

// method is a method of the Web API. Perform holds the lock.
type method struct {
	scope     string
	perMinute int
	app       bool // wants the app's token
	perform   func(s *Server, c *Call) (object, *failure)
}

// Calls gives the calls of a method so far, "" for all.
func (s *Server) Calls(name string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Call
	for _, c := range s.calls {
		if name == "" || c.Method == name {
			all = append(all, c)
		}
	}
	return all
}

// Forget drops what was said, called and delivered so far, which a long run would keep in memory. Channels, people and open
// views stay.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.deliveries = nil, nil
	clear(s.triggers)
	clear(s.responses)
	for _, c := range s.channels {
		c.messages = nil
	}
}

// methods is the Web API as far as it is known here, by the tier of each method.
func methods() map[string]method {
	const tier2, tier3, tier4, special = 20, 50, 100, 600
	return map[string]method{
		"auth.test":                    {"", special, false, (*Server).authTest},
		"bots.info":                    {"users:read", tier3, false, (*Server).botsInfo},
		"users.info":                   {"users:read", tier4, false, (*Server).usersInfo},
		"users.list":                   {"users:read", tier2, false, (*Server).usersList},
		"users.lookupByEmail":          {"users:read.email", tier3, false, (*Server).usersLookupByEmail},
		"conversations.info":           {"channels:read", tier3, false, (*Server).conversationsInfo},
		"conversations.list":           {"channels:read", tier2, false, (*Server).conversationsList},
		"conversations.members":        {"channels:read", tier4, false, (*Server).conversationsMembers},
		"conversations.join":           {"channels:join", tier3, false, (*Server).conversationsJoin},
		"conversations.open":           {"im:write", tier3, false, (*Server).conversationsOpen},
		"conversations.history":        {"channels:history", tier3, false, (*Server).conversationsHistory},
		"conversations.replies":        {"channels:history", tier3, false, (*Server).conversationsReplies},
		"chat.postMessage":             {"chat:write", special, false, (*Server).chatPostMessage},
		"chat.postEphemeral":           {"chat:write", tier4, false, (*Server).chatPostEphemeral},
		"chat.update":                  {"chat:write", tier3, false, (*Server).chatUpdate},
		"chat.delete":                  {"chat:write", tier3, false, (*Server).chatDelete},
		"chat.getPermalink":            {"", special, false, (*Server).chatGetPermalink},
		"views.open":                   {"", tier4, false, (*Server).viewsOpen},
		"views.push":                   {"", tier4, false, (*Server).viewsPush},
		"views.update":                 {"", tier4, false, (*Server).viewsUpdate},
		"views.publish":                {"", tier4, false, (*Server).viewsPublish},
		"pins.add":                     {"pins:write", tier2, false, (*Server).pinsAdd},
		"pins.remove":                  {"pins:write", tier2, false, (*Server).pinsRemove},
		"files.getUploadURLExternal":   {"files:write", tier4, false, (*Server).filesGetUploadURL},
		"files.completeUploadExternal": {"files:write", tier4, false, (*Server).filesComplete},
		"apps.connections.open":        {"connections:write", tier3, true, (*Server).appsConnectionsOpen},
	}
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	call := &Call{Method: r.PathValue("method"), At: s.now(), Status: http.StatusOK}
	broken := readCall(call, r)
	s.respond(w, r, call, func() (object, *failure) {
		if broken != nil {
			return nil, broken
		}
		return s.perform(call)
	})
}

// perform carries out a call whose arguments could be read. The caller holds the lock.
func (s *Server) perform(c *Call) (object, *failure) {
	m, known := methods()[c.Method]
	if !known {
		return nil, fail("unknown_method")
	}
	if f := s.authorise(c, m); f != nil {
		return nil, f
	}
	limit := m.perMinute
	if l, set := s.options.Limits[c.Method]; set {
		limit = l
	}
	if wait := s.rates.method(c.Method, limit, c.At); wait > 0 && !s.options.Unlimited {
		return nil, &failure{code: "ratelimited", retry: wait}
	}
	answer, f := m.perform(s, c)
	if f != nil {
		return nil, f
	}
	full := object{"ok": true}
	maps.Copy(full, answer)
	return full, nil
}

// authorise judges the token. The app's token counts in the header only.
func (s *Server) authorise(c *Call, m method) *failure {
	if c.token == "" || m.app && !c.InHeader {
		return fail("not_authed")
	}
	if why, gone := s.revoked[c.token]; gone {
		return fail(why)
	}
	switch {
	case m.app && c.token == s.BotToken, !m.app && c.token == s.AppToken:
		return fail("not_allowed_token_type")
	case c.token != s.BotToken && c.token != s.AppToken:
		return fail("invalid_auth")
	}
	if m.scope != "" && !m.app && !slices.Contains(s.scopes, m.scope) {
		return &failure{code: "missing_scope", more: object{"needed": m.scope, "provided": strings.Join(s.scopes, ",")}}
	}
	return nil
}

// readCall reads token and arguments of a form, of JSON, or of the query of a GET.
func readCall(c *Call, r *http.Request) *failure {
	c.Args = object{}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		c.token, c.InHeader = bearer, bearer != ""
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return fail("request_timeout")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := r.URL.Query()
	switch {
	case len(body) == 0:
	case kind == "application/json":
		if json.Unmarshal(body, &c.Args) != nil {
			return fail("invalid_json")
		}
		if !c.InHeader {
			return fail("not_authed") // JSON takes no token in the body
		}
	case kind == "application/x-www-form-urlencoded":
		if form, err = url.ParseQuery(string(body)); err != nil {
			return fail("invalid_form_data")
		}
	default:
		return fail("invalid_post_type")
	}
	return readForm(c, form)
}

// readForm takes over form values; those that hold JSON are decoded.
func readForm(c *Call, form url.Values) *failure {
	for key := range form {
		value := form.Get(key)
		switch key {
		case "token":
			if !c.InHeader {
				c.token = value
			}
		case "blocks", "metadata", "attachments", "view", "files":
			var v any
			if err := json.Unmarshal([]byte(value), &v); err != nil {
				return fail("invalid_"+key+"_format", key+" is no JSON: "+err.Error())
			}
			c.Args[key] = v
		default:
			c.Args[key] = value
		}
	}
	return nil
}

// respond carries out a call, unless a fault comes between, and writes the answer.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, c *Call, perform func() (object, *failure)) {
	s.mu.Lock()
	fault := s.faults.next(c)
	s.mu.Unlock()
	if fault != nil && fault.Slow > 0 && !s.pause(r, fault.Slow) {
		return
	}
	if fault != nil && fault.Status == http.StatusTooManyRequests {
		c.Wait = fault.RetryAfter
	}
	if fault != nil && !fault.After && !fault.Half && fault.strikes() {
		s.record(c, fault.code(), fault.status())
		fault.write(w, nil)
		return
	}
	s.mu.Lock()
	answer, f := perform()
	w.Header().Set("X-Oauth-Scopes", strings.Join(s.scopes, ","))
	s.mu.Unlock()
	status, body := render(w, c, answer, f)
	if fault != nil && fault.strikes() {
		s.record(c, fault.code(), fault.status())
		fault.write(w, body)
		return
	}
	code := ""
	if f != nil {
		code = f.code
	}
	s.record(c, code, status)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// render sets the headers of an answer, and gives its status and its body.
func render(w http.ResponseWriter, c *Call, answer object, f *failure) (int, []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if f == nil {
		return http.StatusOK, encode(answer)
	}
	o := object{"ok": false, "error": f.code}
	maps.Copy(o, f.more)
	if len(f.messages) > 0 {
		o["response_metadata"] = object{"messages": f.messages}
	}
	switch {
	case f.retry > 0:
		c.Wait = (f.retry + time.Second - 1).Truncate(time.Second)
		w.Header().Set("Retry-After", strconv.Itoa(int(c.Wait/time.Second)))
		return http.StatusTooManyRequests, encode(o)
	case c.Method == responseMethod && (f.code == "used_url" || f.code == "expired_url"):
		return http.StatusNotFound, encode(o)
	case c.Method == responseMethod:
		return http.StatusBadRequest, encode(o)
	}
	return http.StatusOK, encode(o)
}

func (s *Server) record(c *Call, code string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Error, c.Status = code, status
	s.calls = append(s.calls, *c)
	s.touch()
}

// pause waits, and reports whether anybody is there still.
func (s *Server) pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.closed:
	}
	return false
}

// page cuts a list at limit, from where a cursor points, and gives the next cursor.
func page[T any](all []T, c *Call, most int) (part []T, cursor string) {
	from, _ := strconv.Atoi(strings.TrimPrefix(c.str("cursor"), "next:"))
	limit, _ := num(c.Args, "limit")
	if limit <= 0 {
		limit = 100
	}
	from = min(max(from, 0), len(all))
	to := min(from+min(limit, most), len(all))
	if to < len(all) {
		cursor = "next:" + strconv.Itoa(to)
	}
	return all[from:to], cursor
}
