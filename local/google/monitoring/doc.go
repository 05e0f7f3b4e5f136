// Package monitoring is the embedded Cloud Monitoring: a real Prometheus and a
// real Alertmanager that are configured from what the program declares.
//
// PodMonitoring objects become scrape configuration, alert policies and objectives
// become rules, uptime checks are made, and log-based conditions are evaluated
// over every entry as it is written. Notifications go to an
// inbox on this machine.
package monitoring
