package app

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"callboard/bot"
	"callboard/catalog"
	"callboard/catalog/docs"
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
	lag          *prometheus.HistogramVec
	webhooks     *prometheus.CounterVec
	refusals     *prometheus.CounterVec
	docs         docsMeters
}

func newMeters(registry *prometheus.Registry) *meters {
	auto := promauto.With(registry)
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &meters{
		registry: registry, docs: newDocsMeters(auto),
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
		lag: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name: "callboard_source_lag_seconds",
			Help: "Time that a change waited from its push, or from the last check that saw nothing of it, until it was served.",
			// Fine where webhooks should be, coarse where polling and failing sources are.
			Buckets: []float64{0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 1800, 3600, 4 * 3600, 24 * 3600},
		}, []string{"source"}),
		refusals: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_refusals_total", Help: "Requests for an entity that a rule hides from the asker, by platform.",
		}, []string{"platform"}),
		webhooks: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_webhooks_total",
			Help: "Deliveries of webhooks, by forge and result: accepted, repeated, unknown, ignored, refused, malformed, too_large, off or busy.",
		}, []string{"forge", "result"}),
	}
}

// watch exposes what the served catalog and its documentation are like, and how long news of each source
// has been known of that is not in it.
func (m *meters) watch(snapshot func() *catalog.Snapshot, library *docs.Library, rules func() []catalog.Problem, behind func() map[string]time.Duration) {
	m.registry.MustRegister(&catalogCollector{
		snapshot: snapshot, docs: library, rules: rules, news: behind,
		entities:  prometheus.NewDesc("callboard_catalog_entities", "Entities served.", nil, nil),
		problems:  prometheus.NewDesc("callboard_catalog_problems", "Problems of descriptors, documentation and the file of rules, by rule.", []string{"rule"}, nil),
		conflicts: prometheus.NewDesc("callboard_catalog_conflicts", "Entities that more than one file defines.", nil, nil),
		failures:  prometheus.NewDesc("callboard_source_failures", "Checks of the source that failed in a row.", []string{"source"}, nil),
		lastLag:   prometheus.NewDesc("callboard_source_last_lag_seconds", "The lag of the newest change of the source, as in callboard_source_lag_seconds.", []string{"source"}, nil),
		behind:    prometheus.NewDesc("callboard_source_behind_seconds", "How long a webhook's news of the source has been waiting to be served; 0 when none is.", []string{"source"}, nil),
		checked:   prometheus.NewDesc("callboard_source_checked_timestamp_seconds", "When the source was last found to be at the revision that is served.", []string{"source"}, nil),
		failing:   prometheus.NewDesc("callboard_source_failing", "1 while the last check of the source failed.", []string{"source"}, nil),
		waiting:   prometheus.NewDesc("callboard_source_waiting", "1 while a removal waits for callboard sync --confirm.", []string{"source"}, nil),
	})
}

type catalogCollector struct {
	snapshot                                                                            func() *catalog.Snapshot
	docs                                                                                *docs.Library
	rules                                                                               func() []catalog.Problem
	news                                                                                func() map[string]time.Duration
	entities, problems, conflicts, checked, failing, failures, waiting, lastLag, behind *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *catalogCollector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.entities, c.problems, c.conflicts, c.checked, c.failing, c.failures, c.waiting, c.lastLag, c.behind} {
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
	disputed := map[catalog.Ref]bool{} // the holder and everybody else have a problem each
	for _, p := range slices.Concat(view.Problems(), c.docs.Problems(view), c.rules()) {
		byRule[p.Rule]++
		if p.Rule == catalog.RuleConflict {
			disputed[p.Ref] = true
		}
	}
	gauge(c.conflicts, float64(len(disputed)))
	for rule, n := range byRule {
		gauge(c.problems, float64(n), string(rule))
	}
	behind := c.news()
	for _, source := range view.Sources() {
		if !source.CheckedAt.IsZero() {
			gauge(c.checked, float64(source.CheckedAt.Unix()), source.Name)
		}
		gauge(c.failing, oneIf(source.Error != ""), source.Name)
		gauge(c.failures, float64(source.Failures), source.Name)
		gauge(c.waiting, oneIf(source.Waiting != ""), source.Name)
		if source.Lag > 0 {
			gauge(c.lastLag, source.Lag.Seconds(), source.Name)
		}
		gauge(c.behind, behind[source.Name].Seconds(), source.Name)
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
	if e.Lag > 0 {
		a.meters.lag.WithLabelValues(e.Source).Observe(e.Lag.Seconds())
	}
	if set := e.Set; set != nil && !set.Empty() && e.Err == nil {
		a.log.Info("catalog changed", "source", e.Source, "added", len(set.Added), "changed", len(set.Changed),
			"moved", len(set.Moved), "removed", len(set.Removed), "files", strconv.Itoa(len(set.Files)), "took_ms", e.Took.Milliseconds())
	}
}
