package monitoring

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	// googleMetricForm is one of Google's metrics in PromQL.
	googleMetricForm = regexp.MustCompile(`\b[a-z0-9_]+_(?:googleapis_com|io):[a-zA-Z0-9_]+`)
	// resourceForm and logForm match the resource and log names in a filter of entries.
	resourceForm = regexp.MustCompile(`resource\.type\s*=\s*(\([^)]*\)|"[^"]*"|[a-zA-Z0-9_]+)`)
	wordForm     = regexp.MustCompile(`[a-z0-9_]+`)
	logForm      = regexp.MustCompile(`log_id\("([^"]+)"\)`)
)

// measuredHere are Google's metrics that are exported here, by their names in PromQL.
func measuredHere() []string {
	return []string{
		"loadbalancing_googleapis_com:https_request_count", "loadbalancing_googleapis_com:https_total_latencies",
		"networksecurity_googleapis_com:https_request_count",
		"monitoring_googleapis_com:uptime_check_check_passed", "monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires",
		"redis_googleapis_com:stats_memory_usage_ratio",
		"cloudsql_googleapis_com:database_up", "cloudsql_googleapis_com:database_disk_bytes_used", "cloudsql_googleapis_com:database_postgresql_num_backends",
		"cloudsql_googleapis_com:database_postgresql_deadlock_count", "cloudsql_googleapis_com:database_postgresql_transaction_count",
	}
}

// writtenHere are the resources and the logs whose entries are written here.
func writtenHere() (resources, logs []string) {
	return []string{"http_load_balancer", "audited_resource", "k8s_container", "cloudsql_database"},
		[]string{"requests", "cloudaudit.googleapis.com/activity", "cloudaudit.googleapis.com/data_access", "cloudsql.googleapis.com/postgres.log", "stdout"}
}

// unmeasured names the first of Google's metrics in an expression that nothing
// exports here: the alert would be silent for ever.
func unmeasured(expression string) error {
	for _, name := range googleMetricForm.FindAllString(expression, -1) {
		plain := name
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if slices.Contains(measuredHere(), strings.TrimSuffix(name, suffix)) {
				plain = strings.TrimSuffix(name, suffix)
			}
		}
		if !slices.Contains(measuredHere(), plain) {
			return fmt.Errorf("it reads %s, which nothing measures here", name)
		}
	}
	return nil
}

// unwritten names the first resource or log in a filter whose entries nothing writes
// here.
func unwritten(filter string) error {
	resources, logs := writtenHere()
	for _, found := range resourceForm.FindAllStringSubmatch(filter, -1) {
		for _, resource := range wordForm.FindAllString(found[1], -1) {
			if !slices.Contains(resources, resource) {
				return fmt.Errorf("it reads log entries of %s, which nothing writes here", resource)
			}
		}
	}
	for _, found := range logForm.FindAllStringSubmatch(filter, -1) {
		if !slices.Contains(logs, found[1]) {
			return fmt.Errorf("it reads the log %s, which nothing writes here", found[1])
		}
	}
	return nil
}
