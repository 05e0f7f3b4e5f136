package alerts

import (
	"fmt"
	"strings"
	"time"
)

// traffic is how the license host's requests are answered for some time, as
// requests a minute.
type traffic struct {
	lasts time.Duration
	// good, failed and refused are answered with 200, 500 and 403.
	good, failed, refused float64
	// slow of the good ones take two seconds, the others a tenth of one.
	slow float64
}

// ours is the backend that GKE makes for the license API's Service.
const ours = "k8s1-1c1a1b2d-coditect-app-license-api-80-8f0a1b2c"

// loadBalancer writes what the load balancer's metrics of a backend say about
// traffic, one sample a minute, in promqltest's words.
func loadBalancer(backend string, all ...traffic) string {
	var text strings.Builder
	for class, rate := range map[string]func(traffic) float64{
		"200": func(t traffic) float64 { return t.good },
		"400": func(t traffic) float64 { return t.refused },
		"500": func(t traffic) float64 { return t.failed },
	} {
		counter(&text, "https_request_count", backend, fmt.Sprintf("response_code_class=%q", class), all, rate)
	}
	for bound, rate := range map[string]func(traffic) float64{
		"100":  func(t traffic) float64 { return t.good - t.slow },
		"1000": func(t traffic) float64 { return t.good - t.slow },
		"4000": func(t traffic) float64 { return t.good },
		"+Inf": func(t traffic) float64 { return t.good },
	} {
		counter(&text, "https_total_latencies_bucket", backend, fmt.Sprintf("response_code_class=%q,le=%q", "200", bound), all, rate)
	}
	return text.String()
}

// counter writes one series that grows at the rates of the traffic.
func counter(text *strings.Builder, metric, backend, more string, all []traffic, rate func(traffic) float64) {
	fmt.Fprintf(text, "\n  loadbalancing_googleapis_com:%s{monitored_resource=\"https_lb_rule\",backend_target_name=%q,%s}", metric, backend, more)
	value := 0.0
	for _, t := range all {
		minutes := int(t.lasts / time.Minute)
		fmt.Fprintf(text, " %g+%gx%d", value, rate(t), minutes-1)
		value += rate(t) * float64(minutes)
	}
}
