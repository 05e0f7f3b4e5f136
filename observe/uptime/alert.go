package uptime

import (
	"fmt"

	"github.com/coditect-ai/license-platform/observe/alert"
)

// Path is the path that the checkers request. It needs no token, and every running
// process answers it, whatever the state of its dependencies.
const Path = "/health"

// Metrics that every check writes, for the resource uptime_url.
// https://cloud.google.com/monitoring/api/metrics_gcp_i_o#gcp-monitoring
const (
	// Passed is whether a checker was satisfied.
	Passed = "monitoring.googleapis.com/uptime_check/check_passed"
	// CertificateDays is how long the certificate is valid yet, in days.
	CertificateDays = "monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires"
	// Resource is what they are written for.
	Resource = "uptime_url"
)

// Alert is the alert on the check, with the values that Google documents for it:
// each checker's newest result of the last twenty minutes, and more than one of
// them failed. One alone is that checker's network.
// https://cloud.google.com/monitoring/uptime-checks/uptime-alerting-policies
type Alert struct {
	// Name is in CamelCase, Summary one line.
	Name, Summary string
	// Severity is alert.Critical.
	Severity string
	// Playbook is the file, below docs/playbooks, that says what to do.
	Playbook string
	// AlignmentSeconds is how old a result may be.
	AlignmentSeconds int
	// Aligner and Reducer make the number of failed checkers of the results.
	Aligner, Reducer string
	// Failed is the number of failed checkers that must be exceeded.
	Failed float64
	// ForSeconds is for how long.
	ForSeconds int
}

// Unreachable is the alert.
func Unreachable() Alert {
	return Alert{
		Name:             "LicenseAPIUnreachable",
		Summary:          "Google's checkers cannot reach the license API from outside",
		Severity:         alert.Critical,
		Playbook:         "license-api-unreachable.md",
		AlignmentSeconds: 1200,
		Aligner:          "ALIGN_NEXT_OLDER",
		Reducer:          "REDUCE_COUNT_FALSE",
		Failed:           1,
		ForSeconds:       60,
	}
}

// Filter selects one check's results.
func Filter(check string) string {
	return fmt.Sprintf(`metric.type=%q AND resource.type=%q AND metric.label."check_id"=%q`, Passed, Resource, check)
}
