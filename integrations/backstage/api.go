package backstage

import (
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"callboard/catalog"
	"callboard/catalog/policy"
)

// Options configure the API.
type Options struct {
	Catalog func() *catalog.Snapshot
	Viewer  func(policy.Actor) catalog.Viewer

	Tokens    []Token
	Anonymous bool // answer requests without a token too, if they come to a loopback host

	Hidden func(asker policy.Actor, route string, ref catalog.Ref) // told of each entity that is asked for by name and hidden; nil: nobody looks

	Finders []Finder // what /api/search/query finds beside the catalog

	Log     *slog.Logger
	Observe func(route string, status int, took time.Duration) // nil: nobody looks
}

// API answers below /api/catalog/ and /api/search/. It is an http.Handler.
type API struct {
	opts    Options
	doorman *doorman
	mux     *http.ServeMux
	gzips   sync.Pool
	index   atomic.Pointer[index]
	making  sync.Mutex // held by who makes an index
}

// New makes the API. It reads no secrets and builds nothing until it is asked.
func New(o Options) *API {
	a := &API{opts: o, mux: http.NewServeMux()}
	a.doorman = &doorman{tokens: o.Tokens, anonymous: o.Anonymous, log: o.Log, now: time.Now, failing: map[string]bool{}}
	for _, route := range a.routes() {
		a.mux.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, route) })
	}
	return a
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// route is one kind of request. Answer reads the whole question before it calls request.fresh, which may end
// the matter, and writes through the reply.
type route struct {
	pattern string
	name    string // for metrics
	answer  func(r *request) error
}

func (a *API) routes() []route {
	return []route{
		{"GET /api/catalog/entities/by-name/{kind}/{namespace}/{name}", "by-name", (*request).byName},
		{"GET /api/catalog/entities/by-query", "by-query", (*request).byQuery},
		{"GET /api/catalog/entities", "entities", (*request).entities},
		{"POST /api/catalog/entities/by-refs", "by-refs", (*request).byRefs},
		{"GET /api/catalog/entity-facets", "entity-facets", (*request).facets},
		{"GET /api/search/query", "search", (*request).search},
		{"/api/catalog/", "other", (*request).unknown},
		{"/api/search/", "other", (*request).unknown},
	}
}

// request is one question, together with the catalog as its asker sees it.
type request struct {
	*http.Request
	api      *API
	reply    *reply
	params   url.Values
	actor    policy.Actor
	snapshot *catalog.Snapshot
	index    *index
	viewer   catalog.Viewer
	view     catalog.View
	seesAll  bool
}

func (a *API) serve(w http.ResponseWriter, r *http.Request, route route) {
	start := time.Now()
	reply := &reply{w: w, gzip: acceptsGzip(r), pool: &a.gzips}
	err := a.answer(reply, r, route)
	if err != nil {
		if _, known := errors.AsType[*apiError](err); !known && !reply.broken {
			a.opts.Log.Error("the Backstage API failed", "route", route.name, "error", err)
		}
		if reply.begun {
			panic(http.ErrAbortHandler) // the client must not take the half of an answer for the whole
		}
		reply.status = writeError(w, r, err)
	}
	if a.opts.Observe != nil {
		a.opts.Observe(route.name, reply.status, time.Since(start))
	}
}

func (a *API) answer(reply *reply, r *http.Request, route route) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("panic: %v\n%s", failure, debug.Stack())
		}
	}()
	actor, err := a.doorman.actor(r)
	if err != nil {
		return err
	}
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return inputError("the part of the URL behind ? cannot be read: %v", err)
	}
	q := &request{Request: r, api: a, reply: reply, params: params, actor: actor, snapshot: a.opts.Catalog()}
	q.view = q.snapshot.As(a.opts.Viewer(actor))
	q.viewer = q.view.Viewer()
	_, q.seesAll = q.viewer.(catalog.Everything)
	q.index = a.indexOf(q.snapshot)
	if err := route.answer(q); err != nil {
		return err
	}
	return reply.close()
}

// indexOf gives the index of a snapshot, making it when the catalog is new.
func (a *API) indexOf(s *catalog.Snapshot) *index {
	if x := a.index.Load(); x.of(s) {
		return x
	}
	a.making.Lock()
	defer a.making.Unlock()
	if x := a.index.Load(); x.of(s) {
		return x
	}
	x := newIndex(s, a.index.Load())
	a.index.Store(x)
	return x
}

// sees reports whether the asker sees an entity of the index.
func (r *request) sees(i uint32) bool {
	return r.seesAll || r.viewer != nil && r.viewer.CanSee(r.index.entities[i])
}

// noteHidden tells of a ref that names an entity which the asker must not see.
func (r *request) noteHidden(route string, ref catalog.Ref) {
	if r.api.opts.Hidden == nil || r.seesAll {
		return
	}
	if at, exists := position(r.index.entities, ref); exists && !r.sees(uint32(at)) {
		r.api.opts.Hidden(r.actor, route, ref)
	}
}

func (r *request) column(key string) *column { return r.index.column(r.snapshot, key) }

// fresh tells the state of the catalog that the answer is drawn from, and reports whether the asker has
// this very answer already; the reply is complete then.
func (r *request) fresh() bool {
	viewer := fnv.New32a()
	_, _ = viewer.Write([]byte(r.actor.User.String()))
	etag := `W/"` + strconv.FormatInt(r.index.built.UnixNano(), 36) + "." + strconv.FormatInt(r.index.revision, 36) + "." +
		strconv.FormatUint(uint64(viewer.Sum32()), 36) + `"`
	h := r.reply.w.Header()
	h.Set("ETag", etag)
	h.Set("Cache-Control", "private, no-cache") // keep it, but ask whether it still holds
	h.Set("Vary", "Authorization, Accept-Encoding")
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		known = strings.TrimSpace(known)
		if known == "*" || strings.TrimPrefix(known, "W/") == strings.TrimPrefix(etag, "W/") {
			r.reply.notModified()
			return true
		}
	}
	return false
}

// render gives an entity as the asker sees it.
func (r *request) render(e *catalog.Entity) ([]byte, error) {
	key := renderedKey{ref: e.Ref, all: r.seesAll}
	if !r.seesAll {
		key.viewer = r.actor.User
	}
	if text := r.index.rendered.get(key); text != nil {
		return text, nil
	}
	text, err := r.view.Describe(e)
	if err != nil {
		return nil, err
	}
	r.index.rendered.put(key, text)
	return text, nil
}

func (r *request) unknown() error {
	return notFound("%s %s is not part of this API, which reads entities and searches", r.Method, r.URL.Path)
}
