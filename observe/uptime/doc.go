// Package uptime holds, as plain data, the check by which Google asks the license
// API from outside whether it answers, and the alert on it.
package uptime
