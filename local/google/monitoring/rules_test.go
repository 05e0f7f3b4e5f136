package monitoring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// policy declares an alert policy with these conditions.
func policy(name, combiner string, conditions ...any) store.Resource {
	return store.Resource{Type: "gcp:monitoring/alertPolicy:AlertPolicy", ID: "projects/p/alertPolicies/1", Inputs: object{
		"displayName": "License platform: " + name, "combiner": combiner, "severity": "CRITICAL", "conditions": conditions,
		"notificationChannels": []any{"projects/p/notificationChannels/2"},
		"documentation":        object{"subject": "Something is wrong", "content": "Something is wrong.\n\nWhat to do: https://x/docs/playbooks/some-alert.md"},
		"alertStrategy":        object{"autoClose": "1800s"},
	}}
}

func promQL(query, lasting string) any {
	return object{"conditionPrometheusQueryLanguage": object{"query": query, "duration": lasting}}
}

func above(filter string, value float64, aggregations ...any) any {
	return object{"conditionThreshold": object{
		"filter": filter, "comparison": "COMPARISON_GT", "thresholdValue": value, "duration": "60s", "aggregations": aggregations,
	}}
}

var objectives = map[string]provider.Properties{
	"projects/p/services/s/serviceLevelObjectives/availability": {"goal": 0.995, "requestBasedSli": object{"goodTotalRatio": object{
		"badServiceFilter": `metric.type="lb/count" AND metric.label.class="500"`, "totalServiceFilter": `metric.type="lb/count"`,
	}}},
	"projects/p/services/s/serviceLevelObjectives/latency": {"goal": 0.99, "requestBasedSli": object{"distributionCut": object{
		"distributionFilter": `metric.type="lb/ms" AND metric.label.class="200"`, "range": object{"min": 0.0, "max": 1000.0},
	}}},
	"projects/p/services/s/serviceLevelObjectives/odd": {"goal": 0.99, "requestBasedSli": object{"distributionCut": object{
		"distributionFilter": `metric.type="lb/ms"`, "range": object{"max": 987.0},
	}}},
}

func TestAnAlertPolicyBecomesARule(t *testing.T) {
	t.Parallel()
	burn := func(objective, lookback string, rate float64) any {
		return above(`select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/`+objective+`", "`+lookback+`")`, rate)
	}
	for name, c := range map[string]struct {
		declared   store.Resource
		expression string
		wait       time.Duration
	}{
		"PromQL is taken as it is": {policy("A", "OR", promQL("up == 0", "300s")), "up == 0", 5 * time.Minute},
		"both burn rates of a share must hold": {
			policy("A", "AND", burn("availability", "1h", 13.44), burn("availability", "5m", 13.44)),
			`((sum(rate(lb:count{class="500"}[1h])) / sum(rate(lb:count{}[1h]))) / 0.005 > 13.44) and on() ` +
				`((sum(rate(lb:count{class="500"}[5m])) / sum(rate(lb:count{}[5m]))) / 0.005 > 13.44)`, time.Minute,
		},
		"a distribution is cut at a bound": {
			policy("A", "OR", burn("latency", "6h", 5.6)),
			`(1 - sum(rate(lb:ms_bucket{class="200",le="1000"}[6h])) / sum(rate(lb:ms_count{class="200"}[6h]))) / 0.01 > 5.6`, time.Minute,
		},
		"failed checkers are counted": {
			policy("A", "OR", above(`metric.type="m/passed" AND metric.label."check_id"="c"`, 1, object{
				"perSeriesAligner": "ALIGN_NEXT_OLDER", "crossSeriesReducer": "REDUCE_COUNT_FALSE", "alignmentPeriod": "1200s", "groupByFields": []any{"resource.label.*"},
			})),
			`count by (project_id, host) (last_over_time(m:passed{check_id="c"}[1200s]) == 0) > 1`, time.Minute,
		},
	} {
		got := translate([]store.Resource{c.declared}, objectives)
		require.Empty(t, got.problems, name)
		require.Len(t, got.rules, 1, name)
		assert.Equal(t, c.expression, got.rules[0].expression, name)
		assert.Equal(t, c.wait, got.rules[0].wait, name)
		assert.Equal(t, about{
			name: "A", policy: "projects/p/alertPolicies/1", severity: "CRITICAL", summary: "Something is wrong",
			playbook: "https://x/docs/playbooks/some-alert.md", channels: []string{"projects/p/notificationChannels/2"},
		}, got.rules[0].about, name)
	}
}

func TestALogConditionBecomesAFilterWithLabels(t *testing.T) {
	t.Parallel()
	got := translate([]store.Resource{policy("A", "OR", object{"conditionMatchedLog": object{
		"filter":          `protoPayload.methodName="Destroy"`,
		"labelExtractors": object{"principal": "EXTRACT(protoPayload.authenticationInfo.principalEmail)", "gone": "EXTRACT(protoPayload.missing)"},
	}})}, nil)
	require.Empty(t, got.problems)
	require.Len(t, got.logs, 1)
	entry := object{"protoPayload": object{"methodName": "Destroy", "authenticationInfo": object{"principalEmail": "ann@acme.example"}}}
	assert.True(t, got.logs[0].filter.Matches(entry))
	assert.Equal(t, map[string]string{"principal": "ann@acme.example"}, got.logs[0].labels(entry))
	assert.Equal(t, 30*time.Minute, got.logs[0].closes)
}

func TestWhatCannotBeActedOutIsNamed(t *testing.T) {
	t.Parallel()
	for why, condition := range map[string]any{
		"the objective projects/p/services/s/serviceLevelObjectives/none does not exist": above(`select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/none", "1h")`, 1),
		"987 ms is not one of them":                  above(`select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/odd", "1h")`, 1),
		"a threshold over ALIGN_RATE and REDUCE_SUM": above(`metric.type="a/b"`, 1, object{"perSeriesAligner": "ALIGN_RATE", "crossSeriesReducer": "REDUCE_SUM"}),
		"a threshold with 0 aggregations":            above(`metric.type="a/b"`, 1),
		"reads kubernetes_io:container_restart_count, which nothing measures here": object{"conditionPrometheusQueryLanguage": object{
			"query": `rate(kubernetes_io:container_restart_count[5m]) > 0 or rate(loadbalancing_googleapis_com:https_total_latencies_count[5m]) > 0`,
		}},
		"reads log entries of k8s_pod, which nothing writes here": object{"conditionMatchedLog": object{"filter": `resource.type=("k8s_container" OR "k8s_pod")`}},
		"reads the log cloudaudit.googleapis.com/policy, which nothing writes here": object{"conditionMatchedLog": object{
			"filter": `log_id("cloudaudit.googleapis.com/activity") OR log_id("cloudaudit.googleapis.com/policy")`,
		}},
		"neither PromQL, a threshold nor a log": object{"conditionAbsent": object{}},
		"only EXTRACT(field) is acted out here": object{"conditionMatchedLog": object{"filter": `severity>=ERROR`, "labelExtractors": object{"x": `REGEXP_EXTRACT(a, "b")`}}},
	} {
		got := translate([]store.Resource{policy("A", "OR", condition)}, objectives)
		assert.Empty(t, got.rules, why)
		assert.Empty(t, got.logs, why)
		require.Len(t, got.problems, 1, why)
		assert.Contains(t, got.problems[0], "the alert A is not acted out: ")
		assert.Contains(t, got.problems[0], why)
	}
}
