package alert_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/alert"
)

var license = alert.Workload{Namespace: "coditect-app", Job: "license-api"}

func TestTheseAreTheAlerts(t *testing.T) {
	t.Parallel()
	expressions := map[string]string{}
	for _, a := range alert.All(license, alert.Thresholds{}) {
		expressions[a.Name] = a.Expression
	}

	assert.Equal(t, map[string]string{
		"HighAuthenticationFailureRate":   `sum(rate(http_requests_total{namespace="coditect-app",job="license-api",code=~"401|403"}[5m])) > 10`,
		"PotentialDDoSAttack":             `sum(rate(http_requests_total{namespace="coditect-app",job="license-api"}[2m])) > 1000`,
		"CloudKMSSigningFailures":         `sum(rate(kms_sign_errors_total{namespace="coditect-app",job="license-api"}[5m])) > 0.05`,
		"DatabaseConnectionPoolExhausted": `max(db_connections_active{namespace="coditect-app",job="license-api"} / db_connections_max{namespace="coditect-app",job="license-api"}) > 0.9`,
	}, expressions)
}

func TestEveryMetricIsTakenFromTheLicenseAPIOnly(t *testing.T) {
	t.Parallel()
	metric := regexp.MustCompile(`[a-z_]+_(total|active|max)(\{[^}]*\})?`)
	for _, a := range alert.All(license, alert.Thresholds{}) {
		selectors := metric.FindAllStringSubmatch(a.Expression, -1)
		require.NotEmpty(t, selectors, a.Name)
		for _, selector := range selectors {
			assert.Contains(t, selector[2], `namespace="coditect-app",job="license-api"`, a.Name)
		}
	}
}

func TestThresholdsCanBeSet(t *testing.T) {
	t.Parallel()
	alerts := alert.All(license, alert.Thresholds{RequestsPerSecond: 250, PoolShare: 0.75})

	assert.Regexp(t, ` > 250$`, alerts[1].Expression)
	assert.Regexp(t, ` > 0\.75$`, alerts[3].Expression)
	assert.Regexp(t, ` > 10$`, alerts[0].Expression, "the others keep their defaults")
}

func TestEveryAlertWaitsAndIsGraded(t *testing.T) {
	t.Parallel()
	for _, a := range alert.All(license, alert.Thresholds{}) {
		assert.GreaterOrEqual(t, a.For, time.Minute, a.Name)
		assert.Zero(t, a.For%(30*time.Second), "Cloud Monitoring evaluates every 30 seconds")
		assert.Contains(t, []string{alert.Warning, alert.Critical}, a.Severity, a.Name)
	}
}
