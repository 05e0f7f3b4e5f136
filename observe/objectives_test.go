package observe_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe"
	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/observe/objective"
	"github.com/coditect-ai/license-platform/observe/uptime"
)

const (
	kindMonitored = "gcp:monitoring/customService:CustomService"
	kindObjective = "gcp:monitoring/slo:Slo"
	kindCheck     = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"
	kindDashboard = "gcp:monitoring/dashboard:Dashboard"
)

// backend is the declared layer's.
func backend() objective.Backend {
	return objective.Backend{Namespace: "coditect-app", Service: "license-api", Port: 80}
}

func TestBothServiceLevelObjectivesAreOfTheLicenseAPI(t *testing.T) {
	t.Parallel()
	r := declare(t, observe.Settings{Objectives: objective.Settings{Availability: 0.999, LatencyMilliseconds: 300}}, nil)
	assert.Equal(t, "license-api", r.One(t, kindMonitored, "observe").Get("serviceId"))

	availability := r.One(t, kindObjective, "observe-license-availability")
	indicator := objective.Availability(backend())
	assert.InDelta(t, 0.999, availability.Get("goal"), 0)
	assert.Equal(t, 28.0, availability.Get("rollingPeriodDays"))
	assert.Equal(t, indicator.Bad(), availability.Get("requestBasedSli.goodTotalRatio.badServiceFilter"))
	assert.Equal(t, indicator.Total(), availability.Get("requestBasedSli.goodTotalRatio.totalServiceFilter"))

	latency := r.One(t, kindObjective, "observe-license-latency")
	assert.Equal(t, objective.Latency(backend(), 300).Distribution(), latency.Get("requestBasedSli.distributionCut.distributionFilter"))
	assert.Equal(t, 300.0, latency.Get("requestBasedSli.distributionCut.range.max"))
	assert.True(t, r.ComesAfter(latency, r.One(t, kindMonitored, "observe")))
}

func TestABurningBudgetMustShowInBothWindows(t *testing.T) {
	t.Parallel()
	r := declare(t, observe.Settings{}, nil)
	fast := r.One(t, kindAlert, "observe-AvailabilityBurnFast")
	assert.Equal(t, "AND", fast.Get("combiner"))
	assert.Equal(t, "CRITICAL", fast.Get("severity"))
	for i, lookback := range []string{"1h", "5m"} {
		threshold := []string{"conditions[0].conditionThreshold.", "conditions[1].conditionThreshold."}[i]
		assert.Equal(t, `select_slo_burn_rate("full-name-of-observe-license-availability", "`+lookback+`")`, fast.Get(threshold+"filter"))
		assert.InDelta(t, 13.44, fast.Get(threshold+"thresholdValue"), 0.0001, "2 % of 28 days in an hour")
		assert.Equal(t, "COMPARISON_GT", fast.Get(threshold+"comparison"))
	}
	slow := r.One(t, kindAlert, "observe-LatencyBurnSlow")
	assert.Len(t, slow.Get("conditions"), 1, "PromQL stands alone in a policy")
	assert.Contains(t, slow.Get("conditions[0].conditionPrometheusQueryLanguage.query"), "[72h]")
	assert.True(t, r.ComesAfter(slow, r.One(t, kindService, "edge")), "the load balancer writes what it reads")
}

func TestTheLicenseHostIsAskedFromOutsideWithItsCertificateVerified(t *testing.T) {
	t.Parallel()
	r := declare(t, observe.Settings{}, nil)
	check := r.One(t, kindCheck, "observe")
	assert.Equal(t, "licenses.coditect.ai", check.Get("monitoredResource.labels.host"))
	assert.Equal(t, "/health", check.Get("httpCheck.path"))
	assert.Equal(t, true, check.Get("httpCheck.useSsl"))
	assert.Equal(t, true, check.Get("httpCheck.validateSsl"))
	assert.Equal(t, []any{"USA_OREGON", "USA_IOWA", "USA_VIRGINIA"}, check.Get("selectedRegions"), "where Cloud Armor lets checkers in")
	assert.Equal(t, "60s", check.Get("period"))
	assert.Equal(t, "10s", check.Get("timeout"))
	assert.True(t, r.ComesAfter(check, r.One(t, kindService, "edge")), "before that nobody answers")

	policy := r.One(t, kindAlert, "observe-LicenseAPIUnreachable")
	threshold := "conditions[0].conditionThreshold."
	assert.Equal(t, uptime.Filter("check-of-observe"), policy.Get(threshold+"filter"))
	assert.Equal(t, "1200s", policy.Get(threshold+"aggregations[0].alignmentPeriod"))
	assert.InDelta(t, 1, policy.Get(threshold+"thresholdValue"), 0)
}

func TestTheCheckFromOutsideCanBeDisabled(t *testing.T) {
	t.Parallel()
	r := declare(t, observe.Settings{Uptime: uptime.Settings{Disabled: true}}, nil)
	assert.Empty(t, r.Of(kindCheck))
	for _, policy := range r.Every(t, kindAlert) {
		assert.NotEqual(t, "observe-LicenseAPIUnreachable", policy.Name)
	}
	assert.NotContains(t, r.One(t, kindDashboard, "observe").Get("dashboardJson"), "check_id")
}

func TestTheDashboardShowsEveryPolicyAndObjective(t *testing.T) {
	t.Parallel()
	r := declare(t, observe.Settings{}, nil)
	text, ok := r.One(t, kindDashboard, "observe").Get("dashboardJson").(string)
	require.True(t, ok)
	assert.True(t, json.Valid([]byte(text)))
	for _, objective := range r.Every(t, kindObjective) {
		assert.Contains(t, text, "full-name-of-"+objective.Name)
	}
	for _, a := range alert.All(about(), alert.Thresholds{}) {
		assert.Contains(t, text, "docs/playbooks/"+a.Playbook)
	}
	assert.Contains(t, text, "docs/playbooks/"+uptime.Unreachable().Playbook)
	for _, unknown := range []string{"%!", `=\"\"`, "null"} {
		assert.NotContains(t, text, unknown)
	}
}
