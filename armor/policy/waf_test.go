package policy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/armor/rule"
)

// TestThePolicyKeepsTheQuotaOfExpressions: a project may have 20 rules with
// advanced match conditions (SECURITY_POLICY_CEVAL_RULES) until it asks for more.
// A lockdown must not be what is one too many.
// Source: https://cloud.google.com/armor/quotas
func TestThePolicyKeepsTheQuotaOfExpressions(t *testing.T) {
	t.Parallel()
	built, err := policy.Build(policy.Settings{}, policy.Scope{Host: "licenses.coditect.ai", Lockdown: true})
	require.NoError(t, err)
	expressions := 0
	for _, each := range built.Rules {
		if each.Match.Expression != "" {
			expressions++
		}
	}
	assert.LessOrEqual(t, expressions, 20)
}

func TestOpaqueFieldsAreExcludedWhereTheyAreAndInspectedElsewhere(t *testing.T) {
	t.Parallel()
	built := build(t, policy.Settings{})
	for _, each := range built.Rules {
		if !strings.HasPrefix(each.Name, "waf-") {
			continue
		}
		switch opaque := len(each.Exclusions) > 0 && len(each.Exclusions[0].QueryParams) == 7; {
		case each.Name == "waf-cve" || each.Name == "waf-methodenforcement" || each.Name == "waf-scannerdetection":
			assert.Empty(t, each.Exclusions, each.Name)
		case strings.HasPrefix(each.Name, "waf-elsewhere-"):
			assert.False(t, opaque, each.Name)
			assert.Contains(t, each.Match.Expression, "!(request.method + ' ' + request.path + '?' + request.query).matches(")
		default:
			assert.True(t, opaque, each.Name)
		}
	}
	assert.Equal(t, []rule.Exclusion{{
		Set: "sqli-v422-stable", Signatures: []string{"owasp-crs-v042200-id942290-sqli"},
		Cookies: []rule.Field{{Operator: "STARTS_WITH", Value: "mp_"}, {Operator: "STARTS_WITH", Value: "ph_"}},
	}, {
		Set: "sqli-v422-stable", Signatures: []string{"owasp-crs-v042200-id942550-sqli"}, Cookies: []rule.Field{{Operator: rule.OperatorAny}},
	}, {
		Set: "sqli-v422-stable", Signatures: []string{"owasp-crs-v042200-id942100-sqli"},
		Cookies: []rule.Field{{Operator: "CONTAINS", Value: "consent"}, {Operator: "ENDS_WITH", Value: "privacy"}},
	}, {
		Set: "lfi-v422-stable", Signatures: []string{"owasp-crs-v042200-id930130-lfi"},
		URIs: []rule.Field{{Operator: "STARTS_WITH", Value: "/v1/licenses/"}, {Operator: "STARTS_WITH", Value: "/v1/leases/"}},
	}, {
		Set: "lfi-v422-stable", Signatures: []string{"owasp-crs-v042200-id930120-lfi"}, QueryParams: []rule.Field{{Operator: "EQUALS", Value: "license"}},
	}, {
		Set: "lfi-v422-stable", Signatures: []string{"owasp-crs-v042200-id930100-lfi", "owasp-crs-v042200-id930110-lfi"},
		Headers: []rule.Field{{Operator: "EQUALS", Value: "idempotency-key"}},
	}}, named(t, built, "waf-elsewhere-1").Exclusions, "what is excluded everywhere is excluded there, too")
}

// CRS 3.3, which v33 is built on, has no signatures 932250 and 932260, and Cloud Armor
// refuses an exclusion of a signature that a set does not have.
func TestAnExclusionNamesSignaturesThatTheGenerationHas(t *testing.T) {
	t.Parallel()
	commands := func(generation rule.Generation) []string {
		for _, each := range named(t, build(t, policy.Settings{WAF: policy.WAF{Generation: generation}}), "waf-rce").Exclusions {
			if len(each.Signatures) > 0 && len(each.QueryParams) == 2 {
				return each.Signatures
			}
		}
		return nil
	}
	assert.Equal(t, []string{"owasp-crs-v042200-id932120-rce", "owasp-crs-v042200-id932250-rce", "owasp-crs-v042200-id932260-rce"}, commands(rule.V422))
	assert.Equal(t, []string{"owasp-crs-v030301-id932120-rce", "owasp-crs-v030301-id932150-rce"}, commands(rule.V33))
}

func TestTheSetsInspectEverythingOnRequest(t *testing.T) {
	t.Parallel()
	built := build(t, policy.Settings{WAF: policy.WAF{InspectAll: true}})
	for _, each := range built.Rules {
		assert.Empty(t, each.Exclusions, each.Name)
		assert.NotContains(t, each.Name, "elsewhere")
	}
}

func TestASetThatOnlyLogsIsAskedInARuleThatOnlyLogs(t *testing.T) {
	t.Parallel()
	built := build(t, policy.Settings{WAF: policy.WAF{Sets: map[string]policy.Set{"xss": {Preview: true}, "lfi": {Off: true}}}})
	enforced, logged := named(t, built, "waf-elsewhere-1"), named(t, built, "waf-elsewhere-1-preview")
	assert.False(t, enforced.Preview)
	assert.NotContains(t, enforced.Match.Expression, "xss-")
	assert.NotContains(t, enforced.Match.Expression+logged.Match.Expression, "lfi-")
	assert.True(t, logged.Preview)
	assert.Contains(t, logged.Match.Expression, "'xss-v422-stable'")
	assert.NotContains(t, places(built), "waf-elsewhere-2-preview")
}

func TestWhatCloudArmorOffersCanBeSaid(t *testing.T) {
	t.Parallel()
	built := build(t, policy.Settings{
		Enterprise:         true,
		ThreatIntelligence: policy.ThreatIntelligence{Lists: []string{"iplist-public-clouds"}, Except: []string{"198.51.100.7"}, Action: rule.Deny404},
		WAF: policy.WAF{Action: rule.Deny502, Sets: map[string]policy.Set{
			"php": {OptIn: []string{"owasp-crs-v042200-id933100-php"}},
		}},
		AdaptiveProtection: policy.AdaptiveProtection{RuleVisibility: "PREMIUM"},
		UserIPHeaders:      []string{"X-Real-IP"}, JSONContentTypes: []string{"application/vnd.api+json"},
		RateLimit: policy.RateLimit{Key: rule.KeyUserIP, More: []rule.NamedKey{{Key: rule.KeyJA3}}},
	})
	threat := named(t, built, "deny-public-clouds")
	assert.Equal(t, "evaluateThreatIntelligence('iplist-public-clouds', origin.ip, ['198.51.100.7'])", threat.Match.Expression)
	assert.Equal(t, rule.Deny404, threat.Action)
	assert.Equal(t, rule.Deny502, named(t, built, "waf-sqli").Action)
	assert.Equal(t, "evaluatePreconfiguredWaf('php-v422-stable', {'sensitivity': 0, 'opt_in_rule_ids': ['owasp-crs-v042200-id933100-php']})",
		named(t, built, "waf-php").Match.Expression)
	assert.Equal(t, "PREMIUM", built.AdaptiveProtection.RuleVisibility)
	assert.Equal(t, []string{"application/json", "application/vnd.api+json"}, built.JSONContentTypes)
	assert.Equal(t, []string{"X-Real-IP"}, built.UserIPHeaders)
	assert.Equal(t, []rule.NamedKey{{Key: rule.KeyUserIP}, {Key: rule.KeyJA3}}, named(t, built, "rate-limit-ban").RateLimit.Keys())
	assert.NotContains(t, places(built), "rate-limit-ipv6", "another key than the address")
}

func TestWrongSettingsOfTheEdgeAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string]policy.Settings{
		"userIpHeaders, or the key IP": {RateLimit: policy.RateLimit{Key: rule.KeyUserIP}},
		"is not a content type":        {JSONContentTypes: []string{"application/json; charset=utf-8"}},
		"is not the name of a header":  {UserIPHeaders: []string{"X Real IP"}},
		"together, addresses, deny":    {IPv6: "each"},
		"threatIntelligence.except":    {ThreatIntelligence: policy.ThreatIntelligence{Except: []string{"somewhere"}}},
		"threatIntelligence.action":    {ThreatIntelligence: policy.ThreatIntelligence{Action: "allow"}},
		"waf.action":                   {WAF: policy.WAF{Action: "deny(429)"}},
		"optIn alone":                  {WAF: policy.WAF{Sets: map[string]policy.Set{"php": {Sensitivity: 2, OptIn: []string{"owasp-crs-v042200-id933100-php"}}}}},
		"seats.intervalSeconds":        {Seats: policy.SeatLimit{IntervalSeconds: 61}},
		"counts by IP twice":           {RateLimit: policy.RateLimit{More: []rule.NamedKey{{Key: rule.KeyIP}}}},
		"STANDARD, PREMIUM":            {AdaptiveProtection: policy.AdaptiveProtection{RuleVisibility: "BASIC"}},
	} {
		problems := settings.Validate()
		require.NotEmpty(t, problems, want)
		assert.ErrorContains(t, problems.Err(), want)
	}
}

func TestTheLimitOfHeartbeatsIsSizedFromTheLicences(t *testing.T) {
	t.Parallel()
	limit := func(settings policy.Settings, seats policy.Seats) *rule.RateLimit {
		built, err := policy.Build(settings, policy.Scope{Host: "licenses.coditect.ai", Seats: seats})
		require.NoError(t, err)
		return named(t, built, "keep-seats").RateLimit
	}
	assert.Equal(t, 400, limit(policy.Settings{}, policy.Seats{Most: 100}).Threshold.Count, "200 devices: a heartbeat and a release each")
	assert.Equal(t, 1000, limit(policy.Settings{}, policy.Seats{Most: 500}).Threshold.Count)
	assert.Equal(t, 1400, limit(policy.Settings{}, policy.Seats{LeaseSeconds: 30}).Threshold.Count, "six heartbeats in a minute and a release")
	assert.Equal(t, 100, limit(policy.Settings{Seats: policy.SeatLimit{Devices: 50}}, policy.Seats{Most: 500}).Threshold.Count)

	for lease, want := range map[int]int{30: 60, 120: 60, 300: 240, 900: 600, 86400: 3600} {
		built, err := policy.Build(policy.Settings{}, policy.Scope{Host: "licenses.coditect.ai", Seats: policy.Seats{LeaseSeconds: lease}})
		require.NoError(t, err)
		assert.Equal(t, want, named(t, built, "rate-limit-ban").RateLimit.Ban.DurationSeconds, "lease time %d s: the ban is over before a lease is", lease)
	}
	told := build(t, policy.Settings{RateLimit: policy.RateLimit{BanSeconds: 3600}})
	assert.Equal(t, 3600, named(t, told, "rate-limit-ban").RateLimit.Ban.DurationSeconds, "unless it is told to last longer")
}

func TestALimitUnderWhichSeatsAreLostIsRefusedWithItsNumbers(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		limit policy.SeatLimit
		seats policy.Seats
		want  string
	}{
		"too small a count":                {policy.SeatLimit{Count: 100}, policy.Seats{}, "200 devices with a heartbeat each 100 s send 120; seats would be lost after 300 s"},
		"too long an interval":             {policy.SeatLimit{Count: 400, IntervalSeconds: 300}, policy.Seats{}, "send 600"},
		"too short a lease time":           {policy.SeatLimit{Count: 400}, policy.Seats{LeaseSeconds: 30}, "heartbeat each 10 s send 1200; seats would be lost after 30 s"},
		"more devices than any limit lets": {policy.SeatLimit{Devices: 600_000}, policy.Seats{}, "more than Cloud Armor has"},
	} {
		problems := policy.Settings{Seats: row.limit}.ValidateSeats(row.seats)
		require.NotEmpty(t, problems, name)
		require.ErrorContains(t, problems.Err(), row.want, name)
	}
	assert.Empty(t, policy.Settings{Seats: policy.SeatLimit{Count: 120}}.ValidateSeats(policy.Seats{}))
	assert.Empty(t, policy.Settings{Mode: policy.Allowlisted, Seats: policy.SeatLimit{Count: 1}}.ValidateSeats(policy.Seats{}), "an allowlist has no limit")
}
