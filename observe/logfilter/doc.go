// Package logfilter reads the Logging query language and says which log entries
// a filter selects. So tests hold the platform's sinks and log-based alerts against
// log entries, and a filter that Cloud Logging would refuse is refused here.
//
// It knows comparisons, lists of values, AND, OR, NOT, parentheses, comments,
// text without a field, log_id(), and paths through payloads, maps and lists.
// The other functions (SEARCH, sample, cast, ip_in_net, …) are refused by name.
// https://cloud.google.com/logging/docs/view/logging-query-language
package logfilter
