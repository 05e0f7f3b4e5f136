package cloudarmor_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

const attack = "q=1+UNION+SELECT+password+FROM+users"

// unscanned are settings without the WAF, for tests of counting.
func unscanned() policy.Settings {
	settings := policy.Settings{WAF: policy.WAF{Sets: map[string]policy.Set{}}}
	for _, category := range append(rule.V422.Categories(), rule.CVESet, rule.JSONSQLiSet) {
		settings.WAF.Sets[category] = policy.Set{Off: true}
	}
	return settings
}

func TestTheHundredAndFirstRequestInAMinuteIsThrottled(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{})
	for i := range 100 {
		require.True(t, policy.decide(t, get()).Allowed(), "request %d", i+1)
	}
	over := policy.decide(t, get())
	assert.Equal(t, 429, over.StatusCode)
	assert.Equal(t, rule.RateBasedBan, over.Action())
	assert.Equal(t, &cloudarmor.Rate{Key: "203.0.113.9", Outcome: cloudarmor.RateExceed}, over.Final.Rate)

	assert.True(t, policy.decide(t, get(from("203.0.113.10"))).Allowed(), "another client has a count of its own")

	policy.clock.advance(time.Minute)
	assert.True(t, policy.decide(t, get()).Allowed(), "one burst is throttled, not banned")
}

func TestAConformingClientIsStillScanned(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{})
	require.True(t, policy.decide(t, get()).Allowed())
	assert.Equal(t, 3000, policy.decide(t, get(at("/", attack))).Priority())
}

func TestABannedClientStaysBannedUntilTheBanHasRunOut(t *testing.T) {
	t.Parallel()
	policy := stand(t, unscanned())
	// 100 requests in 60 s conform and do not count; 500 more exceed the limit and
	// are throttled; the next one bans.
	for i := range 600 {
		require.NotEqual(t, cloudarmor.RateBanned, policy.decide(t, get()).Final.Rate.Outcome, "request %d", i+1)
	}
	banned := policy.decide(t, get())
	assert.Equal(t, cloudarmor.RateBanned, banned.Final.Rate.Outcome)
	assert.Equal(t, 429, banned.StatusCode)

	// The ban lasts 240 s beyond the end of the interval of 60 s.
	policy.clock.advance(299 * time.Second)
	assert.Equal(t, 429, policy.decide(t, get()).StatusCode, "one request in five minutes is still one of a banned client")
	policy.clock.advance(time.Second)
	assert.True(t, policy.decide(t, get()).Allowed())
}

func TestABannedClientIsRefusedByTheRuleThatComesFirst(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{RateLimit: policy.RateLimit{Count: 2, BanCount: 4}})
	for range 6 {
		policy.decide(t, get())
	}
	require.Equal(t, cloudarmor.RateBanned, policy.decide(t, get()).Final.Rate.Outcome)
	assert.Equal(t, 3000, policy.decide(t, get(at("/", attack))).Priority(), "the WAF stands before the rate limit")
}

func TestRequestsThatTheWAFRefusesDoNotCountTowardsTheRateLimit(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{RateLimit: policy.RateLimit{Count: 5}})
	for range 6 {
		require.Equal(t, 403, policy.decide(t, get(at("/", attack))).StatusCode)
	}
	assert.True(t, policy.decide(t, get()).Allowed())
}

func TestAThrottleNeverBans(t *testing.T) {
	t.Parallel()
	settings := unscanned()
	settings.RateLimit.Action = rule.Throttle
	policy := stand(t, settings)
	var last cloudarmor.Decision
	for range 1000 {
		last = policy.decide(t, get())
	}
	assert.Equal(t, 10010, last.Priority())
	assert.Equal(t, cloudarmor.RateExceed, last.Final.Rate.Outcome)
	policy.clock.advance(time.Minute)
	assert.True(t, policy.decide(t, get()).Allowed())
}

func TestAPreviewIsNotedAndEvaluationGoesOn(t *testing.T) {
	t.Parallel()
	quiet := policy.Settings{WAF: policy.WAF{Sets: map[string]policy.Set{"sqli": {Preview: true}}}}
	decision := stand(t, quiet).decide(t, get(at("/", attack)))
	assert.True(t, decision.Allowed())
	assert.Equal(t, 10000, decision.Priority())
	require.Len(t, decision.Previews, 2, "the set, and the same set for all requests without opaque fields")
	assert.Equal(t, 3000, decision.Previews[0].Priority)
	assert.Equal(t, 4930, decision.Previews[1].Priority)
	assert.Equal(t, cloudarmor.Deny, decision.Previews[0].Outcome)
	assert.Contains(t, decision.Previews[0].Signatures, "owasp-crs-v042200-id942100-sqli")
}

func TestAPolicyInPreviewRefusesNobody(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]policy.Settings{
		"rate limit": {Preview: true, RateLimit: policy.RateLimit{Count: 5}},
		"allowlist":  {Preview: true, Mode: policy.Allowlisted, Allowlist: policy.Ranges{Ranges: []string{"198.51.100.0/24"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := stand(t, settings)
			for range 8 {
				decision := policy.decide(t, get(in("KP"), at("/", attack)))
				require.True(t, decision.Allowed())
				require.Equal(t, rule.DefaultPriority-1, decision.Priority())
				require.GreaterOrEqual(t, len(decision.Previews), 3)
			}
		})
	}
}

func TestAnAllowlistLetsListedRangesThroughAndNobodyElse(t *testing.T) {
	t.Parallel()
	var ranges []string
	for i := range 25 {
		ranges = append(ranges, fmt.Sprintf("198.51.100.%d", i))
	}
	policy := stand(t, policy.Settings{Mode: policy.Allowlisted, Allowlist: policy.Ranges{Ranges: ranges}})
	assert.Equal(t, 9000, policy.decide(t, get(from("198.51.100.3"))).Priority())
	assert.Equal(t, 9020, policy.decide(t, get(from("198.51.100.24"))).Priority(), "the third rule of ten ranges")
	assert.True(t, policy.decide(t, get(from("198.51.100.24"))).Allowed())

	stranger := policy.decide(t, get(from("198.51.100.25")))
	assert.Equal(t, 403, stranger.StatusCode)
	assert.Equal(t, rule.DefaultPriority-1, stranger.Priority())

	assert.Equal(t, 3000, policy.decide(t, get(from("198.51.100.3"), at("/", attack))).Priority(), "a listed range is scanned")
	assert.Equal(t, 1000, policy.decide(t, get(from("198.51.100.3"), in("KP"))).Priority(), "a listed range is held to the regions")
}

func TestALockdownRefusesTheLicenseHostBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	locked := standAt(t, policy.Settings{Preview: true}, policy.Scope{Host: licenseHost, Lockdown: true})
	for _, host := range []string{licenseHost, "LICENSES.coditect.ai", licenseHost + ":443"} {
		decision := locked.decide(t, get(func(r *cloudarmor.Request) { r.Host = host }))
		assert.Equal(t, 100, decision.Priority(), host)
		assert.Equal(t, 403, decision.StatusCode, host)
	}
	other := locked.decide(t, get(func(r *cloudarmor.Request) { r.Host = "api.coditect.ai" }))
	assert.True(t, other.Allowed(), "another host is not the lockdown's business")
}

func TestEnterpriseAddsThreatIntelligenceAndAdaptiveProtection(t *testing.T) {
	t.Parallel()
	hostile, attacker := netip.MustParseAddr("192.0.2.66"), netip.MustParseAddr("192.0.2.67")
	fixtures := func(o *cloudarmor.Options) {
		o.ThreatLists = map[string][]netip.Prefix{"iplist-known-malicious-ips": {netip.PrefixFrom(hostile, 32)}}
		o.HeavyHitter = func(address netip.Addr) bool { return address == attacker }
	}
	enterprise, standard := stand(t, policy.Settings{Enterprise: true}, fixtures), stand(t, policy.Settings{}, fixtures)

	assert.Equal(t, 1100, enterprise.decide(t, get(from(hostile.String()))).Priority())
	assert.Equal(t, 7000, enterprise.decide(t, get(from(attacker.String()))).Priority())
	assert.True(t, standard.decide(t, get(from(hostile.String()))).Allowed())
	assert.True(t, standard.decide(t, get(from(attacker.String()))).Allowed())
}

func TestABlockedRangeIsRefusedEvenFromAListedCountry(t *testing.T) {
	t.Parallel()
	policy := stand(t, policy.Settings{Blocklist: policy.Ranges{Ranges: []string{"203.0.113.0/24", "2001:db8::/32"}}})
	assert.Equal(t, 1200, policy.decide(t, get()).Priority())
	assert.Equal(t, 1200, policy.decide(t, get(from("2001:db8::1"))).Priority())
	assert.Equal(t, 1200, policy.decide(t, get(from("::ffff:203.0.113.9"))).Priority(), "an address of IPv4 in IPv6 is the same client")
	assert.True(t, policy.decide(t, get(from("203.0.114.1"))).Allowed())
}

func TestAnUnknownRegionMayPassOnPurposeOnly(t *testing.T) {
	t.Parallel()
	lenient := stand(t, policy.Settings{Regions: policy.Regions{Unknown: "allow"}})
	assert.True(t, lenient.decide(t, get(in(""))).Allowed())
	assert.Equal(t, 1000, lenient.decide(t, get(in("KP"))).Priority())
}

func TestCountersOutliveAChangeOfAnotherRule(t *testing.T) {
	t.Parallel()
	limited := policy.RateLimit{Count: 5}
	bench := stand(t, policy.Settings{RateLimit: limited})
	for range 5 {
		bench.decide(t, get())
	}
	update := func(settings policy.Settings) {
		built, err := policy.Build(settings, policy.Scope{Host: licenseHost})
		require.NoError(t, err)
		next, err := cloudarmor.NewPolicy(configOf(built))
		require.NoError(t, err)
		bench.Update(next)
	}
	update(policy.Settings{RateLimit: limited, Regions: policy.Regions{Allowed: []string{"DE"}}})
	assert.Equal(t, 429, bench.decide(t, get()).StatusCode)
	update(policy.Settings{RateLimit: policy.RateLimit{Count: 6}})
	assert.True(t, bench.decide(t, get()).Allowed(), "a changed rate limit counts from nothing")
}
