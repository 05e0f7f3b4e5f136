// Package alert holds the platform's alerts as plain data: expressions over the
// metrics that the license API and Google export, and filters over the audit
// trail. It is the same text in production and in a test that runs it over
// series or log entries.
package alert

import (
	"slices"
	"time"
)

// Severities, as Cloud Monitoring knows them.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Severity
const (
	// Warning can wait until working hours.
	Warning = "WARNING"
	// Critical pages the on-call engineer.
	Critical = "CRITICAL"
)

// Alert is one alert: it has an Expression or a Filter, never both.
type Alert struct {
	// Name is the alert's name in PromQL's world, in CamelCase.
	Name string
	// Summary says in one line what is wrong when it fires.
	Summary string
	// Expression is the PromQL: it fires while this returns a series.
	Expression string
	// For is how long the expression must hold.
	For time.Duration
	// Filter is in the Logging query language: it fires for each entry that this
	// selects, and for those alike at most once in five minutes.
	Filter string
	// Severity is Warning or Critical.
	Severity string
	// Playbook is the file, below docs/playbooks, that says what to do.
	Playbook string
}

// Subject is what the alerts are about. A project may have other resources of the same
// types: those of the Cloud IDE.
type Subject struct {
	// Workload exports the metrics that the alerts read.
	Workload Workload
	// Host is the license API's host name, for example licenses.coditect.ai.
	Host string
	// SecurityPolicy is the name of the Cloud Armor policy.
	SecurityPolicy string
	// Redis is the name of the Memorystore instance.
	Redis string
	// KeyRing is the name of the key ring with the platform's keys. A project may have others.
	KeyRing string
	// Secrets are the names of the platform's secrets.
	Secrets []string
	// Deployers are the e-mail addresses of the service accounts that deploy: their
	// changes raise no alert. Without any, only changes by people are one.
	Deployers []string
}

// All returns every alert about a subject.
func All(about Subject, thresholds Thresholds) []Alert {
	at := thresholds.WithDefaults()
	return slices.Concat(apiAlerts(about.Workload, at), googleAlerts(about, at), auditAlerts(about))
}
