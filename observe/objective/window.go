package objective

import (
	"fmt"
	"math"
	"time"

	"github.com/coditect-ai/license-platform/observe/alert"
)

// Window is how much of the error budget may be spent in how much time.
type Window struct {
	// Budget is the share of the whole period's error budget, between 0 and 1.
	Budget float64
	// Long is the time in which it is spent; Short, a twelfth of it, says
	// whether it is still being spent, so that the alert ends with the incident.
	Long, Short time.Duration
	// Severity is alert.Warning or alert.Critical.
	Severity string
	// Name tells the window's alert from the others, File its playbook.
	Name, File string
}

// Windows are those that the SRE workbook recommends, fastest first.
// https://sre.google/workbook/alerting-on-slos/#recommended_parameters_for_an_slo_based_a
func Windows() []Window {
	const hour, day = time.Hour, 24 * time.Hour
	return []Window{
		{Budget: 0.02, Long: hour, Short: 5 * time.Minute, Severity: alert.Critical, Name: "Fast", File: "fast.md"},
		{Budget: 0.05, Long: 6 * hour, Short: 30 * time.Minute, Severity: alert.Critical, Name: "Steady", File: "steady.md"},
		{Budget: 0.10, Long: 3 * day, Short: 6 * hour, Severity: alert.Warning, Name: "Slow", File: "slow.md"},
	}
}

// BurnRate is how many times faster than evenly the budget is spent when Budget
// of it goes in Long: 1 spends exactly all of it in the period.
func (w Window) BurnRate(days int) float64 {
	period := time.Duration(days) * 24 * time.Hour
	// Six digits are plenty, and what a floating point adds would show in plans.
	return math.Round(w.Budget*period.Hours()/w.Long.Hours()*1e6) / 1e6
}

// fastest is the highest burn rate of all windows.
func fastest(days int) float64 {
	highest := 0.0
	for _, window := range Windows() {
		highest = max(highest, window.BurnRate(days))
	}
	return highest
}

// Lookback is a duration as PromQL and select_slo_burn_rate both read it.
func Lookback(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	if d%time.Minute == 0 {
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%dms", d/time.Millisecond)
}
