package discord

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// meters are the adapter's metrics. Labels are of closed sets: kinds of events, reasons, names of calls.
type meters struct {
	events  *prometheus.CounterVec
	dropped *prometheus.CounterVec
	calls   *prometheus.CounterVec
	ack     prometheus.Histogram
	sockets prometheus.Gauge
}

func newMeters(registry prometheus.Registerer) *meters {
	auto := promauto.With(registry)
	return &meters{
		events: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_discord_events_total", Help: "Events from Discord, by kind: command, mention, message, action, submission, suggestion.",
		}, []string{"kind"}),
		dropped: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_discord_dropped_total",
			Help: "Events that were not worked on, by reason: foreign_app, foreign_guild, unroutable, malformed, bad_signature, overload.",
		}, []string{"reason"}),
		calls: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "callboard_discord_calls_total", Help: "Calls of Discord's API, by name and result: fine, limited, refused or failed.",
		}, []string{"method", "result"}),
		ack: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "callboard_discord_ack_seconds", Help: "Time from an event to its acknowledgement; Discord waits for 3 s.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 3, 9),
		}),
		sockets: auto.NewGauge(prometheus.GaugeOpts{
			Name: "callboard_discord_sockets", Help: "Connections to the gateway that are ready.",
		}),
	}
}
