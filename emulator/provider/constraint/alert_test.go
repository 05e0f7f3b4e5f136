package constraint_test

import (
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	alertDocs    = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies"
	logAlertDocs = "https://cloud.google.com/logging/docs/alerting/log-based-alerts"
	closeDocs    = "https://cloud.google.com/monitoring/alerts/incidents-events"
	channelDocs  = "https://cloud.google.com/monitoring/alerts/using-channels-api"
	queryDocs    = "https://cloud.google.com/logging/docs/view/logging-query-language"
)

// promQL and log are policies with one condition that is taken, with changes.
func promQL(changed changes) []any {
	return []any{with(map[string]any{"displayName": "1", "conditionPrometheusQueryLanguage": map[string]any{
		"query": "up", "duration": "60s", "evaluationInterval": "30s", "alertRule": "Up",
	}}, changed)}
}

func matchedLog(changed changes) []any {
	return []any{with(map[string]any{"displayName": "1", "conditionMatchedLog": map[string]any{
		"filter": `severity>=ERROR`, "labelExtractors": map[string]any{"who": "EXTRACT(protoPayload.authenticationInfo.principalEmail)"},
	}}, changed)}
}

func threshold(changed changes) []any {
	return []any{with(map[string]any{"displayName": "1", "conditionThreshold": map[string]any{
		"filter": `metric.type="a.googleapis.com/b" AND resource.type="c"`, "comparison": "COMPARISON_GT", "duration": "60s",
	}}, changed)}
}

func alertRows() []row {
	const metric = "gcp:logging/metric:Metric"
	policy := func(conditions []any) map[string]any {
		return map[string]any{
			"combiner": "OR", "displayName": "alert", "conditions": conditions,
			"alertStrategy": map[string]any{"autoClose": "1800s", "notificationRateLimit": map[string]any{"period": "300s"}},
		}
	}
	refused := func(what string, right, wrong []any, says, source string) row {
		return row{what: what, typ: gcp.TypeAlertPolicy, right: policy(right), change: changes{"conditions": wrong}, says: says, source: source}
	}
	log, prom := policy(matchedLog(nil)), promQL(nil)
	channel := "projects/" + project + "/notificationChannels/1"
	return []row{
		refused("a condition without a type", prom, []any{map[string]any{"displayName": "1"}}, "exactly one type", alertDocs),
		refused("a log-based condition together with another condition", matchedLog(nil), append(matchedLog(nil), threshold(nil)...), "can have no other condition", logAlertDocs),
		refused("PromQL every 45 seconds", prom, promQL(changes{"conditionPrometheusQueryLanguage.evaluationInterval": "45s"}), "multiple of 30 seconds", alertDocs),
		refused("a PromQL rule with a dash in its name", prom, promQL(changes{"conditionPrometheusQueryLanguage.alertRule": "a-b"}), "not a valid Prometheus label name", alertDocs),
		refused("a threshold held for 90 seconds", threshold(nil), threshold(changes{"conditionThreshold.duration": "90s"}), "multiple of a minute", alertDocs),
		refused("a threshold that must be equalled", threshold(nil), threshold(changes{"conditionThreshold.comparison": "COMPARISON_EQ"}), "expected conditions.0.conditionThreshold.comparison to be one of", alertDocs),
		refused("an alert over log entries that an empty filter selects", matchedLog(nil), matchedLog(changes{"conditionMatchedLog.filter": " "}), "must not be empty", logAlertDocs),
		refused("an alert over a field that log entries do not have", matchedLog(nil), matchedLog(changes{"conditionMatchedLog.filter": `protPayload.methodName="a"`}), `no field "protPayload"`, queryDocs),
		refused("a label that is not extracted from the log entry", matchedLog(nil), matchedLog(changes{"conditionMatchedLog.labelExtractors.who": "principalEmail"}), "must be EXTRACT(field)", logAlertDocs),
		{
			what: "a log-based alert without a limit of notifications", typ: gcp.TypeAlertPolicy, right: log,
			change: changes{"alertStrategy.notificationRateLimit": nil}, says: "notification_rate_limit is required", source: logAlertDocs,
		},
		{
			what: "log-based notifications every minute", typ: gcp.TypeAlertPolicy, right: log,
			change: changes{"alertStrategy.notificationRateLimit.period": "60s"}, says: "at least 5 minutes", source: logAlertDocs,
		},
		{
			what: "an incident that closes after ten minutes", typ: gcp.TypeAlertPolicy, right: log,
			change: changes{"alertStrategy.autoClose": "600s"}, says: "between 30 minutes and 7 days", source: closeDocs,
		},
		{
			what: "an alert that notifies more than 16 channels", typ: gcp.TypeAlertPolicy, right: with(log, changes{"notificationChannels": slices.Repeat([]any{channel}, 16)}),
			change: changes{"notificationChannels": slices.Repeat([]any{channel}, 17)}, says: "up to 16 notification channels, has 17", source: "https://cloud.google.com/monitoring/quotas#alerting",
		},
		{
			what: "a playbook of more than 8192 characters inside an alert", typ: gcp.TypeAlertPolicy, right: log,
			change: changes{"documentation.content": strings.Repeat("x", 8193)}, says: "at most 8192 are allowed", source: alertDocs,
		},
		{
			what: "an alert to a channel that does not exist", typ: gcp.TypeAlertPolicy, right: log, when: onCreate,
			change: changes{"notificationChannels": []any{channel}}, says: "Cannot find notification channel", source: alertDocs,
		},
		{
			what: "an e-mail channel without an address", typ: gcp.TypeNotificationChannel, right: map[string]any{"type": "email", "labels": map[string]any{"email_address": "a@b.c"}},
			change: changes{"labels.email_address": nil}, says: `"labels.email_address" is required`, source: channelDocs,
		},
		{
			what: "a PagerDuty channel without its key", typ: gcp.TypeNotificationChannel, right: map[string]any{"type": "pagerduty", "sensitiveLabels": map[string]any{"serviceKey": "k"}},
			change: changes{"sensitiveLabels": nil}, says: `"sensitiveLabels.serviceKey" is required`, source: channelDocs,
		},
		{
			what: "a log-based metric with a bracket too few", typ: metric, right: map[string]any{"name": "m", "filter": `(severity>=ERROR)`},
			change: changes{"filter": `(severity>=ERROR`}, says: "a bracket is not closed", source: queryDocs,
		},
	}
}
