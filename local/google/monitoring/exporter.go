package monitoring

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coditect-ai/license-platform/local/edge/loadbalancer"
)

// bounds are the upper ends of the buckets for latency, in milliseconds.
func bounds() []float64 {
	return []float64{1, 2, 5, 10, 20, 50, 75, 100, 150, 200, 250, 300, 400, 500, 600, 750, 800, 1000, 1250, 1500, 2000, 2500, 3000, 4000, 5000, 7500, 10000, 20000, 30000}
}

func isBound(milliseconds float64) bool { return slices.Contains(bounds(), milliseconds) }

func boundsText() string {
	texts := make([]string, 0, len(bounds()))
	for _, b := range bounds() {
		texts = append(texts, strconv.FormatFloat(b, 'g', -1, 64))
	}
	return strings.Join(texts, ", ")
}

// Memory is how full a Memorystore instance is, in bytes.
type Memory struct {
	// Instance is its full name, projects/P/locations/L/instances/I.
	Instance  string
	Used, Max float64
}

// google exports the metrics of Google's services, under their PromQL names
// (https://cloud.google.com/monitoring/promql/promql-mapping) and with the labels that
// have a meaning here.
type google struct {
	registry *prometheus.Registry
	project  string

	requests  *prometheus.CounterVec
	latencies *prometheus.HistogramVec
	policy    *prometheus.CounterVec
	passed    *prometheus.GaugeVec
	days      *prometheus.GaugeVec
}

// memoryTimeout bounds how long a scrape waits for Redis.
const memoryTimeout = time.Second

func newGoogle(project string, memory func(context.Context) []Memory, read func(context.Context) []Database) *google {
	labelled := func(resource string) prometheus.Labels {
		return prometheus.Labels{"monitored_resource": resource, "project_id": project}
	}
	g := &google{
		registry: prometheus.NewRegistry(), project: project,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "loadbalancing_googleapis_com:https_request_count", Help: "Requests, by backend and class of the answer.",
			ConstLabels: labelled("https_lb_rule"),
		}, []string{"url_map_name", "backend_target_name", "response_code_class"}),
		latencies: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "loadbalancing_googleapis_com:https_total_latencies", Help: "Milliseconds from a request's arrival to its answer's end.",
			ConstLabels: labelled("https_lb_rule"), Buckets: bounds(),
		}, []string{"url_map_name", "backend_target_name", "response_code_class"}),
		policy: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "networksecurity_googleapis_com:https_request_count", Help: "Requests that a Cloud Armor policy evaluated.",
			ConstLabels: labelled("network_security_policy"),
		}, []string{"policy_name", "backend_target_name", "blocked"}),
		passed: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "monitoring_googleapis_com:uptime_check_check_passed", Help: "1 when a checker was satisfied.",
			ConstLabels: labelled("uptime_url"),
		}, []string{"check_id", "host", "checker_location"}),
		days: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires", Help: "Days for which the served certificate is valid yet.",
			ConstLabels: labelled("uptime_url"),
		}, []string{"check_id", "host", "checker_location"}),
	}
	g.registry.MustRegister(newDatabases(labelled("cloudsql_database"), read), g.requests, g.latencies, g.policy, g.passed, g.days, &memories{
		read: memory,
		ratio: prometheus.NewDesc("redis_googleapis_com:stats_memory_usage_ratio", "Share of the memory that is used.",
			[]string{"instance_id"}, labelled("redis_instance")),
	})
	return g
}

func (g *google) handler() http.Handler {
	return promhttp.HandlerFor(g.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// classes are those that an answer can have in the load balancer's metrics. A
// series that began with its first request would hide that request from rate().
func classes() []string { return []string{"0", "200", "300", "400", "500"} }

// expect begins the series of a backend and of a policy at zero.
func (g *google) expect(urlMap, backend, policy string) {
	for _, class := range classes() {
		g.requests.WithLabelValues(urlMap, backend, class)
		g.latencies.WithLabelValues(urlMap, backend, class)
	}
	if policy != "" {
		for _, blocked := range []string{"true", "false"} {
			g.policy.WithLabelValues(policy, backend, blocked)
		}
	}
}

// count adds a request once it is over.
func (g *google) count(e loadbalancer.LogEntry) {
	labels := e.Resource.Labels
	urlMap, backend := labels["url_map_name"], labels["backend_service_name"]
	class := strconv.Itoa(e.HTTPRequest.Status / 100 * 100)
	if e.HTTPRequest.Status == http.StatusSwitchingProtocols {
		class = "200" // a WebSocket that was served; the API has none
	}
	g.requests.WithLabelValues(urlMap, backend, class).Inc()
	if took, err := time.ParseDuration(e.HTTPRequest.Latency); err == nil {
		g.latencies.WithLabelValues(urlMap, backend, class).Observe(float64(took) / float64(time.Millisecond))
	}
	if enforced := e.Payload.Enforced; enforced != nil {
		g.policy.WithLabelValues(enforced.Name, backend, fmt.Sprint(enforced.Outcome == "DENY")).Inc()
	}
}

// memories reads how full the Memorystore instances are, at each scrape.
type memories struct {
	read  func(context.Context) []Memory
	ratio *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (m *memories) Describe(described chan<- *prometheus.Desc) { described <- m.ratio }

// Collect implements prometheus.Collector.
func (m *memories) Collect(collected chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), memoryTimeout)
	defer cancel()
	for _, instance := range m.read(ctx) {
		if instance.Max > 0 {
			collected <- prometheus.MustNewConstMetric(m.ratio, prometheus.GaugeValue, instance.Used/instance.Max, instance.Instance)
		}
	}
}
