// Package objective holds, as plain data, the service level objectives
// of the license API and the alerts that fire when their error budgets are spent too fast.
//
// Both objectives are measured at the load balancer, the last place that sees
// every request as its client does: a request that no pod answers is missing
// from the pods' own metrics, but not from the load balancer's.
// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/sli-metrics/lb-metrics
package objective
