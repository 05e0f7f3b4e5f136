package policy

import "github.com/coditect-ai/license-platform/armor/rule"

// What becomes of clients with an IPv6 address. A client that has one has a whole /64,
// often more, and Cloud Armor's keys know whole addresses only: "Each IP has this
// limit enforced separately" (enforceOnKey of compute.SecurityPolicyRule in
// pulumi-gcp v7.38). The addresses that this project makes are IPv4, so on Google
// Cloud such clients come only where an IPv6 address is added to the load balancer.
const (
	// ipv6Together counts all IPv6 clients of a country as one client.
	ipv6Together = "together"
	// ipv6Deny refuses them.
	ipv6Deny = "deny"
	// ipv6Addresses counts every address by itself, a client's many ones too.
	ipv6Addresses = "addresses"
)

// everyIPv6 matches all clients with an IPv6 address. It is a range and not an
// expression, because a project may have few rules with expressions: see
// TestThePolicyKeepsTheQuotaOfExpressions.
const everyIPv6 = "::/0"

// ipv6Rules refuse IPv6 clients where the settings say so.
func ipv6Rules(settings Settings) []rule.Rule {
	if settings.IPv6 != ipv6Deny {
		return nil
	}
	return []rule.Rule{{
		Name: "deny-ipv6", Priority: ipv6Band.first, Action: rule.Deny403,
		Description: "Refuse IPv6: no key counts a /64 as one client",
		Match:       rule.Match{SourceRanges: []string{everyIPv6}},
		Preview:     settings.Preview,
	}}
}

// ipv6Limit is the rate limit for all IPv6 clients of a country together. It
// throttles and never bans: who is counted together is not to blame together.
// Heartbeats and releases come before it, and are counted by address.
func ipv6Limit(settings Settings) []rule.Rule {
	byAddress := settings.RateLimit.Key == rule.KeyIP && len(settings.RateLimit.More) == 0
	if settings.IPv6 != ipv6Together || !byAddress {
		return nil
	}
	limit := settings.RateLimit.options()
	limit.Key, limit.Ban = rule.KeyRegion, nil
	return []rule.Rule{{
		Name: "rate-limit-ipv6", Priority: rateLimitBand.first, Action: rule.Throttle,
		Description: "All IPv6 clients of a country together",
		Match:       rule.Match{SourceRanges: []string{everyIPv6}},
		Preview:     settings.Preview || settings.RateLimit.Preview,
		RateLimit:   limit,
	}}
}
