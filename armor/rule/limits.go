package rule

// Limits of the API.
const (
	// MaxSourceRanges is the number of CIDR ranges in one rule.
	// Source: https://cloud.google.com/armor/quotas and the docstring of
	// match.config.srcIpRanges in pulumi-gcp v7.38.
	MaxSourceRanges = 10
	// MaxDescription is the length of a description in characters.
	// Source: rule.description in terraform-provider-google-beta v5.42 ("Max size is 64").
	MaxDescription = 64
	// MaxBanCount is the largest threshold of a rate_based_ban rule.
	// Source: https://cloud.google.com/armor/docs/rate-limiting-overview
	MaxBanCount = 10_000
	// MaxThrottleCount is the largest threshold of a throttle rule (same source).
	MaxThrottleCount = 1_000_000
	// MaxRules is the number of rules in a policy.
	// Source: https://cloud.google.com/armor/quotas
	MaxRules = 200
	// MaxKeys is how many keys a rate limit may count by at once.
	// Source: enforceOnKeyConfigs of compute.SecurityPolicyRule in pulumi-gcp v7.38.
	MaxKeys = 3
	// MaxExclusionFields is the number of excluded fields of one kind per
	// target. Source: https://cloud.google.com/armor/docs/rule-tuning
	MaxExclusionFields = 100
)

// Intervals are the allowed intervals of a rate limit's thresholds, in seconds.
// Source: https://cloud.google.com/armor/docs/rate-limiting-overview
func Intervals() []int {
	return []int{10, 30, 60, 120, 180, 240, 300, 600, 900, 1200, 1800, 2700, 3600}
}

// BanDurations are the allowed durations of a ban, in seconds (same source).
func BanDurations() []int {
	return []int{60, 120, 180, 240, 300, 600, 900, 1200, 1800, 2700, 3600}
}

// Keys are the keys that a rate limit may count by.
// Source: field "enforceOnKey" of compute.SecurityPolicyRule in pulumi-gcp v7.38.
func Keys() []Key {
	return []Key{KeyAll, KeyIP, KeyHeader, KeyXFF, KeyCookie, KeyPath, KeySNI, KeyRegion, KeyJA3, KeyUserIP}
}

// Operators are how an exclusion may compare a field's name.
// Source: https://cloud.google.com/armor/docs/rule-tuning
func Operators() []string {
	return []string{"EQUALS", "STARTS_WITH", "ENDS_WITH", "CONTAINS", OperatorAny}
}

// OperatorAny matches every field of its kind and takes no value.
const OperatorAny = "EQUALS_ANY"
