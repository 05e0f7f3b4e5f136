// Package metrics counts what the service does, for Prometheus. The names are the
// ones that the stack's alerts and dashboards use.
package metrics

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coditect-ai/license-platform/app"
)

// Metrics holds every instrument. It implements app.Meter.
type Metrics struct {
	registry *prometheus.Registry

	requests         *prometheus.CounterVec
	requestSeconds   *prometheus.HistogramVec
	inFlight         prometheus.Gauge
	signErrors       prometheus.Counter
	dependency       *prometheus.HistogramVec
	dependencyErrors *prometheus.CounterVec
	leases           *prometheus.CounterVec
	inUse, seats     *prometheus.GaugeVec
	sums             [3]prometheus.Gauge
	rebuilt          prometheus.Counter
	filled           prometheus.Gauge

	answered *series[answer, prometheus.Counter]
	took     *series[string, prometheus.Observer]
}

// answer is what the answers to requests are counted by.
type answer struct {
	route, method string
	code          int
}

var _ app.Meter = (*Metrics)(nil)

// New returns the instruments on a registry of their own.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered, by route, method and status code.",
		}, []string{"route", "method", "code"}),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to answer a request, by route.",
			Buckets: []float64{.001, .005, .025, .1, .25, 1, 5},
		}, []string{"route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight", Help: "Requests being worked on.",
		}),
		signErrors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kms_sign_errors_total", Help: "Signatures that KMS did not give.",
		}),
		dependency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dependency_duration_seconds", Help: "Time of calls to PostgreSQL, Redis and KMS; the operations of PostgreSQL, and those of Redis, are one series.",
			Buckets: []float64{.0005, .001, .005, .01, .025, .1, .25, 1, 5},
		}, []string{"dependency", "operation"}),
		dependencyErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dependency_errors_total", Help: "Calls to PostgreSQL, Redis and KMS that failed.",
		}, []string{"dependency", "operation"}),
		leases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "license_leases_total", Help: "Leases by outcome: granted, extended, exhausted (no seat was free), refused, revived, released, expired, taken (its seat was given to another device).",
		}, []string{"outcome"}),
		inUse: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "license_seats_in_use", Help: "Live leases of one of the fullest licences, as housekeeping saw them last.",
		}, []string{"tenant", "license"}),
		seats: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "license_seats", Help: "Seats of one of the fullest licences.",
		}, []string{"tenant", "license"}),
		sums: [3]prometheus.Gauge{
			prometheus.NewGauge(prometheus.GaugeOpts{Name: "license_busy", Help: "Licences with a live lease, as every pod sees them."}),
			prometheus.NewGauge(prometheus.GaugeOpts{Name: "license_busy_seats_in_use", Help: "Live leases of all licences together, as every pod sees them."}),
			prometheus.NewGauge(prometheus.GaugeOpts{Name: "license_busy_seats", Help: "Seats of all licences with a live lease together, as every pod sees them."}),
		},
		rebuilt: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "license_rebuilds_total", Help: "Licences whose live seats were rebuilt from the ledger.",
		}),
	}
	m.filled = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "redis_memory_used_ratio", Help: "Used share of the memory of Redis, as the readiness probe saw it last: at 1 new seats are refused.",
	})
	// An outcome that never happened is 0, not absent: Cloud Monitoring refuses an
	// alert over a metric that was never written, and a rate misses a first count.
	for _, outcome := range []string{"granted", "extended", "exhausted", "refused", "revived", "released", "expired", "taken"} {
		m.leases.WithLabelValues(outcome)
	}
	m.registry.MustRegister(m.requests, m.requestSeconds, m.inFlight, m.signErrors, m.dependency, m.dependencyErrors,
		m.leases, m.inUse, m.seats, m.sums[0], m.sums[1], m.sums[2], m.rebuilt, m.filled, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.answered = newSeries(func(a answer) prometheus.Counter {
		return m.requests.WithLabelValues(a.route, a.method, strconv.Itoa(a.code))
	})
	m.took = newSeries(func(route string) prometheus.Observer { return m.requestSeconds.WithLabelValues(route) })
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 5 * time.Second})
}

// Pool adds gauges over the database pool.
func (m *Metrics) Pool(pool *pgxpool.Pool) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "db_connections_active", Help: "Database connections in use."},
			func() float64 { return float64(pool.Stat().AcquiredConns()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "db_connections_max", Help: "Database connections that may be open."},
			func() float64 { return float64(pool.Stat().MaxConns()) }),
	)
}

// Started counts a request in, and returns what counts it out.
func (m *Metrics) Started() (done func(route, method string, code int, took time.Duration)) {
	m.inFlight.Inc()
	return func(route, method string, code int, took time.Duration) {
		m.inFlight.Dec()
		m.answered.of(answer{route, method, code}).Inc()
		m.took.of(route).Observe(took.Seconds())
	}
}

// Dependency returns what observes calls to one dependency: postgres, redis or kms.
func (m *Metrics) Dependency(name string) func(operation string, took time.Duration, err error) {
	calls := newSeries(func(operation string) prometheus.Observer {
		// They are some forty, and each would cost as many series as there are buckets.
		if name != "kms" {
			operation = "all"
		}
		return m.dependency.WithLabelValues(name, operation)
	})
	return func(operation string, took time.Duration, err error) {
		calls.of(operation).Observe(took.Seconds())
		if err == nil || errors.Is(err, context.Canceled) {
			// A caller that gives up, or hangs up, says nothing about the dependency.
			return
		}
		m.dependencyErrors.WithLabelValues(name, operation).Inc()
		if name == "kms" && operation == "sign" {
			m.signErrors.Inc()
		}
	}
}

// Lease implements app.Meter.
func (m *Metrics) Lease(outcome string, n int) { m.leases.WithLabelValues(outcome).Add(float64(n)) }

// Full implements app.Meter. A licence that is not among the fullest any more has no
// series any more.
func (m *Metrics) Full(f app.Fullness) {
	for i, n := range []int{f.Licenses, f.InUse, f.Seats} {
		m.sums[i].Set(float64(n))
	}
	m.inUse.Reset()
	m.seats.Reset()
	for _, one := range f.Fullest {
		m.inUse.WithLabelValues(one.Ref.Tenant, one.Ref.License).Set(float64(one.InUse))
		m.seats.WithLabelValues(one.Ref.Tenant, one.Ref.License).Set(float64(one.Seats))
	}
}

// Filled sets the used share of the memory of Redis, between 0 and 1.
func (m *Metrics) Filled(share float64) { m.filled.Set(share) }

// Rebuilt implements app.Meter.
func (m *Metrics) Rebuilt() { m.rebuilt.Inc() }
