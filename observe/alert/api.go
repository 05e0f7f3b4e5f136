package alert

import (
	"fmt"
	"time"
)

// Workload says whose metrics are meant. The names of the metrics are common
// ones, and the project may hold other workloads that export them too.
type Workload struct {
	// Namespace is the workload's Kubernetes namespace.
	Namespace string
	// Job is the name of its PodMonitoring, which managed Prometheus puts in
	// the label job.
	// https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed
	Job string
}

// selector is the workload as a label matcher, with more matchers after it.
func (w Workload) selector(more string) string {
	return fmt.Sprintf(`{namespace=%q,job=%q%s}`, w.Namespace, w.Job, more)
}

// apiAlerts are the alerts over what the license API exports. Rates look back over
// at least four times the 30 seconds between two scrapes, so that one missed
// scrape does not look like the end of an incident.
func apiAlerts(workload Workload, at Thresholds) []Alert {
	every, refused := workload.selector(""), workload.selector(`,code=~"401|403"`)
	return []Alert{
		{
			Name:       "HighAuthenticationFailureRate",
			Summary:    "Many requests are refused for want of a valid token or right",
			Expression: fmt.Sprintf("sum(rate(http_requests_total%s[5m])) > %g", refused, at.RefusalsPerSecond),
			For:        5 * time.Minute,
			Severity:   Warning,
			Playbook:   "high-authentication-failure-rate.md",
		},
		{
			Name:       "PotentialDDoSAttack",
			Summary:    "Far more requests reach the API than its users send",
			Expression: fmt.Sprintf("sum(rate(http_requests_total%s[2m])) > %g", every, at.RequestsPerSecond),
			For:        2 * time.Minute,
			Severity:   Critical,
			Playbook:   "potential-ddos-attack.md",
		},
		{
			// Where few seats are asked for, a key that signs nothing at all stays below any rate: there
			// the signatures that fail while none succeeds tell. Each lease that is granted or extended has one
			// that succeeded; the times of the calls would count those, too, whose client has hung up.
			Name:    "CloudKMSSigningFailures",
			Summary: "License tokens cannot be signed",
			Expression: fmt.Sprintf("sum(rate(kms_sign_errors_total%s[5m])) > %g"+
				" or (sum(increase(kms_sign_errors_total%s[15m])) >= 3 and sum(increase(license_leases_total%s[15m])) == 0)",
				every, at.SigningErrorsPerSecond, every, workload.selector(`,outcome=~"granted|extended"`)),
			For:      5 * time.Minute,
			Severity: Critical,
			Playbook: "cloud-kms-signing-failures.md",
		},
		{
			// Statements that wait for a lock are cancelled after some seconds, all
			// together, and then the pool is free for a moment. The rehearsal of
			// the playbook shows it: a third of the samples find it so, and five
			// minutes of full ones never come together.
			Name:       "DatabaseConnectionPoolExhausted",
			Summary:    "A pod of the API has almost no free database connection",
			Expression: fmt.Sprintf("max(max_over_time(db_connections_active%s[2m]) / db_connections_max%s) > %g", every, every, at.PoolShare),
			For:        5 * time.Minute,
			Severity:   Warning,
			Playbook:   "database-connection-pool-exhausted.md",
		},
		{
			Name:    "SeatsExhausted",
			Summary: "People are refused a seat because all seats of their licence are in use",
			Expression: fmt.Sprintf("sum(rate(license_leases_total%s[10m])) > %g",
				workload.selector(`,outcome="exhausted"`), at.SeatRefusalsPerSecond),
			For:      10 * time.Minute,
			Severity: Warning,
			Playbook: "seats-exhausted.md",
		},
	}
}
