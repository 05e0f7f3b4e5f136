package policy_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
)

// anySettings draws settings: half of them right ones, so that whole policies are
// built, the others with mistakes.
func anySettings(t *rapid.T) policy.Settings {
	careful := rapid.Bool().Draw(t, "careful")
	some := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
	// orWrong is one of the right values or, where no care is taken, a wrong one.
	orWrong := func(label string, right []string, wrong ...string) string {
		if !careful {
			right = append(right, wrong...)
		}
		return some(label, right...)
	}
	flag := func(label string) bool { return rapid.Bool().Draw(t, label) }
	ranges := func(label string) []string {
		widths, least := []int{24, 28, 32}, 1
		if !careful {
			widths, least = append(widths, 8, 40), 0
		}
		return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("10.%d.%d.0/%d", rapid.IntRange(0, 255).Draw(t, "b"), rapid.IntRange(0, 255).Draw(t, "c"), rapid.SampledFrom(widths).Draw(t, "bits"))
		}), least, 35, rapid.ID[string]).Draw(t, label)
	}
	generation := rule.Generation(some("generation", "", "v422", "v33"))
	known, optOut := []string{"sqli", "xss", "java", "php", "cve-canary", "generic"}, []string{"owasp-crs-v042200-id942100-sqli"}
	if generation == rule.V33 {
		known[5], optOut = "nodejs", []string{"owasp-crs-v030301-id942251-sqli"}
	}
	sets := map[string]policy.Set{}
	for range rapid.IntRange(0, 4).Draw(t, "sets") {
		category := orWrong("category", known, "generic", "nodejs", "json-sqli-canary")
		set := policy.Set{
			Off: flag("set off"), Preview: flag("set preview"), Sensitivity: rapid.IntRange(0, 4).Draw(t, "set sensitivity"),
		}
		if opts := flag("opts out"); opts && (category == "sqli" || !careful) {
			set.OptOut = optOut
		}
		sets[category] = set
	}
	most, intervals := 10_000, []int{0, 10, 60, 3600}
	if !careful {
		most, intervals = 20_000, append(intervals, 61)
	}
	settings := policy.Settings{
		Preview: flag("preview"), Enterprise: flag("enterprise"), LogLevel: some("level", "", "NORMAL", "VERBOSE"),
		Mode:               policy.Mode(some("mode", "", "rateLimit", "allowlist")),
		Regions:            policy.Regions{Off: flag("regions off"), Unknown: some("unknown", "", "deny", "allow"), Preview: flag("regions preview")},
		ThreatIntelligence: policy.ThreatIntelligence{Off: flag("threats off"), Lists: rapid.SampledFrom([][]string{nil, {"iplist-tor-exit-nodes", "iplist-vpn-providers"}}).Draw(t, "lists")},
		Blocklist:          policy.Ranges{Ranges: ranges("blocklist"), Preview: flag("blocklist preview")},
		Allowlist:          policy.Ranges{Ranges: ranges("allowlist"), Preview: flag("allowlist preview")},
		WAF:                policy.WAF{Generation: generation, Sensitivity: rapid.IntRange(0, 4).Draw(t, "sensitivity"), Sets: sets},
		AdaptiveProtection: policy.AdaptiveProtection{Off: flag("adaptive off"), Preview: flag("adaptive preview")},
		RateLimit: policy.RateLimit{
			Action: rule.Action(some("limit", "", "throttle", "rate_based_ban")), Count: rapid.IntRange(0, most).Draw(t, "count"),
			IntervalSeconds: rapid.SampledFrom(intervals).Draw(t, "interval"), Preview: flag("limit preview"),
		},
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "custom rules") {
		action := rule.Action(some("action", "allow", "deny(403)", "deny(502)", "throttle", "rate_based_ban"))
		priority := 2000 + 10*i
		if action.LetsThrough() {
			priority = 8000 + 10*i
		}
		if !careful {
			priority = rapid.SampledFrom([]int{priority, 2000, 3000, 8000, 8999, 50}).Draw(t, "priority")
		}
		settings.CustomRules = append(settings.CustomRules, policy.CustomRule{
			Name: fmt.Sprintf("rule-%d", i), Priority: priority, Action: action, Preview: flag("custom preview"),
			Expression: orWrong("expression", []string{"origin.asn == 1", "request.path == '/'", "origin.asn == 2"}, "origin.region_code in ['US']"),
		})
	}
	return settings
}

func TestNoSettingsLetARequestPastADeny(t *testing.T) {
	t.Parallel()
	built := 0
	rapid.Check(t, func(t *rapid.T) {
		result, err := policy.Build(anySettings(t), policy.Scope{Host: "licenses.coditect.ai", Lockdown: rapid.Bool().Draw(t, "lockdown")})
		if err != nil {
			return
		}
		built++
		letsThrough := ""
		for _, each := range result.Rules {
			// The rules for everyone else are the end of an allowlist: all that
			// is not let through is refused.
			if each.Action.IsDeny() && !each.MatchesAll() {
				require.Empty(t, letsThrough, "%s comes after it", each)
			}
			if each.Action.LetsThrough() {
				letsThrough = each.String()
			}
		}
	})
	require.Positive(t, built, "some of the settings are right")
}

func TestSettingsEitherFailValidationOrBuildAPolicyThatTheAPITakes(t *testing.T) {
	t.Parallel()
	right, wrong := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		settings := anySettings(t)
		problems := settings.Validate()
		result, err := policy.Build(settings, scope())
		if len(problems) > 0 {
			wrong++
			require.Error(t, err)
			return
		}
		right++
		require.NoError(t, err)
		require.NoError(t, result.Check())
		require.True(t, result.Default().IsDefault())
		again, err := policy.Build(settings, scope())
		require.NoError(t, err)
		require.Equal(t, result, again, "the same settings make the same policy")
	})
	t.Logf("%d right, %d wrong", right, wrong)
	require.Positive(t, right)
	require.Positive(t, wrong)
}

func TestAPolicyInPreviewEnforcesNoRefusal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		settings := anySettings(t)
		settings.Preview = true
		result, err := policy.Build(settings, scope())
		if err != nil {
			return
		}
		for _, each := range result.Rules {
			require.True(t, each.Preview || each.Action == rule.Allow, "%s is enforced", each)
		}
	})
}
