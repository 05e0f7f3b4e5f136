package policy

import (
	"cmp"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// DefaultName is the policy's name in the design.
const DefaultName = "license-api-security-policy"

// What becomes of a client whose region is unknown.
const (
	denyUnknown  = "deny"
	allowUnknown = "allow"
)

// designRegions is the design's list of countries.
func designRegions() []string {
	return []string{"US", "CA", "GB", "DE", "FR", "NL", "SE", "DK", "NO", "FI"}
}

// knownLists are the lists that can be refused; their places are fixed. The addresses of
// public clouds are not attackers, but not people either. Lists that are made to let
// somebody through (search engines, content delivery networks) are not among them:
// nothing of theirs reaches a license API. Source:
// https://cloud.google.com/armor/docs/threat-intelligence
func knownLists() []string {
	return []string{
		"iplist-known-malicious-ips", "iplist-tor-exit-nodes", "iplist-anon-proxies",
		"iplist-crypto-miners", "iplist-vpn-providers",
		"iplist-public-clouds", "iplist-public-clouds-aws", "iplist-public-clouds-azure", "iplist-public-clouds-gcp",
	}
}

// withDefaults fills in what the settings leave out. It is idempotent.
func (s Settings) withDefaults() Settings {
	s.Name = cmp.Or(s.Name, DefaultName)
	s.LogLevel = cmp.Or(s.LogLevel, "NORMAL")
	s.Mode = cmp.Or(s.Mode, RateLimited)
	if len(s.Regions.Allowed) == 0 {
		s.Regions.Allowed = designRegions()
	}
	s.Regions.Unknown = cmp.Or(s.Regions.Unknown, denyUnknown)
	s.IPv6 = cmp.Or(s.IPv6, ipv6Together)
	s.ThreatIntelligence.Action = cmp.Or(s.ThreatIntelligence.Action, rule.Deny403)
	if len(s.ThreatIntelligence.Lists) == 0 {
		s.ThreatIntelligence.Lists = knownLists()[:1]
	}
	s.WAF.Generation = cmp.Or(s.WAF.Generation, rule.V422)
	s.WAF.Sensitivity = cmp.Or(s.WAF.Sensitivity, 1)
	s.WAF.Action = cmp.Or(s.WAF.Action, rule.Deny403)
	s.AdaptiveProtection = s.AdaptiveProtection.withDefaults()
	s.RateLimit = s.RateLimit.withDefaults()
	return s
}

func (a AdaptiveProtection) withDefaults() AdaptiveProtection {
	a.LoadThreshold = cmp.Or(a.LoadThreshold, 0.8)
	a.ConfidenceThreshold = cmp.Or(a.ConfidenceThreshold, 0.5)
	a.ImpactedBaselineThreshold = cmp.Or(a.ImpactedBaselineThreshold, 0.01)
	a.RuleVisibility = cmp.Or(a.RuleVisibility, "STANDARD")
	a.ExpirationSeconds = cmp.Or(a.ExpirationSeconds, 7200)
	return a
}

func (l RateLimit) withDefaults() RateLimit {
	l.Action = cmp.Or(l.Action, rule.RateBasedBan)
	l.Count = cmp.Or(l.Count, 100)
	l.IntervalSeconds = cmp.Or(l.IntervalSeconds, 60)
	l.ExceedAction = cmp.Or(l.ExceedAction, rule.Deny429)
	l.Key = cmp.Or(l.Key, rule.KeyIP)
	if l.Action == rule.RateBasedBan {
		l.BanCount = cmp.Or(l.BanCount, 500)
		l.BanIntervalSeconds = cmp.Or(l.BanIntervalSeconds, 300)
		l.BanSeconds = cmp.Or(l.BanSeconds, 240)
	}
	return l
}
