package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/armor/policy"
)

func TestASettingThatAnotherOneTakesAwayIsTold(t *testing.T) {
	t.Parallel()
	office := policy.Ranges{Ranges: []string{"203.0.113.0/24"}}
	for name, row := range map[string]struct {
		settings policy.Settings
		keys     []string
	}{
		"nothing is written":                    {policy.Settings{}, nil},
		"an allowlist in mode rateLimit":        {policy.Settings{Allowlist: office}, []string{"allowlist"}},
		"an allowlist in its mode":              {policy.Settings{Mode: policy.Allowlisted, Allowlist: office}, nil},
		"limits in mode allowlist":              {policy.Settings{Mode: policy.Allowlisted, RateLimit: policy.RateLimit{Count: 50}, Seats: policy.SeatLimit{Devices: 9}}, []string{"rateLimit", "seats"}},
		"threat lists without Enterprise":       {policy.Settings{ThreatIntelligence: policy.ThreatIntelligence{Lists: []string{"iplist-tor-exit-nodes"}}}, []string{"threatIntelligence"}},
		"no threat lists without Enterprise":    {policy.Settings{ThreatIntelligence: policy.ThreatIntelligence{Off: true}}, nil},
		"an automatic rule without Enterprise":  {policy.Settings{AdaptiveProtection: policy.AdaptiveProtection{LoadThreshold: 0.5}}, []string{"adaptiveProtection"}},
		"what alerts tell needs no Enterprise":  {policy.Settings{AdaptiveProtection: policy.AdaptiveProtection{RuleVisibility: "PREMIUM"}}, nil},
		"all of Enterprise":                     {policy.Settings{Enterprise: true, AdaptiveProtection: policy.AdaptiveProtection{Preview: true}, ThreatIntelligence: policy.ThreatIntelligence{Preview: true}}, nil},
		"Enterprise whose rules are taken away": {policy.Settings{Enterprise: true, AdaptiveProtection: policy.AdaptiveProtection{Off: true, Preview: true}, ThreatIntelligence: policy.ThreatIntelligence{Off: true, Preview: true}}, []string{"threatIntelligence", "adaptiveProtection"}},
		"countries whose rule is taken away":    {policy.Settings{Regions: policy.Regions{Off: true, Allowed: []string{"DE"}}}, []string{"regions"}},
		"no countries whose rule is taken away": {policy.Settings{Regions: policy.Regions{Off: true}}, nil},
	} {
		var keys []string
		for _, problem := range row.settings.NoEffect() {
			keys = append(keys, problem.Key)
			assert.NotEmpty(t, problem.Allowed, name)
		}
		assert.Equal(t, row.keys, keys, name)
	}
}
