package checklist_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/ops/checklist"
	"github.com/coditect-ai/license-platform/stack/plan"
)

const root = "../.."

func report(t *testing.T, stack string, changes ...plan.Change) checklist.Report {
	t.Helper()
	plans, err := checklist.PlansOf(root, stack, changes...)
	require.NoError(t, err)
	return checklist.New(plans)
}

func TestProdPassesEverything(t *testing.T) {
	t.Parallel()
	r := report(t, "prod")
	assert.Empty(t, r.Failed())
	assert.Equal(t, 100, r.Score.Points)
	assert.Equal(t, 100, r.CheckovScore.Points)
	assert.GreaterOrEqual(t, r.Score.Passed, 17)
}

func TestDevPassesAsItIsShipped(t *testing.T) {
	t.Parallel()
	r := report(t, "dev")
	assert.Empty(t, r.Failed())
	i := slices.IndexFunc(r.Checkov, func(r checklist.Result) bool { return r.ID == "CKV_GCP_82" })
	assert.Equal(t, checklist.NotApplicable, r.Checkov[i].Status)
	assert.Contains(t, r.Checkov[i].Why, "made to be deleted")
	protected := report(t, "dev", plan.Set("data.deletionProtection", true))
	assert.Empty(t, protected.Failed())
	assert.Equal(t, checklist.Pass, protected.Checkov[i].Status)
}

func TestTheClusterIsJudgedWhereItIsCreated(t *testing.T) {
	t.Parallel()
	for stack, status := range map[string]checklist.Status{"dev": checklist.Pass, "prod": checklist.NotApplicable} {
		results := report(t, stack).Checkov
		i := slices.IndexFunc(results, func(r checklist.Result) bool { return r.ID == "CKV_GCP_64" })
		require.GreaterOrEqual(t, i, 0)
		assert.Equal(t, status, results[i].Status, stack)
		assert.Equal(t, status == checklist.NotApplicable, results[i].Why != "", stack)
	}
}

func TestASettingThatWeakensAStackFailsItsItem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack  string
		change plan.Change
		failed []string
	}{
		"the WAF only watches":      {"prod", plan.Set("armor.preview", true), []string{"infrastructure.cloud-armor", "CKV_GCP_73"}},
		"a higher rate":             {"prod", plan.Set("armor.rateLimit.count", 101), []string{"infrastructure.rate-limit"}},
		"regions are open":          {"prod", plan.Set("armor.regions.off", true), []string{"infrastructure.regions"}},
		"another region":            {"prod", plan.Set("armor.regions.allowed", []any{"US", "KP"}), []string{"infrastructure.regions"}},
		"nobody is told":            {"prod", plan.Set("observe.emails", []any{}), []string{"observability.alerts"}},
		"logs are kept for a week":  {"prod", plan.Set("observe.retentionDays", 7), []string{"observability.logs"}},
		"another site may call":     {"prod", plan.Set("api.corsOrigins", []any{"https://example.com"}), []string{"application.cors"}},
		"an audit log is left out":  {"prod", plan.Set("observe.auditedServices", []any{"secretmanager.googleapis.com"}), []string{"CKV2_GCP_5"}},
		"the network has no NAT":    {"dev", plan.Set("network.nat", false), []string{"network.nat"}},
		"a WAF set is switched off": {"prod", plan.Set("armor.waf.sets", map[string]any{"xss": map[string]any{"off": true}}), []string{"infrastructure.owasp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.ElementsMatch(t, c.failed, report(t, c.stack, c.change).Failed())
		})
	}
}
