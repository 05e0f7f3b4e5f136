package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/armor/policy"
)

func TestCountriesAreAdmittedAsTheRegionRuleDecides(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings policy.Settings
		belgium  bool
	}{
		"the design's countries": {policy.Settings{}, false},
		"Belgium is listed":      {policy.Settings{Regions: policy.Regions{Allowed: []string{"BE"}}}, true},
		"the rule is off":        {policy.Settings{Regions: policy.Regions{Off: true}}, true},
		"the rule only logs":     {policy.Settings{Regions: policy.Regions{Preview: true}}, true},
		"every rule only logs":   {policy.Settings{Preview: true}, true},
	} {
		assert.Equal(t, c.belgium, c.settings.Admits("BE"), name)
		assert.Equal(t, name != "Belgium is listed", c.settings.Admits("US"), name)
	}
	listed := policy.Settings{Mode: policy.Allowlisted, Allowlist: policy.Ranges{Ranges: []string{"192.0.2.0/24"}}}
	assert.False(t, listed.Admits("US"), "an allowlist asks for addresses")
	listed.Allowlist.Preview = true
	assert.True(t, listed.Admits("US"))
}
