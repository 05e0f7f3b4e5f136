package gcp

import (
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/observe/objective"
)

// longestBurn is how far a burn rate can look back in an alert.
// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/alerting-on-budget-burn-rate#alert-lookbacks
const longestBurn = 24 * time.Hour

// checkThreshold refuses the filter of a threshold that selects nothing that can
// be compared: neither one metric nor a burn rate.
func checkThreshold(d *provider.Draft, at string) []provider.Failure {
	filter := d.Inputs.Text(at + ".filter")
	if !strings.HasPrefix(filter, "select_slo_") {
		return checkMetricFilter(d, at+".filter")
	}
	burn, ok := objective.ParseBurnRate(filter)
	if !ok {
		return []provider.Failure{provider.Refuse(at+".filter", `Error 400: Invalid time-series selector %s. It must be select_slo_burn_rate("projects/P/services/S/serviceLevelObjectives/O", "LOOKBACK")`, filter)}
	}
	if burn.Lookback <= 0 || burn.Lookback > longestBurn {
		return []provider.Failure{provider.Refuse(at+".filter", "Error 400: the lookback period of a burn rate in an alert must be at most 24h, got %s", burn.Lookback)}
	}
	if d.Inputs.Has(at + ".aggregations") {
		return []provider.Failure{provider.Refuse(at+".aggregations", "Error 400: a burn rate takes no aggregations")}
	}
	return nil
}

// checkObjectives refuses an alert on the burn rate of an objective that does not
// exist.
func (w *Cloud) checkObjectives(d *provider.Draft) error {
	for i := range d.Inputs.List("conditions") {
		burn, ok := objective.ParseBurnRate(d.Inputs.Text("conditions." + strconv.Itoa(i) + threshold + ".filter"))
		if ok && !w.exists(TypeObjective, burn.Objective) {
			return apiError(404, "Service level objective %s not found", burn.Objective)
		}
	}
	return nil
}
