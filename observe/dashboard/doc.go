// Package dashboard builds the dashboard of the license platform: its objectives,
// then its seven layers, as typed data that is written as the JSON that Cloud
// Monitoring takes.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards
package dashboard
