package dashboard

import (
	"github.com/coditect-ai/license-platform/observe/objective"
	"github.com/coditect-ai/license-platform/observe/uptime"
)

// GoogleMetric is a metric that Google writes.
type GoogleMetric struct {
	// Type and Resource are the metric's and what it is written for.
	Type, Resource string
	// Source is the page that lists it.
	Source string
}

const (
	metricsAToH = "https://cloud.google.com/monitoring/api/metrics_gcp_a_h"
	metricsIToO = "https://cloud.google.com/monitoring/api/metrics_gcp_i_o"
	metricsPToZ = "https://cloud.google.com/monitoring/api/metrics_gcp_p_z"
	metricsKube = "https://cloud.google.com/monitoring/api/metrics_kubernetes"
)

// GoogleMetrics are those that the dashboard shows, by what they are called here.
func GoogleMetrics() map[string]GoogleMetric {
	return map[string]GoogleMetric{
		"requests":         {objective.Requests, objective.Resource, metricsIToO},
		"latencies":        {objective.Latencies, objective.Resource, metricsIToO},
		"backendLatencies": {"loadbalancing.googleapis.com/https/backend_latencies", objective.Resource, metricsIToO},
		"armor":            {"networksecurity.googleapis.com/https/request_count", "network_security_policy", metricsIToO},
		"armorPreview":     {"networksecurity.googleapis.com/https/previewed_request_count", "network_security_policy", metricsIToO},
		"uptime":           {uptime.Passed, uptime.Resource, metricsIToO},
		"certificate":      {uptime.CertificateDays, uptime.Resource, metricsIToO},
		"restarts":         {"kubernetes.io/container/restart_count", "k8s_container", metricsKube},
		// The pods have no limit of processor time, only a request.
		"cpu":         {"kubernetes.io/container/cpu/request_utilization", "k8s_container", metricsKube},
		"memory":      {"kubernetes.io/container/memory/limit_utilization", "k8s_container", metricsKube},
		"sqlCPU":      {"cloudsql.googleapis.com/database/cpu/utilization", "cloudsql_database", metricsAToH},
		"sqlMemory":   {"cloudsql.googleapis.com/database/memory/utilization", "cloudsql_database", metricsAToH},
		"sqlDisk":     {"cloudsql.googleapis.com/database/disk/utilization", "cloudsql_database", metricsAToH},
		"redisMemory": {"redis.googleapis.com/stats/memory/usage_ratio", "redis_instance", metricsPToZ},
		"kept":        {"logging.googleapis.com/billing/log_bucket_bytes_ingested", "global", metricsIToO},
		"lost":        {"logging.googleapis.com/exports/error_count", "logging_sink", metricsIToO},
	}
}
