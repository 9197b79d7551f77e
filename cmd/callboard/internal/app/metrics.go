package app

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"callboard/bot"
	"callboard/catalog"
	"callboard/catalog/ingest"
)

// meters are the program's metrics. Label values come from closed sets: verbs, outcomes, rules and the names
// of configured sources.
type meters struct {
	registry     *prometheus.Registry
	requests     *prometheus.CounterVec
	requestTime  prometheus.Histogram
	apiRequests  *prometheus.CounterVec
	apiTime      *prometheus.HistogramVec
	syncs        *prometheus.CounterVec
	syncDuration *prometheus.HistogramVec
}

func newMeters(registry *prometheus.Registry) *meters {
	auto := promauto.With(registry)
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &meters{
		registry: registry,
		requests: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_requests_total", Help: "Commands answered, by verb and outcome.",
		}, []string{"verb", "outcome"}),
		requestTime: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "callboard_request_duration_seconds", Help: "Time from a command to its card.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}),
		apiRequests: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_api_requests_total", Help: "Requests to the catalog's API, by route and HTTP status.",
		}, []string{"route", "status"}),
		apiTime: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name: "callboard_api_request_duration_seconds", Help: "Time from a request to the catalog's API to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}, []string{"route"}),
		syncs: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_syncs_total", Help: "Checks of a source, by result: fine or failed.",
		}, []string{"source", "result"}),
		syncDuration: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name: "callboard_sync_duration_seconds", Help: "Time from asking a source to answering from what it said.",
			Buckets: prometheus.ExponentialBuckets(0.005, 4, 9),
		}, []string{"source"}),
	}
}

// watch exposes what the served catalog is like.
func (m *meters) watch(snapshot func() *catalog.Snapshot) {
	m.registry.MustRegister(&catalogCollector{
		snapshot: snapshot,
		entities: prometheus.NewDesc("callboard_catalog_entities", "Entities served.", nil, nil),
		problems: prometheus.NewDesc("callboard_catalog_problems", "Problems of descriptors, by rule.", []string{"rule"}, nil),
		checked:  prometheus.NewDesc("callboard_source_checked_timestamp_seconds", "When the source was last found to be at the revision that is served.", []string{"source"}, nil),
		failing:  prometheus.NewDesc("callboard_source_failing", "1 while the last check of the source failed.", []string{"source"}, nil),
		waiting:  prometheus.NewDesc("callboard_source_waiting", "1 while a removal waits for callboard sync --confirm.", []string{"source"}, nil),
	})
}

type catalogCollector struct {
	snapshot                                      func() *catalog.Snapshot
	entities, problems, checked, failing, waiting *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *catalogCollector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.entities, c.problems, c.checked, c.failing, c.waiting} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *catalogCollector) Collect(out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	view := c.snapshot().As(catalog.Everything{})
	gauge(c.entities, float64(view.Len()))
	byRule := map[catalog.Rule]int{}
	for _, p := range view.Problems() {
		byRule[p.Rule]++
	}
	for rule, n := range byRule {
		gauge(c.problems, float64(n), string(rule))
	}
	for _, source := range view.Sources() {
		if !source.CheckedAt.IsZero() {
			gauge(c.checked, float64(source.CheckedAt.Unix()), source.Name)
		}
		gauge(c.failing, oneIf(source.Error != ""), source.Name)
		gauge(c.waiting, oneIf(source.Waiting != ""), source.Name)
	}
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}

// observeRequest counts a reply and writes its log line.
func (a *App) observeRequest(req *bot.Request, reply bot.Reply, took time.Duration) {
	if req.Kind == bot.Complete {
		return
	}
	verb := req.Command.Verb
	if reply.Outcome == bot.Misused {
		verb = "" // what people mistype must not become label values
	}
	a.meters.requests.WithLabelValues(verb, string(reply.Outcome)).Inc()
	a.meters.requestTime.Observe(took.Seconds())
	a.log.Info("request", "verb", verb, "outcome", string(reply.Outcome), "platform", req.Address.Platform,
		"account", req.Actor.ChatID, "user", req.Actor.User.String(), "took_us", took.Microseconds())
}

// observeAPI counts an answer of the catalog's API.
func (m *meters) observeAPI(route string, status int, took time.Duration) {
	m.apiRequests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.apiTime.WithLabelValues(route).Observe(took.Seconds())
}

// observeSync counts a sync of a source and writes a log line where there is something to say.
func (a *App) observeSync(e ingest.Event) {
	result := "fine"
	if e.Err != nil {
		result = "failed"
		a.log.Warn("source not synced", "source", e.Source, "error", e.Err)
	}
	a.litter(e)
	a.meters.syncs.WithLabelValues(e.Source, result).Inc()
	a.meters.syncDuration.WithLabelValues(e.Source).Observe(e.Took.Seconds())
	if set := e.Set; set != nil && !set.Empty() {
		a.log.Info("catalog changed", "source", e.Source, "added", len(set.Added), "changed", len(set.Changed),
			"moved", len(set.Moved), "removed", len(set.Removed), "files", strconv.Itoa(len(set.Files)), "took_ms", e.Took.Milliseconds())
	}
}
