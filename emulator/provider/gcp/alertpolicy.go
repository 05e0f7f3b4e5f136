package gcp

import (
	"context"
	"strconv"
	"unicode/utf8"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeAlertPolicy is an alert of Cloud Monitoring.
const TypeAlertPolicy = "gcp:monitoring/alertPolicy:AlertPolicy"

// longestDocumentation is in characters.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Documentation
const longestDocumentation = 8192

// mostChannels is how many channels a policy notifies at most.
// https://cloud.google.com/monitoring/quotas#alerting
const mostChannels = 16

func (w *Cloud) alertPolicy() provider.Kind {
	id := numbered("alertPolicies")
	return provider.Kind{
		Type: TypeAlertPolicy, ID: id,
		Numbered: true,
		Own:      true,
		Computed: []string{"name", "creationRecords"},
		Compute: func(ctx context.Context, d *provider.Draft) error {
			for _, channel := range d.Inputs.List("notificationChannels") {
				if name, known := channel.(string); known {
					if _, exists := w.Store.Get(TypeNotificationChannel, name); !exists {
						return apiError(404, "Cannot find notification channel with name = '%s'", name)
					}
				}
			}
			if err := w.checkObjectives(d); err != nil {
				return err
			}
			if err := w.checkMetrics(d); err != nil {
				return err
			}
			return named(id)(ctx, d)
		},
		Check: func(d *provider.Draft) []provider.Failure {
			var failures []provider.Failure
			conditions := d.Inputs.List("conditions")
			if len(conditions) > 6 {
				failures = append(failures, provider.Refuse("conditions", "Error 400: a policy may have up to six conditions, has %d", len(conditions)))
			}
			if channels := d.Inputs.List("notificationChannels"); len(channels) > mostChannels {
				failures = append(failures, provider.Refuse("notificationChannels", "Error 400: a policy may have up to %d notification channels, has %d", mostChannels, len(channels)))
			}
			for i := range conditions {
				failures = append(failures, checkCondition(d, "conditions."+strconv.Itoa(i), len(conditions) == 1)...)
			}
			if n := utf8.RuneCountInString(d.Inputs.Text("documentation.content")); n > longestDocumentation {
				failures = append(failures, provider.Refuse("documentation.content", "Error 400: the documentation has %d characters, at most %d are allowed", n, longestDocumentation))
			}
			return append(failures, checkStrategy(d)...)
		},
	}
}

// checkMetrics refuses an alert over a metric that Cloud Monitoring does not know yet
// (https://github.com/hashicorp/terraform-provider-google/issues/11102). Alerts over log entries have none.
func (w *Cloud) checkMetrics(d *provider.Draft) error {
	if w.MetricsKnown == nil || w.MetricsKnown() {
		return nil
	}
	for i := range d.Inputs.List("conditions") {
		if at := "conditions." + strconv.Itoa(i); !d.Inputs.Has(at + matchedLog) {
			return apiError(404, "Cannot find metric(s) that match type = \"%s\". If a metric was created recently, it could take up to 10 minutes to become available. Please try again soon.", d.Inputs.Text(at+".displayName"))
		}
	}
	return nil
}

// checkStrategy refuses incidents that close too soon or too late, and times
// between two notifications that are too short.
// https://cloud.google.com/monitoring/alerts/incidents-events#autoclose
// https://cloud.google.com/logging/docs/alerting/log-based-alerts
func checkStrategy(d *provider.Draft) []provider.Failure {
	var failures []provider.Failure
	if length, known := seconds(d, "alertStrategy.autoClose"); known && (length < 1800 || length > 604800) {
		failures = append(failures, provider.Refuse("alertStrategy.autoClose", "Error 400: Field alert_policy.alert_strategy.auto_close must be between 30 minutes and 7 days"))
	}
	const period = "alertStrategy.notificationRateLimit.period"
	if length, known := seconds(d, period); known && length < 300 {
		failures = append(failures, provider.Refuse(period, "Error 400: Field alert_policy.alert_strategy.notification_rate_limit.period must be at least 5 minutes"))
	}
	return failures
}
