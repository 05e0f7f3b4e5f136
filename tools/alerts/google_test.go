package alerts

import (
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// googleMetric is a metric that Google writes for one of its resources.
type googleMetric struct {
	// kind is the type as Google's list has it, resource what it is written for.
	kind, resource string
	// labels are those of the metric and of the resource.
	labels []string
}

// googleMetrics are those that alerts read, with their labels as these pages list
// them: https://cloud.google.com/monitoring/api/metrics_gcp_i_o (networksecurity,
// monitoring), https://cloud.google.com/monitoring/api/metrics_gcp_p_z (redis),
// https://cloud.google.com/monitoring/api/resources.
func googleMetrics() []googleMetric {
	return []googleMetric{
		{
			"networksecurity.googleapis.com/https/request_count", "network_security_policy",
			[]string{"blocked", "backend_target_name", "project_id", "location", "policy_name"},
		},
		{
			"redis.googleapis.com/stats/memory/usage_ratio", "redis_instance",
			[]string{"role", "project_id", "region", "instance_id", "node_id"},
		},
		{
			"monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires", "uptime_url",
			[]string{"checker_location", "check_id", "checked_resource_id", "project_id", "host"},
		},
	}
}

// inPromQL is a metric type's name in PromQL.
// https://cloud.google.com/monitoring/promql/promql-mapping
func inPromQL(kind string) string {
	domain, path, _ := strings.Cut(kind, "/")
	return strings.NewReplacer(".", "_", "/", "_").Replace(domain) + ":" + strings.NewReplacer(".", "_", "/", "_").Replace(path)
}

// writtenByGoogle are those metrics by their names in PromQL.
func writtenByGoogle() map[string]map[string]bool {
	found := map[string]map[string]bool{}
	for _, metric := range googleMetrics() {
		names := map[string]bool{"__name__": true, "monitored_resource": true}
		for _, label := range metric.labels {
			names[label] = true
		}
		found[inPromQL(metric.kind)] = names
	}
	return found
}

func TestOneOfGooglesMetricsIsReadForTheResourceThatHasIt(t *testing.T) {
	t.Parallel()
	resources, read := map[string]string{}, map[string]bool{}
	for _, metric := range googleMetrics() {
		resources[inPromQL(metric.kind)] = metric.resource
	}
	for _, a := range expressed() {
		expression, err := parser.NewParser(parser.Options{}).ParseExpr(a.Expression)
		require.NoError(t, err, a.Name)
		parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
			selector, ok := node.(*parser.VectorSelector)
			if !ok || !strings.Contains(selector.Name, ":") {
				return nil
			}
			read[selector.Name] = true
			for _, matcher := range selector.LabelMatchers {
				if matcher.Name == "monitored_resource" {
					assert.Equal(t, resources[selector.Name], matcher.Value, a.Name)
				}
			}
			return nil
		})
	}
	assert.Len(t, read, len(googleMetrics()), "every listed metric is read by an alert")
}

// The series below are as Google writes them, one sample a minute.

func incidentsAtGoogle() map[string]map[string]string {
	return map[string]map[string]string{
		"WAFDenialSurge": {
			"refusals of two backends add up": `
  networksecurity_googleapis_com:https_request_count{monitored_resource="network_security_policy",policy_name="license-api-security-policy",backend_target_name="api",blocked="true"} 0+900x60
  networksecurity_googleapis_com:https_request_count{monitored_resource="network_security_policy",policy_name="license-api-security-policy",backend_target_name="staff",blocked="true"} 0+600x60
`,
		},
		"RedisMemoryHigh": {
			"the primary fills": `
  redis_googleapis_com:stats_memory_usage_ratio{monitored_resource="redis_instance",instance_id="projects/acme/locations/us-central1/instances/license-redis",node_id="node-0",role="primary"} 0.7+0.01x60
  redis_googleapis_com:stats_memory_usage_ratio{monitored_resource="redis_instance",instance_id="projects/acme/locations/us-central1/instances/license-redis",node_id="node-1",role="replica"} 0.5x60
`,
			"every third sample is late": `
  redis_googleapis_com:stats_memory_usage_ratio{monitored_resource="redis_instance",instance_id="license-redis",node_id="node-0",role="primary"} 0.9 _x3 0.9 _x3 0.9 _x3 0.9 _x3 0.9 _x3 0.9 _x3 0.9 _x3 0.9 _x3 0.9 _x3 0.9
`,
		},
		"CertificateExpiring": {
			"one checker is still shown the old certificate": `
  monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{monitored_resource="uptime_url",host="licenses.coditect.ai",checker_location="usa-iowa"} 89x60
  monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{monitored_resource="uptime_url",host="licenses.coditect.ai",checker_location="usa-oregon"} 13.9x60
`,
			"it has ended": `
  monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{monitored_resource="uptime_url",host="licenses.coditect.ai",checker_location="usa-iowa"} -1x60
`,
		},
	}
}

func ordinaryAtGoogle() map[string]map[string]string {
	return map[string]map[string]string{
		"WAFDenialSurge": {
			"scanners, and clients that are let through": `
  networksecurity_googleapis_com:https_request_count{monitored_resource="network_security_policy",policy_name="license-api-security-policy",blocked="true"} 0+60x60
  networksecurity_googleapis_com:https_request_count{monitored_resource="network_security_policy",policy_name="license-api-security-policy",blocked="false"} 0+30000x60
`,
			"just below the threshold": `
  networksecurity_googleapis_com:https_request_count{monitored_resource="network_security_policy",policy_name="license-api-security-policy",blocked="true"} 0+1190x60
`,
			"another policy of the project refuses": `
  networksecurity_googleapis_com:https_request_count{monitored_resource="network_security_policy",policy_name="ide",blocked="true"} 0+9000x60
`,
		},
		"RedisMemoryHigh": {
			"three quarters are used": `
  redis_googleapis_com:stats_memory_usage_ratio{monitored_resource="redis_instance",instance_id="projects/acme/locations/us-central1/instances/license-redis",node_id="node-0",role="primary"} 0.75x60
`,
			"the Cloud IDE's cache is full": `
  redis_googleapis_com:stats_memory_usage_ratio{monitored_resource="redis_instance",instance_id="projects/acme/locations/us-central1/instances/ide-license-redis",node_id="node-0",role="primary"} 0.99x60
`,
		},
		"CertificateExpiring": {
			"a month before the end, when Google renews": `
  monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{monitored_resource="uptime_url",host="licenses.coditect.ai",checker_location="usa-iowa"} 29x60
`,
			"another host's ends": `
  monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{monitored_resource="uptime_url",host="coditect.ai",checker_location="usa-iowa"} 1x60
`,
		},
	}
}

// endedAtGoogle are incidents that are over before the windows of their alerts
// have passed them.
func endedAtGoogle() map[string]string {
	return map[string]string{
		"WAFDenialSurge": `
  networksecurity_googleapis_com:https_request_count{monitored_resource="network_security_policy",policy_name="license-api-security-policy",blocked="true"} 0+3000x22 66000+0x100
`,
		"RedisMemoryHigh": `
  redis_googleapis_com:stats_memory_usage_ratio{monitored_resource="redis_instance",instance_id="license-redis",node_id="node-0",role="primary"} 0.95x22 0.4x100
`,
		"CertificateExpiring": `
  monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{monitored_resource="uptime_url",host="licenses.coditect.ai",checker_location="usa-iowa"} 5x22 89x200
`,
	}
}
