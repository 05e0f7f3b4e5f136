package policy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// at makes a harmless rule.
func at(name string, priority int, action rule.Action) rule.Rule {
	match := rule.Match{Expression: "origin.asn == 1"}
	if priority == rule.DefaultPriority {
		match = rule.Match{SourceRanges: []string{rule.Any}}
	}
	return rule.Rule{Name: name, Priority: priority, Action: action, Match: match}
}

func TestABandTakesOnlyRulesOfItsKind(t *testing.T) {
	t.Parallel()
	_, err := wafBand.put(at("a", 3000, rule.Deny403))
	require.NoError(t, err)
	_, err = wafBand.put(at("a", 3000, rule.Allow))
	require.ErrorContains(t, err, "has no place in the band")
	_, err = allowlistBand.put(at("a", 9000, rule.Deny403))
	require.ErrorContains(t, err, "has no place in the band")
	_, err = wafBand.put(at("a", 5000, rule.Deny403))
	require.ErrorContains(t, err, "outside the band")
}

func TestBandsLieApart(t *testing.T) {
	t.Parallel()
	ordered := []band{
		lockdownBand, regionBand, threatBand, blocklistBand, customDenyBand, wafBand, adaptiveBand, customPassBand, allowlistBand, rateLimitBand,
	}
	through := false
	for i, each := range ordered {
		assert.LessOrEqual(t, each.first, each.last, each.name)
		if i > 0 {
			assert.Greater(t, each.first, ordered[i-1].last, each.name)
		}
		assert.False(t, through && !each.letsThrough, "%s refuses after another band has let requests through", each.name)
		through = through || each.letsThrough
	}
	assert.Less(t, threatBand.first+(len(knownLists())-1)*threatStep, threatBand.last)
	assert.Less(t, wafBand.first+len(categories(rule.V422))*wafStep, wafBand.last)
	assert.Less(t, blocklistBand.first+maxRanges/rule.MaxSourceRanges*chunkStep, blocklistBand.last)
	assert.Less(t, allowlistBand.first+maxRanges/rule.MaxSourceRanges*chunkStep, allowlistBand.last)
}

func TestAPolicyInTheWrongOrderIsRefused(t *testing.T) {
	t.Parallel()
	last := at("default", rule.DefaultPriority, rule.Allow)
	for says, rules := range map[string][]rule.Rule{
		"before it lets some through": {at("a", 1, rule.Allow), at("b", 2, rule.Deny403), last},
		"does not come after":         {at("a", 2, rule.Deny403), at("b", 1, rule.Deny403), last},
		"same name":                   {at("a", 1, rule.Deny403), at("a", 2, rule.Deny403), last},
		"does not end in a default":   {at("a", 1, rule.Deny403)},
	} {
		require.ErrorContains(t, Policy{Rules: rules}.Check(), says)
	}
	require.NoError(t, Policy{Rules: []rule.Rule{at("a", 1, rule.Deny403), at("b", 2, rule.Allow), last}}.Check())
}
