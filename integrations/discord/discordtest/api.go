package discordtest

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Call is a call of the REST API.
type Call struct {
	Route  string // such as "POST /channels/{channel}/messages"
	Path   string // as it was called, without "/api" and the version
	Args   object // of the body
	At     time.Time
	Status int // of HTTP; 0 when the connection was cut
	Code   int // of the error, 0 for none

	raw     any // the body when it is no object
	files   []Attachment
	request *http.Request
	token   string
	agent   string
}

// route is a route of the API. Perform holds the lock; it gives nil for an answer without content.
type route struct {
	pattern string
	open    bool // needs no token of the bot: the path holds one
	perform func(s *Server, c *Call) (any, *failure)
}

// Calls gives the calls of a route so far, "" for all.
func (s *Server) Calls(route string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Call
	for _, c := range s.calls {
		if route == "" || c.Route == route {
			all = append(all, c)
		}
	}
	return all
}

// routes is the API as far as it is known here.
func routes() []route {
	return []route{
		{"GET /gateway", true, (*Server).getGateway},
		{"GET /gateway/bot", false, (*Server).getGatewayBot},
		{"GET /users/@me", false, (*Server).getMe},
		{"GET /users/@me/guilds", false, (*Server).getGuilds},
		{"GET /users/{user}", false, (*Server).getUser},
		{"POST /users/@me/channels", false, (*Server).openDirect},
		{"GET /applications/@me", false, (*Server).getApplication},
		{"GET /oauth2/applications/@me", false, (*Server).getApplication},
		{"PATCH /applications/@me", false, (*Server).editApplication},
		{"GET /guilds/{guild}", false, (*Server).getGuild},
		{"GET /guilds/{guild}/channels", false, (*Server).getChannels},
		{"POST /guilds/{guild}/channels", false, (*Server).createChannel},
		{"GET /guilds/{guild}/roles", false, (*Server).getRoles},
		{"GET /guilds/{guild}/members", false, (*Server).getMembers},
		{"GET /guilds/{guild}/members/{user}", false, (*Server).getMember},
		{"GET /channels/{channel}", false, (*Server).getChannel},
		{"PATCH /channels/{channel}", false, (*Server).editChannel},
		{"GET /channels/{channel}/messages", false, (*Server).getMessages},
		{"POST /channels/{channel}/messages", false, (*Server).createMessage},
		{"GET /channels/{channel}/messages/{message}", false, (*Server).getMessage},
		{"PATCH /channels/{channel}/messages/{message}", false, (*Server).editMessage},
		{"DELETE /channels/{channel}/messages/{message}", false, (*Server).deleteMessage},
		{"GET /channels/{channel}/messages/pins", false, (*Server).getPins},
		{"PUT /channels/{channel}/messages/pins/{message}", false, (*Server).pin},
		{"DELETE /channels/{channel}/messages/pins/{message}", false, (*Server).unpin},
		{"GET /channels/{channel}/pins", false, (*Server).getOldPins},
		{"PUT /channels/{channel}/pins/{message}", false, (*Server).pin},
		{"DELETE /channels/{channel}/pins/{message}", false, (*Server).unpin},
		{"POST /channels/{channel}/typing", false, (*Server).typing},
		{"POST /channels/{channel}/threads", false, (*Server).createThread},
		{"POST /channels/{channel}/messages/{message}/threads", false, (*Server).createThread},
		{"GET /applications/{app}/commands", false, (*Server).getCommands},
		{"PUT /applications/{app}/commands", false, (*Server).overwriteCommands},
		{"POST /applications/{app}/commands", false, (*Server).createCommand},
		{"DELETE /applications/{app}/commands/{command}", false, (*Server).deleteCommand},
		{"GET /applications/{app}/guilds/{guild}/commands", false, (*Server).getCommands},
		{"PUT /applications/{app}/guilds/{guild}/commands", false, (*Server).overwriteCommands},
		{"POST /applications/{app}/guilds/{guild}/commands", false, (*Server).createCommand},
		{"DELETE /applications/{app}/guilds/{guild}/commands/{command}", false, (*Server).deleteCommand},
		{callbackRoute, true, (*Server).callback},
		{"POST /webhooks/{app}/{token}", true, (*Server).createFollowUp},
		{"GET /webhooks/{app}/{token}/messages/{message}", true, (*Server).getFollowUp},
		{"PATCH /webhooks/{app}/{token}/messages/{message}", true, (*Server).editFollowUp},
		{"DELETE /webhooks/{app}/{token}/messages/{message}", true, (*Server).deleteFollowUp},
	}
}

const callbackRoute = "POST /interactions/{interaction}/{token}/callback"

func (s *Server) mux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		mux.HandleFunc(method+" /api/{version}"+path, func(w http.ResponseWriter, req *http.Request) { s.serveAPI(w, req, r) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		s.serveAPI(w, req, route{pattern: req.Method + " " + req.URL.Path, open: true, perform: (*Server).noRoute})
	})
	for _, path := range []string{"/gateway", "/resume"} {
		mux.HandleFunc("GET "+path, s.serveSocket)
		mux.HandleFunc("GET "+path+"/{$}", s.serveSocket)
	}
	return mux
}

func (s *Server) noRoute(c *Call) (any, *failure) {
	s.violate("%s: there is no such route", c.Route)
	return nil, notFound()
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, to route) {
	c := &Call{Route: to.pattern, At: s.now(), Status: http.StatusOK, request: r, agent: r.UserAgent()}
	if version := r.PathValue("version"); version != "" {
		c.Path = strings.TrimPrefix(r.URL.Path, "/api/"+version)
	}
	c.token = r.Header.Get("Authorization")
	broken := c.read(r)
	s.mu.Lock()
	fault := s.faults.next(c.Route)
	s.mu.Unlock()
	if fault != nil && fault.Slow > 0 && !s.pause(r, fault.Slow) {
		return
	}
	if fault != nil && !fault.After && !fault.Half && fault.strikes() {
		s.record(c, fault.status(), fault.Code, fault.scope())
		fault.write(w, nil)
		return
	}
	s.mu.Lock()
	var answer any
	f := s.admit(w, c, to)
	if f == nil {
		f = broken
	}
	if f == nil {
		answer, f = to.perform(s, c)
	}
	status, body := render(w, answer, f)
	s.mu.Unlock()
	if fault != nil && fault.strikes() {
		s.record(c, fault.status(), fault.Code, fault.scope())
		fault.write(w, body)
		return
	}
	if f != nil {
		s.record(c, status, f.code, f.scope)
	} else {
		s.record(c, status, 0, "")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// admit judges who calls and how often. The caller holds the lock.
func (s *Server) admit(w http.ResponseWriter, c *Call, to route) *failure {
	if v := c.param("version"); v != "" && v != "v9" && v != "v10" {
		s.violate("%s: version %s of the API is not served any more", c.Route, v)
		return fail(http.StatusBadRequest, 50041, "Invalid API version provided.")
	}
	if !strings.HasPrefix(c.agent, "DiscordBot (") {
		s.violate("%s: the user agent must begin with %q, not %q", c.Route, "DiscordBot (", c.agent)
	}
	if f := s.rates.banned(c.At, s.options.InvalidLimit); f != nil {
		s.violate("%s: %d invalid requests within 10 min, the address is banned", c.Route, s.options.InvalidLimit)
		return f
	}
	if !to.open && (c.token != "Bot "+s.Token || s.revoked) {
		return unauthorized()
	}
	if s.options.Unlimited {
		return nil
	}
	return s.limit(w, c, to)
}

// read reads the body: JSON, or a form of several parts with files.
func (c *Call) read(r *http.Request) *failure {
	c.Args = object{}
	body := io.LimitReader(r.Body, maxRequest+1)
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		return c.readParts(multipart.NewReader(body, params["boundary"]))
	}
	text, err := io.ReadAll(body)
	switch {
	case err != nil:
		return fail(http.StatusBadRequest, 0, "400: Bad Request")
	case len(text) > maxRequest:
		return tooLarge()
	case len(text) == 0:
		return nil
	case kind != "application/json":
		return fail(http.StatusUnsupportedMediaType, 50035, `Expected "Content-Type" header to be one of {'application/json'}.`)
	}
	return c.decode(text)
}

func (c *Call) decode(text []byte) *failure {
	if json.Unmarshal(text, &c.raw) != nil {
		return badJSON()
	}
	if o, isObject := c.raw.(object); isObject {
		c.Args = o
	}
	return nil
}

func (c *Call) readParts(r *multipart.Reader) *failure {
	total := 0
	for {
		p, err := r.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart gives io.EOF itself
			return nil
		}
		if err != nil {
			return fail(http.StatusBadRequest, 0, "400: Bad Request")
		}
		text, err := io.ReadAll(io.LimitReader(p, maxRequest+1))
		total += len(text)
		switch {
		case err != nil:
			return fail(http.StatusBadRequest, 0, "400: Bad Request")
		case total > maxRequest || p.FileName() != "" && len(text) > maxFile:
			return tooLarge()
		case p.FormName() == "payload_json":
			if f := c.decode(text); f != nil {
				return f
			}
		case p.FileName() != "":
			id, known := strings.CutPrefix(p.FormName(), "files[")
			if !known {
				id = strings.TrimPrefix(p.FormName(), "file")
			}
			c.files = append(c.files, Attachment{ID: strings.TrimSuffix(id, "]"), Name: p.FileName(), Content: text})
		}
	}
}

func (c *Call) param(key string) string { return c.request.PathValue(key) }
func (c *Call) queried(key string) string {
	return c.request.URL.Query().Get(key)
}

// fileNames gives the names of what is uploaded, never nil.
func (c *Call) fileNames() []string {
	all := []string{}
	for _, f := range c.files {
		all = append(all, f.Name)
	}
	return all
}

// render sets the headers of an answer, and gives its status and its body.
func render(w http.ResponseWriter, answer any, f *failure) (int, []byte) {
	w.Header().Set("Content-Type", "application/json")
	if f == nil {
		if answer == nil {
			return http.StatusNoContent, nil
		}
		if c, isCreated := answer.(created); isCreated {
			return http.StatusCreated, encode(c.what)
		}
		return http.StatusOK, encode(answer)
	}
	if f.page != "" {
		w.Header().Set("Content-Type", "text/plain")
	}
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.retry+time.Second-1)/time.Second)))
	}
	if f.scope != "" {
		w.Header().Set("X-RateLimit-Scope", f.scope)
	}
	if f.global {
		w.Header().Set("X-RateLimit-Global", "true")
	}
	return f.status, f.body()
}

// created is an answer of 201.
type created struct{ what any }

func (s *Server) record(c *Call, status, code int, scope string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Status, c.Code, c.request = status, code, nil
	s.rates.answered(c.At, status, scope)
	s.calls = append(s.calls, *c)
	if len(s.calls) > manyCalls {
		s.calls = s.calls[len(s.calls)-manyCalls/2:]
	}
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
