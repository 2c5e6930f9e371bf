// Package telemetry is what an operator sees from outside: metrics for Prometheus, traces for OpenTelemetry
// when an endpoint is configured, and a log that never holds up a request. None of it ever carries card data:
// labels are codes, routes and states, never what a caller sent.
package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pasarela"
)

// Metrics of one process. Its methods are safe for concurrent use and do not block.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	latency   *prometheus.HistogramVec
	outcomes  *prometheus.CounterVec
	roundTrip *prometheus.HistogramVec
	link      prometheus.Gauge
	strays    *prometheus.CounterVec
	threeDS   *prometheus.HistogramVec
	batch     prometheus.Histogram
	commit    prometheus.Histogram
	pending   prometheus.Gauge
	due       prometheus.Gauge
	periods   *prometheus.GaugeVec

	webhooks       *prometheus.CounterVec
	webhookTook    prometheus.Histogram
	webhookWaited  prometheus.Histogram
	webhooksParked prometheus.Counter
	webhooksDue    prometheus.Gauge
}

// New returns metrics in a registry of their own, so that several nodes can live in one test.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pasarela_http_requests_total",
			Help: "Requests answered, by route, method and status."}, []string{"route", "method", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pasarela_http_request_seconds",
			Help: "Time from the request's headers to the end of its answer.", Buckets: seconds}, []string{"route"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pasarela_outcomes_total",
			Help: "What came of each verb: result and response code or error code."}, []string{"verb", "result", "code"}),
		roundTrip: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pasarela_acquirer_round_trip_seconds",
			Help: "Time from sending a message to its answer, by message and outcome.", Buckets: seconds}, []string{"message", "outcome"}),
		link: prometheus.NewGauge(prometheus.GaugeOpts{Name: "pasarela_acquirer_link_up",
			Help: "1 while the link to the acquirer is signed on."}),
		strays: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pasarela_acquirer_strays_total",
			Help: "Received messages that answer no request: late, duplicate, unmatched, garbage, bad_length."}, []string{"kind"}),
		threeDS: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pasarela_three_ds_seconds",
			Help: "Time of one message of 3-D Secure, by its type (AReq, RReq, PReq) and what came of it.", Buckets: seconds}, []string{"message", "outcome"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "pasarela_store_commit_units",
			Help: "Units of work that one commit carried.", Buckets: prometheus.ExponentialBuckets(1, 2, 9)}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "pasarela_store_commit_seconds",
			Help: "Time of one commit, flush included.", Buckets: seconds}),
		pending: prometheus.NewGauge(prometheus.GaugeOpts{Name: "pasarela_pending_payments",
			Help: "Payments with a message under way or owed."}),
		due: prometheus.NewGauge(prometheus.GaugeOpts{Name: "pasarela_subscriptions_due",
			Help: "Subscriptions of which a charge is due now."}),
		periods: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pasarela_subscription_periods",
			Help: "Periods of subscriptions: charging and retrying ones, and those that begin today and are paid, failed or skipped."}, []string{"state"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pasarela_webhook_attempts_total",
			Help: "Attempts to deliver: delivered, rejected (answered, not 2xx), unanswered, refused (not sent: address or signature)."}, []string{"outcome"}),
		webhookTook: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "pasarela_webhook_attempt_seconds",
			Help: "Time of one attempt, from its name's look-up to the answer.", Buckets: seconds}),
		webhookWaited: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "pasarela_webhook_wait_seconds",
			Help: "Time from what a delivery tells of, or its replay, to its first attempt.", Buckets: seconds}),
		webhooksParked: prometheus.NewCounter(prometheus.CounterOpts{Name: "pasarela_webhook_parked_total",
			Help: "Deliveries given up after three days."}),
		webhooksDue: prometheus.NewGauge(prometheus.GaugeOpts{Name: "pasarela_webhook_due_endpoints",
			Help: "Endpoints to which something was due when this node last looked."}),
	}
	m.registry.MustRegister(m.requests, m.latency, m.outcomes, m.roundTrip, m.link, m.strays, m.threeDS, m.batch, m.commit, m.pending, m.due, m.periods,
		m.webhooks, m.webhookTook, m.webhookWaited, m.webhooksParked, m.webhooksDue,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// seconds are the histogram buckets, from 100 microseconds to 25 seconds.
var seconds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25}

// Handler serves /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Outcome implements gateway.Observer.
func (m *Metrics) Outcome(verb, result, code string) {
	m.outcomes.WithLabelValues(verb, result, code).Inc()
}

// Request counts one answered request.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.latency.WithLabelValues(route).Observe(took.Seconds())
}

// ThreeDS counts one message of 3-D Secure.
func (m *Metrics) ThreeDS(message, outcome string, took time.Duration) {
	m.threeDS.WithLabelValues(message, outcome).Observe(took.Seconds())
}

// RoundTrip counts one message to the acquirer.
func (m *Metrics) RoundTrip(message pasarela.Message, outcome pasarela.Outcome, took time.Duration) {
	m.roundTrip.WithLabelValues(string(message), string(outcome)).Observe(took.Seconds())
}

// Link tells whether the acquirer can be reached.
func (m *Metrics) Link(up bool) {
	m.link.Set(map[bool]float64{true: 1}[up])
}

// Stray counts a received message that answers no request.
func (m *Metrics) Stray(kind string) { m.strays.WithLabelValues(kind).Inc() }

// Commit counts one commit of the store.
func (m *Metrics) Commit(units int, took time.Duration) {
	m.batch.Observe(float64(units))
	m.commit.Observe(took.Seconds())
}

// Pending tells how many payments are pending.
func (m *Metrics) Pending(n int) { m.pending.Set(float64(n)) }

// Billing tells of how many subscriptions a charge is due, and how many periods are in which state.
func (m *Metrics) Billing(due int, periods map[string]int) {
	m.due.Set(float64(due))
	for state, n := range periods {
		m.periods.WithLabelValues(state).Set(float64(n))
	}
}

// Webhook implements webhook.Observer.
func (m *Metrics) Webhook(outcome string, took time.Duration) {
	m.webhooks.WithLabelValues(outcome).Inc()
	m.webhookTook.Observe(took.Seconds())
}

// WebhookWaited implements webhook.Observer.
func (m *Metrics) WebhookWaited(d time.Duration) { m.webhookWaited.Observe(d.Seconds()) }

// WebhookParked implements webhook.Observer.
func (m *Metrics) WebhookParked() { m.webhooksParked.Inc() }

// WebhooksDue implements webhook.Observer.
func (m *Metrics) WebhooksDue(endpoints int) { m.webhooksDue.Set(float64(endpoints)) }
