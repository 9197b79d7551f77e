package slack

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// meters are the adapter's metrics. Labels are of closed sets: kinds of events, reasons, methods of the Web API.
type meters struct {
	events  *prometheus.CounterVec
	dropped *prometheus.CounterVec
	calls   *prometheus.CounterVec
	ack     prometheus.Histogram
	sockets prometheus.Gauge
	rivals  prometheus.Gauge
}

func newMeters(registry prometheus.Registerer) *meters {
	auto := promauto.With(registry)
	return &meters{
		events: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_slack_events_total", Help: "Events from Slack, by kind: command, mention, message, action, submission, suggestion, home.",
		}, []string{"kind"}),
		dropped: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_slack_dropped_total",
			Help: "Events that were not worked on, by reason: foreign_app, foreign_workspace, unroutable, malformed, bad_signature, overload.",
		}, []string{"reason"}),
		calls: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_slack_calls_total", Help: "Calls of Slack's Web API, by method and result: fine, limited, refused or failed.",
		}, []string{"method", "result"}),
		ack: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "callboard_slack_ack_seconds", Help: "Time from an event to its acknowledgement; Slack waits for 3 s.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 3, 9),
		}),
		sockets: auto.NewGauge(prometheus.GaugeOpts{
			Name: "callboard_slack_sockets", Help: "Socket Mode connections that are open.",
		}),
		rivals: auto.NewGauge(prometheus.GaugeOpts{
			Name: "callboard_slack_foreign_sockets", Help: "Socket Mode connections of other programs to the same app, which get a part of its events.",
		}),
	}
}
