package objective_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/observe/objective"
)

var license = objective.Backend{Namespace: "coditect-app", Service: "license-api", Port: 80}

func TestABurnRateSpendsItsShareOfThePeriodInItsWindow(t *testing.T) {
	t.Parallel()
	for days, rates := range map[int][]float64{
		28: {13.44, 5.6, 0.9333},
		30: {14.4, 6, 1},
	} {
		for i, window := range objective.Windows() {
			assert.InDelta(t, rates[i], window.BurnRate(days), 0.0001, "%s of %d days", window.Name, days)
			spent := window.BurnRate(days) * window.Long.Hours() / float64(days*24)
			assert.InDelta(t, window.Budget, spent, 1e-6)
		}
	}
}

func TestAShortWindowIsATwelfthOfTheLongOne(t *testing.T) {
	t.Parallel()
	for _, window := range objective.Windows() {
		assert.Equal(t, window.Long/12, window.Short, window.Name)
	}
}

func TestTheObjectivesAreAboutTheLicenseAPIOnly(t *testing.T) {
	t.Parallel()
	all := objective.All(license, objective.Settings{})
	require.Len(t, all, 2)
	availability, latency := all[0], all[1]
	const backend = `resource.type="https_lb_rule" AND resource.label."backend_target_name"=monitoring.regex.full_match("k8s1-[0-9a-f]+-coditect-app-license-api-80-[0-9a-z]+") AND `
	assert.Equal(t, `metric.type="loadbalancing.googleapis.com/https/request_count" AND `+backend+`metric.label."response_code_class"="500"`, availability.Indicator.Bad())
	assert.Equal(t, `metric.type="loadbalancing.googleapis.com/https/request_count" AND `+backend+`metric.label."response_code_class"!="400"`, availability.Indicator.Total())
	assert.Equal(t, `metric.type="loadbalancing.googleapis.com/https/total_latencies" AND `+backend+`metric.label."response_code_class"="200"`, latency.Indicator.Distribution())
	assert.InDelta(t, 0.995, availability.Goal, 0)
	assert.InDelta(t, 0.99, latency.Goal, 0)
	assert.Equal(t, 1000, latency.Milliseconds)
	assert.Equal(t, "99 % of requests answered within 1s in 28 days", latency.Summary)
}

func TestTheBackendIsNoOtherService(t *testing.T) {
	t.Parallel()
	assert.True(t, license.KeepsName())
	for name, ours := range map[string]bool{
		"k8s1-1c1a1b2d-coditect-app-license-api-80-8f0a1b2c":       true,
		"k8s1-1c1a1b2d-coditect-app-license-staff-80-8f0a1b2c":     false,
		"k8s1-1c1a1b2d-coditect-app-coditect-api-v2-80-8f0a1b2c":   false,
		"k8s1-1c1a1b2d-x-coditect-app-license-api-80-8f0a1b2c":     false,
		"k8s1-1c1a1b2d-coditect-app-license-api-8080-8f0a1b2c":     false,
		"k8s1-1c1a1b2d-coditect-app-license-api-80-8f0a1b2c-extra": false,
	} {
		assert.Equal(t, ours, wholeMatch(license.Pattern(), name) == name, name)
	}
	long := objective.Backend{Namespace: "a-namespace-of-26-characters", Service: "license-api", Port: 80}
	assert.False(t, long.KeepsName(), "GKE would cut the name")
}

func TestEveryObjectiveHasAnAlertForEveryWindow(t *testing.T) {
	t.Parallel()
	severities := map[string]string{}
	for _, o := range objective.All(license, objective.Settings{}) {
		for i, a := range o.Alerts() {
			severities[a.Name] = a.Severity
			assert.Equal(t, strings.ToLower(a.Name), strings.ReplaceAll(strings.TrimSuffix(a.Playbook, ".md"), "-", ""), "a playbook has the name of its alert")
			window := objective.Windows()[i]
			assert.InDelta(t, window.BurnRate(28), a.BurnRate, 1e-9, a.Name)
			if window.Long > 24*time.Hour {
				assert.Empty(t, a.Lookbacks, "%s: Cloud Monitoring's burn rate looks back a day at most", a.Name)
				assert.Equal(t, o.Expression(window), a.Expression)
				continue
			}
			assert.Equal(t, []time.Duration{window.Long, window.Short}, a.Lookbacks, a.Name)
			assert.Empty(t, a.Expression, a.Name)
		}
	}
	assert.Equal(t, map[string]string{
		"AvailabilityBurnFast": alert.Critical, "AvailabilityBurnSteady": alert.Critical, "AvailabilityBurnSlow": alert.Warning,
		"LatencyBurnFast": alert.Critical, "LatencyBurnSteady": alert.Critical, "LatencyBurnSlow": alert.Warning,
	}, severities)
}

func TestABurnRateIsSelectedAsCloudMonitoringReadsIt(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/o", "1h")`,
		objective.BurnRate{Objective: "projects/p/services/s/serviceLevelObjectives/o", Lookback: time.Hour}.Filter())
	assert.Equal(t, `select_slo_burn_rate("o", "5m")`, objective.BurnRate{Objective: "o", Lookback: 5 * time.Minute}.Filter())
}

func TestASelectorOfABurnRateIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, lookback := range []time.Duration{time.Hour, 30 * time.Minute, 90 * time.Second} {
		written := objective.BurnRate{Objective: "projects/p/services/s/serviceLevelObjectives/o", Lookback: lookback}
		read, ok := objective.ParseBurnRate(written.Filter())
		assert.True(t, ok, written.Filter())
		assert.Equal(t, written, read)
	}
	for name, filter := range map[string]string{
		"a metric":                `metric.type="a.googleapis.com/b"`,
		"an objective's id alone": `select_slo_burn_rate("o", "1h")`,
		"no lookback":             `select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/o")`,
		"days":                    `select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/o", "1d")`,
		"something behind it":     `select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/o", "1h") AND x`,
	} {
		_, ok := objective.ParseBurnRate(filter)
		assert.False(t, ok, name)
	}
}
