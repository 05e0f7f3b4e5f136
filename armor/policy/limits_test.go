package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
)

func TestALimitItselfIsAllowedAndWhatLiesBeyondIsNot(t *testing.T) {
	t.Parallel()
	many := make([]string, 501)
	for i := range many {
		many[i] = fmt.Sprintf("10.0.%d.%d", i/250, i%250)
	}
	deny := func(priority int) policy.Settings {
		return custom(func(c *policy.CustomRule) { c.Priority = priority })
	}
	allow := func(priority int) policy.Settings {
		return custom(func(c *policy.CustomRule) { c.Action, c.Priority = rule.Allow, priority })
	}
	except := func(count int) policy.Settings {
		return policy.Settings{ThreatIntelligence: policy.ThreatIntelligence{Except: many[:count]}}
	}
	adaptive := func(a policy.AdaptiveProtection) policy.Settings { return policy.Settings{AdaptiveProtection: a} }
	for name, row := range map[string]struct {
		at, beyond policy.Settings
		key        string
	}{
		"500 blocked ranges":                  {policy.Settings{Blocklist: policy.Ranges{Ranges: many[:500]}}, policy.Settings{Blocklist: policy.Ranges{Ranges: many}}, "blocklist.ranges"},
		"500 allowed ranges":                  {policy.Settings{Allowlist: policy.Ranges{Ranges: many[:500]}}, policy.Settings{Allowlist: policy.Ranges{Ranges: many}}, "allowlist.ranges"},
		"10 exceptions of threat lists":       {except(10), except(11), "threatIntelligence.except"},
		"a name of 63 characters":             {policy.Settings{Name: strings.Repeat("a", 63)}, policy.Settings{Name: strings.Repeat("a", 64)}, "name"},
		"the first place of a custom deny":    {deny(2000), deny(1999), "customRules[0].priority"},
		"the last place of a custom deny":     {deny(2999), deny(3000), "customRules[0].priority"},
		"the first place of a custom allow":   {allow(8000), allow(7999), "customRules[0].priority"},
		"the last place of a custom allow":    {allow(8999), allow(9000), "customRules[0].priority"},
		"the least load of an attack":         {adaptive(policy.AdaptiveProtection{LoadThreshold: 0.01}), adaptive(policy.AdaptiveProtection{LoadThreshold: 0.009}), "adaptiveProtection.loadThreshold"},
		"the longest time of a deployed rule": {adaptive(policy.AdaptiveProtection{ExpirationSeconds: 7200}), adaptive(policy.AdaptiveProtection{ExpirationSeconds: 7201}), "adaptiveProtection.expirationSeconds"},
		"the most heartbeats":                 {policy.Settings{Seats: policy.SeatLimit{Count: 1_000_000}}, policy.Settings{Seats: policy.SeatLimit{Count: 1_000_001}}, "seats.count"},
		"a country that Google knows":         {policy.Settings{Regions: policy.Regions{Allowed: []string{"XK"}}}, policy.Settings{Regions: policy.Regions{Allowed: []string{"EU"}}}, "regions.allowed[0]"},
		"capital letters of a country":        {policy.Settings{Regions: policy.Regions{Allowed: []string{"SE"}}}, policy.Settings{Regions: policy.Regions{Allowed: []string{"se"}}}, "regions.allowed[0]"},
		"two letters of a country":            {policy.Settings{Regions: policy.Regions{Allowed: []string{"SE"}}}, policy.Settings{Regions: policy.Regions{Allowed: []string{"SWE"}}}, "regions.allowed[0]"},
	} {
		assert.Empty(t, row.at.Validate(), name)
		problems := row.beyond.Validate()
		if assert.NotEmpty(t, problems, name) {
			assert.Equal(t, row.key, problems[0].Key, name)
		}
	}
}

func TestTheSetOfOneSignatureIsOnOrOff(t *testing.T) {
	t.Parallel()
	for name, changed := range map[string]policy.Set{
		"a sensitivity": {Sensitivity: 2}, "an opt-out": {OptOut: []string{rule.JSONSQLiSignature}}, "an opt-in": {OptIn: []string{rule.JSONSQLiSignature}},
	} {
		require.ErrorContains(t, set(rule.JSONSQLiSet, changed).Validate().Err(), "has one signature, which is on or off", name)
	}
	assert.Empty(t, set(rule.JSONSQLiSet, policy.Set{Preview: true}).Validate())
	php := policy.Set{OptIn: []string{"owasp-crs-v042200-id933100-php"}, OptOut: []string{}}
	require.ErrorContains(t, set("php", php).Validate().Err(), "are the only signatures", "an opt-out beside an opt-in, even an empty one")
}

// Which IPv6 clients are counted together is said of addresses alone: who is counted by
// more than the address has a limit of its own.
func TestIPv6ClientsAreCountedTogetherOnlyWhereTheAddressAloneCounts(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]policy.RateLimit{
		"another key":               {Key: rule.KeyJA3},
		"the address and something": {Key: rule.KeyIP, More: []rule.NamedKey{{Key: rule.KeyJA3}}},
	} {
		assert.NotContains(t, places(build(t, policy.Settings{RateLimit: limit})), "rate-limit-ipv6", name)
	}
	assert.NotContains(t, places(build(t, policy.Settings{IPv6: "addresses"})), "rate-limit-ipv6")
	assert.Equal(t, rule.KeyRegion, named(t, build(t, policy.Settings{}), "rate-limit-ipv6").RateLimit.Key)
}

func TestACustomRateLimitWithoutNumbersHasTheUsualOnes(t *testing.T) {
	t.Parallel()
	for action, bans := range map[rule.Action]bool{rule.Throttle: false, rule.RateBasedBan: true} {
		limited := named(t, build(t, policy.Settings{CustomRules: []policy.CustomRule{
			{Name: "partners", Priority: 8000, Action: action, Ranges: []string{"198.51.100.0/24"}},
		}}), "custom-partners").RateLimit
		require.NotNil(t, limited, action)
		assert.Equal(t, rule.Threshold{Count: 100, IntervalSeconds: 60}, limited.Threshold)
		assert.Equal(t, bans, limited.Ban != nil, action)
	}
}

func TestOnlyCustomRulesThatLetThroughCanBecomeARateLimit(t *testing.T) {
	t.Parallel()
	for priority, may := range map[int]bool{7999: false, 8000: true, 8999: true, 9000: false} {
		assert.Equal(t, may, policy.MayChangeAction(rule.Rule{Priority: priority}), priority)
	}
}

func TestAsManyDevicesAsCloudArmorCanCountKeepTheirSeats(t *testing.T) {
	t.Parallel()
	// A heartbeat and a release of each, of the 1 000 000 requests that a throttle counts.
	assert.Empty(t, policy.Settings{Seats: policy.SeatLimit{Devices: 500_000}}.ValidateSeats(policy.Seats{}))
	one := policy.Settings{Seats: policy.SeatLimit{Devices: 1, Count: 5}}.ValidateSeats(policy.Seats{LeaseSeconds: 30})
	require.ErrorContains(t, one.Err(), "heartbeat each 10 s send 6", "a single device keeps its seat, too")
	problems := policy.Settings{Seats: policy.SeatLimit{Devices: 500_001}}.ValidateSeats(policy.Seats{})
	require.ErrorContains(t, problems.Err(), "more than Cloud Armor has")
}

// An allowlist in preview lets everybody in, and logs whom it would refuse: that rule comes
// before the one that lets everybody else through, and both before the default rule.
func TestAnAllowlistEndsInWhatBecomesOfEveryoneElse(t *testing.T) {
	t.Parallel()
	listed := policy.Settings{Mode: policy.Allowlisted, Allowlist: policy.Ranges{Ranges: []string{"192.0.2.0/24"}}}
	last := func(settings policy.Settings, count int) (words []string) {
		rules := build(t, settings).Rules
		for _, each := range rules[len(rules)-count:] {
			words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s %s", each.Name, each.Action, map[bool]string{true: "logs"}[each.Preview])))
		}
		return words
	}
	assert.Equal(t, []string{"allowlist-1 allow", "everyone-else deny(403)", "default deny(403)"}, last(listed, 3))
	listed.Allowlist.Preview = true
	assert.Equal(t, []string{"allowlist-1 allow", "everyone-else-preview deny(403) logs", "everyone-else allow", "default allow"}, last(listed, 4))
	listed.Allowlist.Preview, listed.Preview = false, true
	assert.Equal(t, []string{"allowlist-1 allow", "everyone-else-preview deny(403) logs", "everyone-else allow", "default allow"}, last(listed, 4))
}

func TestAThrottleSaysNothingOfBans(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]policy.RateLimit{
		"how many ban": {BanCount: 500}, "in which time": {BanIntervalSeconds: 300}, "for how long": {BanSeconds: 240},
	} {
		limit.Action = rule.Throttle
		require.ErrorContains(t, policy.Settings{RateLimit: limit}.Validate().Err(), "throttle has no ban", name)
	}
}

func TestALockdownRefusesTheStaffsHostToo(t *testing.T) {
	t.Parallel()
	locked, err := policy.Build(policy.Settings{}, policy.Scope{Host: "licenses.coditect.ai", StaffHost: "staff.coditect.ai", Lockdown: true})
	require.NoError(t, err)
	assert.Equal(t, "request.headers['host'].lower().startsWith('licenses.coditect.ai') || request.headers['host'].lower().startsWith('staff.coditect.ai')",
		named(t, locked, "lockdown").Match.Expression)
}

func TestSetsThatOnlyLogHavePlacesAfterThoseThatDeny(t *testing.T) {
	t.Parallel()
	for _, each := range []struct {
		set  string
		rule string
	}{{"xss", "waf-elsewhere-1-preview"}, {"java", "waf-elsewhere-3-preview"}} {
		built := places(build(t, set(each.set, policy.Set{Preview: true})))
		require.Contains(t, built, each.rule)
		assert.Greater(t, built[each.rule], built["waf-elsewhere-3"])
	}
}

func TestEverySetThatMisjudgesCookiesOfScriptsLeavesThemAlone(t *testing.T) {
	t.Parallel()
	cookies := func(generation rule.Generation, name string) map[string][]rule.Field {
		all := map[string][]rule.Field{}
		for _, each := range named(t, build(t, policy.Settings{WAF: policy.WAF{Generation: generation}}), name).Exclusions {
			if len(each.Cookies) > 0 {
				all[strings.Join(each.Signatures, " ")] = each.Cookies
			}
		}
		return all
	}
	consent := rule.Field{Operator: "CONTAINS", Value: "consent"}
	assert.Equal(t, map[string][]rule.Field{
		"owasp-crs-v042200-id932270-rce": {{Operator: "EQUALS", Value: "_abck"}, {Operator: "EQUALS", Value: "ak_bmsc"}, {Operator: "STARTS_WITH", Value: "bm_"}, {Operator: "EQUALS", Value: "datadome"}},
		"owasp-crs-v042200-id932260-rce": {{Operator: "STARTS_WITH", Value: "sb-"}, consent},
	}, cookies(rule.V422, "waf-rce"))
	assert.Empty(t, cookies(rule.V33, "waf-rce"), "the older generation does not have these signatures")
	assert.Equal(t, map[string][]rule.Field{rule.JSONSQLiSignature: {{Operator: rule.OperatorAny}}}, cookies(rule.V422, "waf-json-sqli"))
	assert.Len(t, cookies(rule.V422, "waf-sqli"), 3)
	assert.Len(t, cookies(rule.V33, "waf-sqli"), 2)
	assert.Empty(t, cookies(rule.V422, "waf-xss"))
}

func TestASetThatIsOffTakesAwayNothingButItself(t *testing.T) {
	t.Parallel()
	want := places(build(t, policy.Settings{}))
	delete(want, "waf-sqli")
	assert.Equal(t, want, places(build(t, set("sqli", policy.Set{Off: true}))))
}

// The one signature of json-sqli-canary is a part of the set sqli in v422, and in v33 of none.
func TestJSONInSQLIsAskedForOnceInEachGeneration(t *testing.T) {
	t.Parallel()
	for generation, elsewhere := range map[rule.Generation]bool{rule.V422: false, rule.V33: true} {
		asked, parts := false, []string(nil)
		for _, each := range build(t, policy.Settings{WAF: policy.WAF{Generation: generation}}).Rules {
			if strings.HasPrefix(each.Name, "waf-elsewhere-") {
				asked = asked || strings.Contains(each.Match.Expression, "'json-sqli-canary'")
				parts = append(parts, each.Description[strings.LastIndex(each.Description, ",")+2:])
			}
		}
		assert.Equal(t, elsewhere, asked, generation)
		assert.Equal(t, []string{"1 of 3", "2 of 3", "3 of 3"}, parts, "each rule says which part it is")
	}
}
