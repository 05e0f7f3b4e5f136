// Package alert holds the platform's alerts as plain data: expressions over the
// metrics that the license API exports, the same text in production and in a
// test that runs them over series.
package alert

import (
	"fmt"
	"time"
)

// Severities, as Cloud Monitoring knows them.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Severity
const (
	// Warning is for somebody to look at in working hours.
	Warning = "WARNING"
	// Critical wakes somebody up.
	Critical = "CRITICAL"
)

// Alert is one alert.
type Alert struct {
	// Name is the alert's name in PromQL's world, in CamelCase.
	Name string
	// Summary says in one line what is wrong when it fires.
	Summary string
	// Expression is the PromQL: it fires while this returns a series.
	Expression string
	// For is how long the expression must hold.
	For time.Duration
	// Severity is Warning or Critical.
	Severity string
	// Playbook is the file, below docs/playbooks, that says what to do.
	Playbook string
}

// Thresholds are where the alerts fire.
type Thresholds struct {
	// RefusalsPerSecond is the rate of 401 and 403 answers. Default 10.
	RefusalsPerSecond float64 `json:"refusalsPerSecond"`
	// RequestsPerSecond is the rate of all requests. Default 1000.
	RequestsPerSecond float64 `json:"requestsPerSecond"`
	// SigningErrorsPerSecond is the rate of failed signatures. Default 0.05:
	// three a minute. Tokens are signed only when a seat is acquired or
	// renewed, so that even a complete failure is a low rate.
	SigningErrorsPerSecond float64 `json:"signingErrorsPerSecond"`
	// PoolShare is the used share of a pod's database connections, between 0
	// and 1. Default 0.9.
	PoolShare float64 `json:"poolShare"`
}

// WithDefaults fills in every threshold that is zero.
func (t Thresholds) WithDefaults() Thresholds {
	for _, threshold := range []struct {
		at       *float64
		fallback float64
	}{
		{&t.RefusalsPerSecond, 10},
		{&t.RequestsPerSecond, 1000},
		{&t.SigningErrorsPerSecond, 0.05},
		{&t.PoolShare, 0.9},
	} {
		if *threshold.at == 0 {
			*threshold.at = threshold.fallback
		}
	}
	return t
}

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

// All returns the alerts for a workload. Rates look back over at least four
// times the 30 seconds between two scrapes, so that one missed scrape does not
// look like the end of an incident.
func All(workload Workload, thresholds Thresholds) []Alert {
	at := thresholds.WithDefaults()
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
			Name:       "CloudKMSSigningFailures",
			Summary:    "License tokens cannot be signed",
			Expression: fmt.Sprintf("sum(rate(kms_sign_errors_total%s[5m])) > %g", every, at.SigningErrorsPerSecond),
			For:        5 * time.Minute,
			Severity:   Critical,
			Playbook:   "cloud-kms-signing-failures.md",
		},
		{
			Name:       "DatabaseConnectionPoolExhausted",
			Summary:    "A pod of the API has almost no free database connection",
			Expression: fmt.Sprintf("max(db_connections_active%s / db_connections_max%s) > %g", every, every, at.PoolShare),
			For:        5 * time.Minute,
			Severity:   Warning,
			Playbook:   "database-connection-pool-exhausted.md",
		},
	}
}
