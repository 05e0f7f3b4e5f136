package monitoring

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/observe/objective"
)

// measured is what a threshold is compared with, in PromQL.
func measured(declared provider.Properties, at string, objectives map[string]provider.Properties) (string, error) {
	filter := declared.Text(at + ".filter")
	if burn, ok := objective.ParseBurnRate(filter); ok {
		slo, known := objectives[burn.Objective]
		if !known {
			return "", fmt.Errorf("the objective %s does not exist", burn.Objective)
		}
		return burnRate(slo, objective.Lookback(burn.Lookback))
	}
	selected, err := parseSelector(filter)
	if err != nil {
		return "", err
	}
	return aggregated(declared, at+".aggregations", selected)
}

// burnRate is how many times faster than allowed an error budget is spent.
// https://sre.google/workbook/alerting-on-slos/
func burnRate(slo provider.Properties, lookback string) (string, error) {
	goal, _ := slo.Number("goal")
	bad, err := badShare(slo, lookback)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("(%s) / %s", bad, strconv.FormatFloat(roundOff(1-goal), 'g', -1, 64)), nil
}

// roundOff takes away what binary fractions add: 1 - 0.99 is 0.01.
func roundOff(share float64) float64 { return math.Round(share*1e9) / 1e9 }

// badShare is the share of bad requests among all, over the lookback.
func badShare(slo provider.Properties, lookback string) (string, error) {
	const ratio, cut = "requestBasedSli.goodTotalRatio", "requestBasedSli.distributionCut"
	over := func(s selector, suffix string, more ...string) string {
		return fmt.Sprintf("sum(rate(%s[%s]))", s.with(suffix, more...), lookback)
	}
	switch {
	case slo.Has(ratio + ".badServiceFilter"):
		bad, err := parseSelector(slo.Text(ratio + ".badServiceFilter"))
		if err != nil {
			return "", err
		}
		total, err := parseSelector(slo.Text(ratio + ".totalServiceFilter"))
		if err != nil {
			return "", err
		}
		return over(bad, "") + " / " + over(total, ""), nil
	case slo.Has(cut):
		all, err := parseSelector(slo.Text(cut + ".distributionFilter"))
		if err != nil {
			return "", err
		}
		slowest, _ := slo.Number(cut + ".range.max")
		if !isBound(slowest) {
			return "", fmt.Errorf("the embedded load balancer measures latency in steps, and %v ms is not one of them: %s", slowest, boundsText())
		}
		return fmt.Sprintf("1 - %s / %s", over(all, "_bucket", "le="+strconv.Quote(strconv.FormatFloat(slowest, 'g', -1, 64))), over(all, "_count")), nil
	default:
		return "", fmt.Errorf("the objective %s counts neither bad requests nor a distribution", slo.Text("displayName"))
	}
}

// aggregated is a metric as the one aggregation of a condition makes it. Only the
// count of failed checkers is acted out, which the alert on the uptime check needs.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aggregation
func aggregated(declared provider.Properties, at string, s selector) (string, error) {
	if n := len(declared.List(at)); n != 1 {
		return "", fmt.Errorf("a threshold with %d aggregations", n)
	}
	align, reduce := declared.Text(at+".0.perSeriesAligner"), declared.Text(at+".0.crossSeriesReducer")
	if align != "ALIGN_NEXT_OLDER" || reduce != "REDUCE_COUNT_FALSE" {
		return "", fmt.Errorf("a threshold over %s and %s", align, reduce)
	}
	by := "by (project_id, host)"
	for _, field := range declared.List(at + ".0.groupByFields") {
		if text, _ := field.(string); !strings.HasPrefix(text, "resource.label") {
			return "", fmt.Errorf("a threshold grouped by %v", field)
		}
	}
	return fmt.Sprintf("count %s (last_over_time(%s[%s]) == 0)", by, s.with(""), declared.Text(at+".0.alignmentPeriod")), nil
}
