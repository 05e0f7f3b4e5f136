package alert

import (
	"fmt"
	"time"
)

// googleAlerts are the alerts over metrics that Google writes itself. A name in
// PromQL is the metric type with a colon for the first slash, and underscores for
// all other signs. A type that several kinds of resources have needs the kind in
// monitored_resource: https://cloud.google.com/monitoring/promql/promql-mapping
//
// They are sampled once a minute and seen some minutes later, so that an instant,
// or a rate over two minutes, would find nothing to look at.
// https://cloud.google.com/monitoring/api/v3/latency-n-retention
func googleAlerts(about Subject, at Thresholds) []Alert {
	return []Alert{
		{
			// networksecurity.googleapis.com/https/request_count
			// https://cloud.google.com/armor/docs/monitoring
			Name:    "WAFDenialSurge",
			Summary: "Cloud Armor refuses far more requests than usual",
			Expression: fmt.Sprintf("sum(rate(networksecurity_googleapis_com:https_request_count"+
				`{monitored_resource="network_security_policy",policy_name=%q,blocked="true"}[10m])) > %g`,
				about.SecurityPolicy, at.DenialsPerSecond),
			For:      5 * time.Minute,
			Severity: Warning,
			Playbook: "waf-denial-surge.md",
		},
		{
			// redis.googleapis.com/stats/memory/usage_ratio; instance_id is the
			// instance's full name. https://cloud.google.com/memorystore/docs/redis/supported-monitoring-metrics
			Name:    "RedisMemoryHigh",
			Summary: "The cache that counts seats is almost full, and refuses new seats when it is",
			Expression: fmt.Sprintf("max(max_over_time(redis_googleapis_com:stats_memory_usage_ratio"+
				`{monitored_resource="redis_instance",instance_id=~"(.*/)?%s"}[10m])) > %g`,
				about.Redis, at.RedisMemoryShare),
			For:      5 * time.Minute,
			Severity: Critical,
			Playbook: "redis-memory-high.md",
		},
		{
			// monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires,
			// in days: what the uptime check of the host was shown, which no
			// metric of the certificate itself tells.
			// https://cloud.google.com/monitoring/uptime-checks#ssl-certs
			Name:    "CertificateExpiring",
			Summary: "The certificate that clients are shown ends soon, and no new one has come",
			Expression: fmt.Sprintf("min(min_over_time(monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires"+
				`{monitored_resource="uptime_url",host=%q}[20m])) < %g`,
				about.Host, at.CertificateDays),
			For:      15 * time.Minute,
			Severity: Warning,
			Playbook: "certificate-expiring.md",
		},
	}
}
