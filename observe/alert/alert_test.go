package alert_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/alert"
)

var license = alert.Subject{
	Workload: alert.Workload{Namespace: "coditect-app", Job: "license-api"}, Host: "licenses.coditect.ai",
	SecurityPolicy: "license-api-security-policy", Redis: "license-redis", KeyRing: "coditect-license-keys", Secrets: []string{"license-redis-auth", "license-migration-password"},
}

func TestTheseAreTheAlerts(t *testing.T) {
	t.Parallel()
	expressions := map[string]string{}
	for _, a := range alert.All(license, alert.Thresholds{}) {
		expressions[a.Name] = a.Expression
	}

	assert.Equal(t, map[string]string{
		"HighAuthenticationFailureRate":   `sum(rate(http_requests_total{namespace="coditect-app",job="license-api",code=~"401|403"}[5m])) > 10`,
		"PotentialDDoSAttack":             `sum(rate(http_requests_total{namespace="coditect-app",job="license-api"}[2m])) > 1000`,
		"CloudKMSSigningFailures":         `sum(rate(kms_sign_errors_total{namespace="coditect-app",job="license-api"}[5m])) > 0.05 or (sum(increase(kms_sign_errors_total{namespace="coditect-app",job="license-api"}[15m])) >= 3 and sum(increase(license_leases_total{namespace="coditect-app",job="license-api",outcome=~"granted|extended"}[15m])) == 0)`,
		"DatabaseConnectionPoolExhausted": `max(max_over_time(db_connections_active{namespace="coditect-app",job="license-api"}[2m]) / db_connections_max{namespace="coditect-app",job="license-api"}) > 0.9`,
		"SeatsExhausted":                  `sum(rate(license_leases_total{namespace="coditect-app",job="license-api",outcome="exhausted"}[10m])) > 0.5`,
		"WAFDenialSurge":                  `sum(rate(networksecurity_googleapis_com:https_request_count{monitored_resource="network_security_policy",policy_name="license-api-security-policy",blocked="true"}[10m])) > 20`,
		"RedisMemoryHigh":                 `max(max_over_time(redis_googleapis_com:stats_memory_usage_ratio{monitored_resource="redis_instance",instance_id=~"(.*/)?license-redis"}[10m])) > 0.8`,
		"CertificateExpiring":             `min(min_over_time(monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{monitored_resource="uptime_url",host="licenses.coditect.ai"}[20m])) < 14`,
		"KeyVersionDestroyed":             "",
		"SecretReadByPerson":              "",
		"PolicyChangedOutsidePipeline":    "",
	}, expressions)
}

func TestEveryAlertHasAnExpressionOrAFilter(t *testing.T) {
	t.Parallel()
	for _, a := range alert.All(license, alert.Thresholds{}) {
		assert.NotEqual(t, a.Expression == "", a.Filter == "", a.Name)
		assert.Less(t, len(a.Filter), 20_000, "as long as Cloud Logging takes")
	}
}

func TestEveryMetricIsTakenFromTheLicensePlatformOnly(t *testing.T) {
	t.Parallel()
	metric := regexp.MustCompile(`[a-z_:]+\{[^}]*\}`)
	for _, a := range alert.All(license, alert.Thresholds{}) {
		if a.Expression == "" {
			continue
		}
		selectors := metric.FindAllString(a.Expression, -1)
		require.NotEmpty(t, selectors, a.Name)
		for _, selector := range selectors {
			own := `namespace="coditect-app",job="license-api"`
			if strings.Contains(selector, "googleapis_com:") {
				own = "licen" // the policy, the instance or the host
				assert.Contains(t, selector, "monitored_resource=", "PromQL asks for the kind of resource where a metric has several")
			}
			assert.Contains(t, selector, own, a.Name)
		}
		assert.Equal(t, strings.Count(a.Expression, "{"), len(selectors), "no metric stands without a selector")
	}
}

func TestThresholdsCanBeSet(t *testing.T) {
	t.Parallel()
	ends := map[string]string{}
	for _, a := range alert.All(license, alert.Thresholds{RequestsPerSecond: 250, PoolShare: 0.75, CertificateDays: 7}) {
		ends[a.Name] = a.Expression[strings.LastIndex(a.Expression, " ")+1:]
	}

	assert.Equal(t, "250", ends["PotentialDDoSAttack"])
	assert.Equal(t, "0.75", ends["DatabaseConnectionPoolExhausted"])
	assert.Equal(t, "7", ends["CertificateExpiring"])
	assert.Equal(t, "10", ends["HighAuthenticationFailureRate"], "the others keep their defaults")
}

func TestEveryAlertWaitsAndIsGraded(t *testing.T) {
	t.Parallel()
	for _, a := range alert.All(license, alert.Thresholds{}) {
		if a.Expression != "" {
			assert.GreaterOrEqual(t, a.For, time.Minute, a.Name)
			assert.Zero(t, a.For%(30*time.Second), "Cloud Monitoring evaluates every 30 seconds")
		}
		assert.Contains(t, []string{alert.Warning, alert.Critical}, a.Severity, a.Name)
	}
}

func TestAPlaybookHasTheNameOfItsAlert(t *testing.T) {
	t.Parallel()
	for _, a := range alert.All(license, alert.Thresholds{}) {
		assert.Equal(t, strings.ToLower(a.Name), strings.ReplaceAll(strings.TrimSuffix(a.Playbook, ".md"), "-", ""))
	}
}
