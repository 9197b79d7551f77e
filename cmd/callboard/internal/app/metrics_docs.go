package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"callboard/catalog/docs"
)

// docsMeters are the metrics of the index of the documentation.
type docsMeters struct {
	updates  *prometheus.CounterVec
	duration prometheus.Histogram
	lag      prometheus.Histogram
}

func newDocsMeters(auto promauto.Factory) docsMeters {
	return docsMeters{
		updates: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_docs_updates_total", Help: "Attempts to bring the index of the documentation in step, by result: fine or failed.",
		}, []string{"result"}),
		duration: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "callboard_docs_update_duration_seconds", Help: "Time to bring the index of the documentation in step.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}),
		lag: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "callboard_docs_lag_seconds", Help: "Time from a new catalog until its documentation was found.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}),
	}
}

// docsCollector exposes what the index is like now.
type docsCollector struct {
	library *docs.Library
	waiting func() time.Duration

	entities, pages, sections, bytes, behind *prometheus.Desc
}

func (a *App) watchDocs() {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	a.meters.registry.MustRegister(&docsCollector{
		library: a.docs, waiting: a.docsWaiting,
		entities: desc("callboard_docs_entities", "Entities with documentation, or with problems in it."),
		pages:    desc("callboard_docs_pages", "Pages in the index."),
		sections: desc("callboard_docs_sections", "Sections in the index."),
		bytes:    desc("callboard_docs_index_bytes", "Size of the index on the disk, without its journal."),
		behind:   desc("callboard_docs_behind_seconds", "How long the catalog has been newer than the index; 0 when it is not."),
	})
}

// Describe implements prometheus.Collector.
func (c *docsCollector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.entities, c.pages, c.sections, c.bytes, c.behind} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *docsCollector) Collect(out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	size := c.library.Size()
	gauge(c.entities, float64(size.Shelves))
	gauge(c.pages, float64(size.Pages))
	gauge(c.sections, float64(size.Sections))
	gauge(c.bytes, float64(size.Bytes))
	gauge(c.behind, c.waiting().Seconds())
}
