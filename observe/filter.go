package observe

import (
	"fmt"
	"regexp"
	"strings"
)

// filter selects the log entries that are kept in a project of the platform's own: what
// the workloads print, every request that reached the license host, what the database logs,
// every sign-in, and the whole audit trail of the project. Nothing is selected by its text:
// an entry that says nothing today is evidence tomorrow.
// https://cloud.google.com/logging/docs/view/logging-query-language
func filter(project, namespace, host, instance string) string {
	return strings.Join(append(ownEntries(project, namespace, host, instance),
		`log_id("cloudaudit.googleapis.com/activity")`,
		`log_id("cloudaudit.googleapis.com/data_access")`,
		`log_id("cloudaudit.googleapis.com/system_event")`,
		`log_id("cloudaudit.googleapis.com/policy")`,
		`resource.type="identitytoolkit_project"`,
		`resource.type="identitytoolkit_tenant"`,
	), "\nOR ")
}

// sharedFilter is the same in a project with others. Everybody's changes stay evidence,
// because any of them can open a way to the platform. Reads by others, and sign-ins to their
// services, do not belong to the platform, and can be many: BigQuery, for one, logs each
// query (https://cloud.google.com/bigquery/docs/reference/auditlogs). So reads of data are
// kept of the audited APIs only, and sign-ins of tenants only, the users of no tenant being
// others' (https://cloud.google.com/identity-platform/docs/activity-logging).
func sharedFilter(project, namespace, host, instance string, audited []string) string {
	apis := make([]string, len(audited))
	for i, api := range audited {
		apis[i] = fmt.Sprintf("%q", api)
	}
	return strings.Join(append(ownEntries(project, namespace, host, instance),
		`log_id("cloudaudit.googleapis.com/activity")`,
		fmt.Sprintf(`(log_id("cloudaudit.googleapis.com/data_access") AND protoPayload.serviceName=(%s))`, strings.Join(apis, " OR ")),
		`log_id("cloudaudit.googleapis.com/system_event")`,
		`log_id("cloudaudit.googleapis.com/policy")`,
		`resource.type="identitytoolkit_tenant"`,
	), "\nOR ")
}

// ownEntries select what nobody but the platform writes, also where its namespace, its
// load balancer and its project are shared: no text of a request makes it one of ours.
func ownEntries(project, namespace, host, instance string) []string {
	parts := []string{
		fmt.Sprintf(`(resource.type="k8s_container" AND resource.labels.namespace_name=%q`+
			` AND labels."k8s-pod/app"=("license-api" OR "license-migrate"))`, namespace),
		fmt.Sprintf(`(resource.type="k8s_pod" AND resource.labels.namespace_name=%q`+
			` AND resource.labels.pod_name=~"^license-(api|migrate)-")`, namespace),
		fmt.Sprintf(`(resource.type="http_load_balancer" AND httpRequest.requestUrl=~"^https?://%s(:[0-9]+)?/")`,
			strings.ReplaceAll(regexp.QuoteMeta(host), `\.`, "[.]")),
	}
	if instance != "" {
		parts = append(parts, fmt.Sprintf(
			`(resource.type="cloudsql_database" AND resource.labels.database_id="%s:%s")`, project, instance))
	}
	return parts
}
