package gcp

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/observe/logfilter"
)

const (
	promQL     = ".conditionPrometheusQueryLanguage"
	matchedLog = ".conditionMatchedLog"
	threshold  = ".conditionThreshold"
)

var (
	labelForm     = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	extractorForm = regexp.MustCompile(`^(EXTRACT|REGEXP_EXTRACT)\(.+\)$`)
)

// checkCondition refuses what Cloud Monitoring refuses of one condition; alone says
// that the policy has no other.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Condition
func checkCondition(d *provider.Draft, at string, alone bool) []provider.Failure {
	var failures []provider.Failure
	refuse := func(property, format string, values ...any) {
		failures = append(failures, provider.Refuse(property, "Error 400: "+format, values...))
	}
	if !d.Inputs.Has(at + ".displayName") {
		refuse(at+".displayName", "Field alert_policy.%s.display_name is required", at)
	}
	kinds := 0
	for _, kind := range []string{promQL, matchedLog, threshold, ".conditionAbsent", ".conditionMonitoringQueryLanguage"} {
		if d.Inputs.Has(at + kind) {
			kinds++
		}
	}
	if kinds != 1 {
		refuse(at, "a condition has exactly one type, this one has %d", kinds)
	}
	if !alone && (d.Inputs.Has(at+promQL) || d.Inputs.Has(at+matchedLog)) {
		refuse(at, "a policy with a PromQL or a log-based condition can have no other condition")
	}
	switch {
	case d.Inputs.Has(at + promQL):
		checkPromQL(d, at+promQL, refuse)
	case d.Inputs.Has(at + matchedLog):
		checkMatchedLog(d, at+matchedLog, refuse)
	case d.Inputs.Has(at + threshold):
		if length, known := seconds(d, at+threshold+".duration"); known && math.Mod(length, 60) != 0 {
			refuse(at+threshold+".duration", "the duration must be a multiple of a minute")
		}
		failures = append(failures, oneOf(d, at+threshold+".comparison", "COMPARISON_GT", "COMPARISON_LT")...)
		failures = append(failures, checkThreshold(d, at+threshold)...)
	}
	return failures
}

// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#PrometheusQueryLanguageCondition
func checkPromQL(d *provider.Draft, at string, refuse func(property, format string, values ...any)) {
	if !d.Inputs.Has(at + ".query") {
		refuse(at+".query", "the query must not be empty")
	}
	if length, known := seconds(d, at+".evaluationInterval"); known && (length <= 0 || math.Mod(length, 30) != 0) {
		refuse(at+".evaluationInterval", "the evaluation interval must be a positive multiple of 30 seconds")
	}
	if rule := d.Inputs.Text(at + ".alertRule"); rule != "" && !labelForm.MatchString(rule) {
		refuse(at+".alertRule", "the alert rule %q is not a valid Prometheus label name", rule)
	}
}

// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#LogMatch
func checkMatchedLog(d *provider.Draft, at string, refuse func(property, format string, values ...any)) {
	filter := d.Inputs.Text(at + ".filter")
	if _, known := d.Inputs.At(at + ".filter"); strings.TrimSpace(filter) == "" && (known || !d.Inputs.Has(at+".filter")) {
		refuse(at+".filter", "the filter must not be empty")
	}
	if _, err := logfilter.Parse(filter); err != nil {
		refuse(at+".filter", "Invalid filter: %v", err)
	}
	extractors, _ := d.Inputs.At(at + ".labelExtractors")
	labels, _ := extractors.(map[string]any)
	for label, value := range labels {
		if extractor, known := value.(string); known && !extractorForm.MatchString(extractor) {
			refuse(at+".labelExtractors", "the extractor of the label %q must be EXTRACT(field) or REGEXP_EXTRACT(field, regex), got %q", label, extractor)
		}
	}
	if !d.Inputs.Has("alertStrategy.notificationRateLimit.period") {
		refuse("alertStrategy.notificationRateLimit", "Field alert_policy.alert_strategy.notification_rate_limit is required for a policy with a log-based condition")
	}
}

// seconds reads a duration such as "300s".
func seconds(d *provider.Draft, path string) (float64, bool) {
	digits, is := strings.CutSuffix(d.Inputs.Text(path), "s")
	length, err := strconv.ParseFloat(digits, 64)
	return length, is && err == nil
}
