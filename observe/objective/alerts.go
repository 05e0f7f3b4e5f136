package objective

import (
	"fmt"
	"regexp"
	"time"
)

// longestLookback is how far select_slo_burn_rate can look back in an alert.
// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/alerting-on-budget-burn-rate#alert-lookbacks
const longestLookback = 24 * time.Hour

// Alert fires while an objective's budget is spent faster than a window allows:
// over the long time and over the short one.
type Alert struct {
	// Name is in CamelCase, Summary one line.
	Name, Summary string
	// Severity is alert.Warning or alert.Critical.
	Severity string
	// Playbook is the file, below docs/playbooks, that says what to do.
	Playbook string
	// BurnRate is the threshold of both lookbacks.
	BurnRate float64
	// Lookbacks are asked of Cloud Monitoring's own burn rate of the objective.
	// Empty when the window is longer than that can look back.
	Lookbacks []time.Duration
	// Expression is PromQL over the same metrics, for a longer window; alerting
	// policies in PromQL look back up to two years.
	// https://cloud.google.com/monitoring/alerts/using-promql
	Expression string
}

// Alerts are the objective's, fastest first.
func (o Objective) Alerts() []Alert {
	var alerts []Alert
	for _, window := range Windows() {
		rate := window.BurnRate(o.Days)
		a := Alert{
			Name: o.alerts + window.Name, Severity: window.Severity, Playbook: o.playbooks + window.File, BurnRate: rate,
			Summary: fmt.Sprintf("%.6g %% of the error budget of %d days is spent in %s: %s", 100*window.Budget, o.Days, Lookback(window.Long), o.Summary),
		}
		if window.Long <= longestLookback {
			a.Lookbacks = []time.Duration{window.Long, window.Short}
		} else {
			a.Expression = o.Expression(window)
		}
		alerts = append(alerts, a)
	}
	return alerts
}

// Expression is a window's alert in PromQL.
func (o Objective) Expression(w Window) string {
	bad := w.BurnRate(o.Days) * (1 - o.Goal)
	return fmt.Sprintf("(%s) and (%s)", o.Indicator.Exceeds(bad, Lookback(w.Long)), o.Indicator.Exceeds(bad, Lookback(w.Short)))
}

// BurnRate is what a selector of a burn rate selects: how many times faster than
// evenly the error budget of an objective was spent over the time before.
// https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/timeseries-selectors
type BurnRate struct {
	// Objective is its name in full:
	// projects/P/services/S/serviceLevelObjectives/O.
	Objective string
	// Lookback is how much of the time before counts.
	Lookback time.Duration
}

// Filter is the selector, as the filter of a threshold.
func (b BurnRate) Filter() string {
	return fmt.Sprintf("select_slo_burn_rate(%q, %q)", b.Objective, Lookback(b.Lookback))
}

// burnForm is a selector of a burn rate.
var burnForm = regexp.MustCompile(`^select_slo_burn_rate\("(projects/[^/"]+/services/[^/"]+/serviceLevelObjectives/[^/"]+)", ?"([0-9]+(?:ns|us|ms|s|m|h))"\)$`)

// ParseBurnRate reads the filter of a threshold; ok says whether it is the selector
// of a burn rate.
func ParseBurnRate(filter string) (b BurnRate, ok bool) {
	found := burnForm.FindStringSubmatch(filter)
	if found == nil {
		return BurnRate{}, false
	}
	lookback, err := time.ParseDuration(found[2])
	return BurnRate{Objective: found[1], Lookback: lookback}, err == nil
}

func summary(goal float64, how string, days int) string {
	return fmt.Sprintf("%.6g %% of requests %s in %d days", 100*goal, how, days)
}

func within(milliseconds int) string {
	return fmt.Sprintf("answered within %v", time.Duration(milliseconds)*time.Millisecond)
}
