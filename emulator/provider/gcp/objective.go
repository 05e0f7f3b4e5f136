package gcp

import (
	"context"
	"regexp"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeObjective is a service level objective of Cloud Monitoring.
const TypeObjective = "gcp:monitoring/slo:Slo"

// objectiveForm is how an objective may be called.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives/create
var objectiveForm = regexp.MustCompile(`^[a-zA-Z0-9-_:.]{1,63}$`)

func (w *Cloud) objective() provider.Kind {
	id := func(d *provider.Draft) string {
		return monitored(d, d.Inputs.Text("service")) + "/serviceLevelObjectives/" + d.Inputs.Text("sloId")
	}
	return provider.Kind{
		Type: TypeObjective, NameProperty: "sloId", ID: id,
		Free:     "an objective reads metrics that Google writes for nothing; its alerts are priced",
		Own:      true,
		Computed: []string{"name"},
		// google-beta/services/monitoring/resource_monitoring_slo.go, resourceMonitoringSloRead
		Unread: []string{"service"},
		Check: func(d *provider.Draft) []provider.Failure {
			return append(checkName(d, "sloId", objectiveForm), append(checkPromise(d), checkIndicator(d)...)...)
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			if service := monitored(d, d.Inputs.Text("service")); !w.exists(TypeMonitoredService, service) {
				return apiError(404, "Service %s not found", service)
			}
			if w.MetricsKnown != nil && !w.MetricsKnown() {
				// https://github.com/GoogleCloudPlatform/cloud-ops-sandbox/issues/896
				return apiError(400, "Invalid SLO definition: The metric referenced by the provided filter is unknown. Check the metric name and labels.")
			}
			fallback(d, "name", id(d))
			return nil
		},
	}
}

func (w *Cloud) exists(typ, id string) bool {
	_, exists := w.Store.Get(typ, id)
	return exists
}

// checkPromise refuses a goal or a period that cannot be kept.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives
func checkPromise(d *provider.Draft) (failures []provider.Failure) {
	if goal, known := d.Inputs.Number("goal"); known && (goal <= 0 || goal > 0.9999) {
		failures = append(failures, provider.Refuse("goal", "Error 400: goal must be greater than 0 and at most 0.9999, got %v", goal))
	}
	days, known := d.Inputs.Number("rollingPeriodDays")
	if known && (days < 1 || days > 30 || days != float64(int(days))) {
		failures = append(failures, provider.Refuse("rollingPeriodDays", "expected rollingPeriodDays to be in the range (1 - 30), got %v", days))
	}
	if d.Inputs.Has("rollingPeriodDays") == d.Inputs.Has("calendarPeriod") {
		failures = append(failures, provider.Refuse("rollingPeriodDays", "Error 400: exactly one of rolling_period and calendar_period must be set"))
	}
	return failures
}

// checkIndicator refuses an indicator that measures nothing, or two things.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives#ServiceLevelIndicator
func checkIndicator(d *provider.Draft) (failures []provider.Failure) {
	exactly := func(n int, below string, names ...string) {
		given := 0
		for _, name := range names {
			if d.Inputs.Has(below + name) {
				given++
			}
		}
		if given != n {
			failures = append(failures, provider.Refuse(strings.TrimSuffix(below, "."), "Error 400: exactly %d of %s must be set, got %d", n, strings.Join(names, ", "), given))
		}
	}
	exactly(1, "", "basicSli", "requestBasedSli", "windowsBasedSli")
	if !d.Inputs.Has("requestBasedSli") {
		return failures
	}
	exactly(1, "requestBasedSli.", "distributionCut", "goodTotalRatio")
	filters := []string{"requestBasedSli.distributionCut.distributionFilter"}
	if d.Inputs.Has("requestBasedSli.goodTotalRatio") {
		const ratio = "requestBasedSli.goodTotalRatio."
		exactly(2, ratio, "badServiceFilter", "goodServiceFilter", "totalServiceFilter")
		filters = []string{ratio + "badServiceFilter", ratio + "goodServiceFilter", ratio + "totalServiceFilter"}
	}
	for _, filter := range filters {
		failures = append(failures, checkMetricFilter(d, filter)...)
	}
	return failures
}

// checkMetricFilter refuses a known filter that names no one metric, or no kind of
// resource.
// https://cloud.google.com/monitoring/api/v3/filters
func checkMetricFilter(d *provider.Draft, path string) (failures []provider.Failure) {
	text := d.Inputs.Text(path)
	if text == "" {
		return nil
	}
	for _, must := range []string{"metric.type", "resource.type"} {
		if n := len(regexp.MustCompile(regexp.QuoteMeta(must)+`\s*=\s*"[^"]+"`).FindAllString(text, -1)); n != 1 {
			failures = append(failures, provider.Refuse(path, "Error 400: The supplied filter does not specify a valid combination of metric and monitored resource: it must name %s once, and does %d times", must, n))
		}
	}
	return failures
}
