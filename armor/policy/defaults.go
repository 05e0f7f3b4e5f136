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

// knownLists are the lists of hostile addresses; their places are fixed. Lists
// of friendly addresses (search engines, clouds) are not denied.
// Source: https://cloud.google.com/armor/docs/threat-intelligence
func knownLists() []string {
	return []string{
		"iplist-known-malicious-ips", "iplist-tor-exit-nodes", "iplist-anon-proxies",
		"iplist-crypto-miners", "iplist-vpn-providers",
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
	if len(s.ThreatIntelligence.Lists) == 0 {
		s.ThreatIntelligence.Lists = knownLists()[:1]
	}
	s.WAF.Generation = cmp.Or(s.WAF.Generation, rule.V422)
	s.WAF.Sensitivity = cmp.Or(s.WAF.Sensitivity, 1)
	s.AdaptiveProtection = s.AdaptiveProtection.withDefaults()
	s.RateLimit = s.RateLimit.withDefaults()
	return s
}

func (a AdaptiveProtection) withDefaults() AdaptiveProtection {
	a.LoadThreshold = cmp.Or(a.LoadThreshold, 0.8)
	a.ConfidenceThreshold = cmp.Or(a.ConfidenceThreshold, 0.5)
	a.ImpactedBaselineThreshold = cmp.Or(a.ImpactedBaselineThreshold, 0.01)
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
		l.BanSeconds = cmp.Or(l.BanSeconds, 600)
	}
	return l
}
