package gcp

import (
	"context"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeUptimeCheck is a check that Google makes from outside.
const TypeUptimeCheck = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"

func (w *Cloud) uptimeCheck() provider.Kind {
	id := numbered("uptimeCheckConfigs")
	return provider.Kind{
		Type: TypeUptimeCheck, ID: id,
		Numbered: true,
		Free:     "free up to a million executions a project and month (https://cloud.google.com/stackdriver/pricing): three checkers every minute make 131400",
		Own:      true,
		Computed: []string{"name", "uptimeCheckId"},
		Compute: func(ctx context.Context, d *provider.Draft) error {
			fallback(d, "uptimeCheckId", last(id(d)))
			return named(id)(ctx, d)
		},
		Check: func(d *provider.Draft) []provider.Failure {
			failures := oneOf(d, "period", "60s", "300s", "600s", "900s")
			if length, known := seconds(d, "timeout"); known && (length < 1 || length > 60) {
				failures = append(failures, provider.Refuse("timeout", "Error 400: timeout must be between 1 and 60 seconds, got %v", length))
			}
			failures = append(failures, checkTarget(d)...)
			return append(failures, checkCheckers(d)...)
		},
	}
}

// checkTarget refuses a check of nothing, of two things, or with what a GET has not.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.uptimeCheckConfigs
func checkTarget(d *provider.Draft) (failures []provider.Failure) {
	refuse := func(property, format string, values ...any) {
		failures = append(failures, provider.Refuse(property, "Error 400: "+format, values...))
	}
	for _, group := range [][]string{{"monitoredResource", "resourceGroup", "syntheticMonitor"}, {"httpCheck", "tcpCheck", "syntheticMonitor"}} {
		given := 0
		for _, name := range group {
			if d.Inputs.Has(name) {
				given++
			}
		}
		if given != 1 {
			refuse("", "exactly one of %s must be set, got %d", strings.Join(group, ", "), given)
		}
	}
	if d.Inputs.Text("monitoredResource.type") == "uptime_url" && !d.Inputs.Has("monitoredResource.labels.host") {
		refuse("monitoredResource.labels", "the monitored resource uptime_url needs the label host")
	}
	if host := d.Inputs.Text("monitoredResource.labels.host"); strings.ContainsAny(host, "/ ") {
		refuse("monitoredResource.labels", "%q is not a host", host)
	}
	if method := d.Inputs.Text("httpCheck.requestMethod"); method != "POST" && (d.Inputs.Has("httpCheck.body") || d.Inputs.Has("httpCheck.contentType")) {
		refuse("httpCheck", "a GET has neither body nor content_type")
	}
	return failures
}

// checkCheckers refuses unknown regions, and too few of them.
// https://cloud.google.com/monitoring/uptime-checks/introduction
func checkCheckers(d *provider.Draft) []provider.Failure {
	checkers := map[string]int{"USA": 3, "USA_OREGON": 1, "USA_IOWA": 1, "USA_VIRGINIA": 1, "EUROPE": 1, "SOUTH_AMERICA": 1, "ASIA_PACIFIC": 1}
	regions := d.Inputs.Texts("selectedRegions")
	count := 0
	for _, region := range regions {
		if checkers[region] == 0 {
			return []provider.Failure{provider.Refuse("selectedRegions", "Error 400: Invalid value at 'uptime_check_config.selected_regions': %q", region)}
		}
		count += checkers[region]
	}
	if len(regions) > 0 && count < 3 {
		return []provider.Failure{provider.Refuse("selectedRegions", "Error 400: the selected regions must include at least 3 locations, got %d", count)}
	}
	return nil
}
