package monitoring

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFilterOfCloudMonitoringIsReadAsPromQL(t *testing.T) {
	t.Parallel()
	for filter, want := range map[string]string{
		`metric.type="a.googleapis.com/https/request_count"`:                                                            `a_googleapis_com:https_request_count{}`,
		`metric.type="a.b/c" AND resource.type="https_lb_rule"`:                                                         `a_b:c{monitored_resource="https_lb_rule"}`,
		`metric.type = "a.b/c"  resource.label."zone" != "x"`:                                                           `a_b:c{zone!="x"}`,
		`metric.type="a.b/c" AND resource.labels.name=monitoring.regex.full_match("k8s1-[0-9a-f]+-x")`:                  `a_b:c{name=~"k8s1-[0-9a-f]+-x"}`,
		`metric.type="a.b/c" AND metric.label."code"!=monitoring.regex.full_match( "4.." ) AND metric.label.le="\"1\""`: `a_b:c{code!~"4..",le="\"1\""}`,
	} {
		got, err := parseSelector(filter)
		require.NoError(t, err, filter)
		assert.Equal(t, want, got.with(""), filter)
	}
}

func TestAFilterThatSaysMoreIsRefusedByItsText(t *testing.T) {
	t.Parallel()
	for filter, why := range map[string]string{
		`resource.type="x"`:                                       "names no metric.type",
		`metric.type="a.b/c" OR resource.type="x"`:                `from "OR resource.type`,
		`metric.type="a.b/c" AND metric.label.n > 3`:              "only comparisons with = and !=",
		`metric.type="a.b/c" AND metric.label.n = 3`:              "not a text in quotes",
		`metric.type=monitoring.regex.full_match("a" `:            "is not closed",
		`metric.type="a.b/c" AND project="x"`:                     `from "project`,
		`metric.type="a.b/c" AND metric.label.n=starts_with("x")`: "not a text in quotes",
	} {
		_, err := parseSelector(filter)
		assert.ErrorContains(t, err, why, filter)
	}
}

func FuzzAFilterIsReadOrRefused(f *testing.F) {
	f.Add(`metric.type="a.b/c" AND resource.labels.name=monitoring.regex.full_match("x")`)
	f.Add(`metric.type=monitoring.regex.full_match(monitoring.regex.full_match("x"))`)
	f.Fuzz(func(t *testing.T, filter string) {
		if s, err := parseSelector(filter); err == nil {
			assert.NotEmpty(t, s.metric)
		}
	})
}

func TestAPaceShortensEveryRangeAndNoThreshold(t *testing.T) {
	t.Parallel()
	const expression = `sum(rate(a{x="y"}[5m])) / sum(rate(b[1h30m])) > 10 and max_over_time(c[3d]) > 5`
	assert.Equal(t, expression, RealTime.query(expression))
	assert.Equal(t, `sum(rate(a{x="y"}[5000ms])) / sum(rate(b[90000ms])) > 10 and max_over_time(c[4320000ms]) > 5`, Pace(60).query(expression))
	require.NoError(t, Pace(60).Validate())
	for _, wrong := range []Pace{0, -1, 361} {
		assert.ErrorContains(t, wrong.Validate(), "1 (real time) to 360")
	}
}
