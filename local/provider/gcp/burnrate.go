package gcp

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/local/provider"
)

// longestBurn is how far a burn rate can look back in an alert.
// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/alerting-on-budget-burn-rate#alert-lookbacks
const longestBurn = 24 * time.Hour

// burnForm is a selector of a burn rate, with the objective and the lookback.
// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/timeseries-selectors
var burnForm = regexp.MustCompile(`^select_slo_burn_rate\("(projects/[^/"]+/services/[^/"]+/serviceLevelObjectives/[^/"]+)", ?"([0-9]+(?:ns|us|ms|s|m|h))"\)$`)

// checkThreshold refuses the filter of a threshold that selects nothing that can
// be compared: neither one metric nor a burn rate.
func checkThreshold(d *provider.Draft, at string) []provider.Failure {
	filter := d.Inputs.Text(at + ".filter")
	if !strings.HasPrefix(filter, "select_slo_") {
		return checkMetricFilter(d, at+".filter")
	}
	burn := burnForm.FindStringSubmatch(filter)
	if burn == nil {
		return []provider.Failure{provider.Refuse(at+".filter", `Error 400: Invalid time-series selector %s. It must be select_slo_burn_rate("projects/P/services/S/serviceLevelObjectives/O", "LOOKBACK")`, filter)}
	}
	if lookback, err := time.ParseDuration(burn[2]); err != nil || lookback <= 0 || lookback > longestBurn {
		return []provider.Failure{provider.Refuse(at+".filter", "Error 400: the lookback period of a burn rate in an alert must be at most 24h, got %s", burn[2])}
	}
	if d.Inputs.Has(at + ".aggregations") {
		return []provider.Failure{provider.Refuse(at+".aggregations", "Error 400: a burn rate takes no aggregations")}
	}
	return nil
}

// checkObjectives refuses an alert on the burn rate of an objective that does not
// exist.
func (w *World) checkObjectives(d *provider.Draft) error {
	for i := range d.Inputs.List("conditions") {
		burn := burnForm.FindStringSubmatch(d.Inputs.Text("conditions." + strconv.Itoa(i) + threshold + ".filter"))
		if burn != nil && !w.exists(TypeObjective, burn[1]) {
			return apiError(404, "Service level objective %s not found", burn[1])
		}
	}
	return nil
}
