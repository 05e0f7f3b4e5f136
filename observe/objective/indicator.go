package objective

import "fmt"

// The load balancer's metrics, which it writes for the resource https_lb_rule.
// https://cloud.google.com/monitoring/api/metrics_gcp_i_o#gcp-loadbalancing
const (
	// Requests counts requests by the class of their answer.
	Requests = "loadbalancing.googleapis.com/https/request_count"
	// Latencies is a distribution of milliseconds from the request's arrival at
	// the edge until the client has acknowledged the answer's last byte.
	Latencies = "loadbalancing.googleapis.com/https/total_latencies"
	// Resource is what both are written for.
	Resource = "https_lb_rule"
)

// The same metrics in PromQL.
// https://cloud.google.com/monitoring/promql/promql-mapping
const (
	requestsPromQL  = "loadbalancing_googleapis_com:https_request_count"
	latenciesPromQL = "loadbalancing_googleapis_com:https_total_latencies_bucket"
)

// Indicator says which requests count, and which of them are bad. Refusals (4xx) do not
// count: a refusal by Cloud Armor or the API is not a failure, and an attack must not
// make the budget look larger than it is.
type Indicator struct {
	backend Backend
	// milliseconds is the slowest good answer; 0 counts server errors instead.
	milliseconds int
}

// Availability is bad when the answer is a server error, of the load balancer or of the API.
func Availability(b Backend) Indicator { return Indicator{backend: b} }

// Latency is bad when a granted request took longer than so many milliseconds.
// Errors are not counted: failing fast is not being fast.
func Latency(b Backend, milliseconds int) Indicator {
	return Indicator{backend: b, milliseconds: milliseconds}
}

// filter selects a metric's series of the backend.
// https://cloud.google.com/monitoring/api/v3/filters
func (i Indicator) filter(metric, classes string) string {
	return fmt.Sprintf(`metric.type=%q AND resource.type=%q AND resource.label."backend_target_name"=monitoring.regex.full_match(%q) AND metric.label."response_code_class"%s`,
		metric, Resource, i.backend.Pattern(), classes)
}

// Total selects every request that counts.
func (i Indicator) Total() string { return i.filter(Requests, `!="400"`) }

// Bad selects the requests that were answered with a server error.
func (i Indicator) Bad() string { return i.filter(Requests, `="500"`) }

// Distribution selects the times of granted requests.
func (i Indicator) Distribution() string { return i.filter(Latencies, `="200"`) }

// selector is filter in PromQL.
func (i Indicator) selector(metric, classes string) string {
	return fmt.Sprintf(`%s{monitored_resource=%q,backend_target_name=~%q,response_code_class%s}`, metric, Resource, i.backend.Pattern(), classes)
}

// Exceeds is PromQL that returns a series while more than a share of the requests
// of the time before was bad. A distribution has no count of what lies above a
// bound, but more than a share of it does exactly when the quantile below that
// share is over the bound.
func (i Indicator) Exceeds(share float64, over string) string {
	if i.milliseconds == 0 {
		return fmt.Sprintf("sum(rate(%s[%s])) / sum(rate(%s[%s])) > %.6g",
			i.selector(requestsPromQL, `="500"`), over, i.selector(requestsPromQL, `!="400"`), over, share)
	}
	return fmt.Sprintf("histogram_quantile(%.6g, sum by (le) (rate(%s[%s]))) > %d",
		1-share, i.selector(latenciesPromQL, `="200"`), over, i.milliseconds)
}
