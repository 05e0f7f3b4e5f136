package policy

import (
	"fmt"
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

func TestAPolicyHasAtMostAsManyRulesAsGoogleAllows(t *testing.T) {
	t.Parallel()
	many := make([]rule.Rule, 0, rule.MaxRules+1)
	for i := range rule.MaxRules {
		many = append(many, at(fmt.Sprintf("rule-%d", i), i, rule.Deny403))
	}
	many = append(many, at("default", rule.DefaultPriority, rule.Allow))
	require.NoError(t, Policy{Rules: many[1:]}.Check())
	require.ErrorContains(t, Policy{Rules: many}.Check(), fmt.Sprintf("policy has %d rules; allowed: %d", rule.MaxRules+1, rule.MaxRules))
}

func TestOneWrongExpressionHidesNoOther(t *testing.T) {
	t.Parallel()
	with := func(name string, priority int, match rule.Match) rule.Rule {
		return rule.Rule{Name: name, Priority: priority, Action: rule.Deny403, Match: match}
	}
	err := Policy{Rules: []rule.Rule{
		with("ranges", 1, rule.Match{SourceRanges: []string{"192.0.2.0/24"}}),
		with("country", 2, rule.Match{Expression: "origin.country == 'US'"}),
		with("headers", 3, rule.Match{Expression: "has(request.headers['user-agent']) && has(request.headers['User-Agent']) && has(request.headers['Cookie'])"}),
		at("default", rule.DefaultPriority, rule.Allow),
	}}.Check()
	for _, says := range []string{"rule 2 (country): ", `rule 3 (headers): header "User-Agent" never matches`, `rule 3 (headers): header "Cookie" never matches`} {
		require.ErrorContains(t, err, says)
	}
	assert.NotContains(t, err.Error(), `"user-agent"`)
}

func TestThePolicyIsItsDefaultRuleAndAllOthers(t *testing.T) {
	t.Parallel()
	p := Policy{Rules: []rule.Rule{at("a", 1, rule.Deny403), at("b", 2, rule.Allow), at("default", rule.DefaultPriority, rule.Allow)}}
	assert.Equal(t, p.Rules, append(p.NonDefaultRules(), p.Default()))
}

func TestAPolicyInTheWrongOrderIsRefused(t *testing.T) {
	t.Parallel()
	last := at("default", rule.DefaultPriority, rule.Allow)
	for says, rules := range map[string][]rule.Rule{
		"before it lets some through":               {at("a", 1, rule.Allow), at("b", 2, rule.Deny403), last},
		"rule 1 (b) does not come after rule 2 (a)": {at("a", 2, rule.Deny403), at("b", 1, rule.Deny403), last},
		"rule 2 (b) does not come after":            {at("a", 2, rule.Deny403), at("b", 2, rule.Deny403), last},
		"same name":                                 {at("a", 1, rule.Deny403), at("a", 2, rule.Deny403), last},
		"does not end in a default":                 {at("a", 1, rule.Deny403)},
	} {
		require.ErrorContains(t, Policy{Rules: rules}.Check(), says)
	}
	require.NoError(t, Policy{Rules: []rule.Rule{at("a", 1, rule.Deny403), at("b", 2, rule.Allow), last}}.Check())
}
