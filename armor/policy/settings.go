// Package policy builds layer 1, the Cloud Armor security policy in front of the license
// API, as plain data. The order of its rules is fixed here, and settings cannot change
// it: denies, WAF sets, adaptive protection, then the rules that allow requests. It knows
// neither Pulumi nor Google Cloud's SDK.
package policy

import "github.com/coditect-ai/license-platform/armor/rule"

// Settings are the settings of the policy. Every field may be left out: the zero
// value is the hardened policy of the design. The policy is attached to the
// license API's backend only, so nothing in it concerns the IDE's hosts.
type Settings struct {
	// Name of the policy. Default "license-api-security-policy". Letters,
	// digits and dashes, at most 63 (the API's rule for names).
	Name string `json:"name,omitempty"`
	// Preview makes every rule log what it would do instead of doing it. A
	// lockdown is enforced all the same.
	Preview bool `json:"preview,omitempty"`
	// Enterprise says that the project has Cloud Armor Enterprise. It adds the
	// threat intelligence rules and the automatic rule against attacks that
	// adaptive protection finds; without it Google refuses them.
	Enterprise bool `json:"enterprise,omitempty"`
	// LogLevel is NORMAL (default) or VERBOSE. VERBOSE logs what a signature
	// matched, which may be personal data.
	LogLevel string `json:"logLevel,omitempty"`
	// Mode is rateLimit (default): everybody may call, at a limited rate; or
	// allowlist: only the ranges of Allowlist may call.
	Mode Mode `json:"mode,omitempty"`
	// Regions says from where clients may call.
	Regions Regions `json:"regions,omitzero"`
	// ThreatIntelligence are Google's lists of hostile addresses (enterprise).
	ThreatIntelligence ThreatIntelligence `json:"threatIntelligence,omitzero"`
	// Blocklist are ranges that may never call, chosen by the tenant.
	Blocklist Ranges `json:"blocklist,omitzero"`
	// WAF are the preconfigured rule sets.
	WAF WAF `json:"waf,omitzero"`
	// AdaptiveProtection watches for floods of requests.
	AdaptiveProtection AdaptiveProtection `json:"adaptiveProtection,omitzero"`
	// Seats is the rate limit of heartbeats and releases in mode rateLimit.
	Seats SeatLimit `json:"seats,omitzero"`
	// RateLimit ends the policy in mode rateLimit: it limits all other requests.
	RateLimit RateLimit `json:"rateLimit,omitzero"`
	// IPv6 says how clients with an IPv6 address are counted: "together"
	// (default), all of a country as one client, because Cloud Armor has no key
	// for a /64; "addresses", each address by itself; or "deny", which refuses them.
	IPv6 string `json:"ipv6,omitempty"`
	// UserIPHeaders are request headers in which a proxy before the load balancer
	// names its client: origin.user_ip and the key USER_IP come from the first that
	// holds an address. Whoever reaches the load balancer past that proxy can write
	// them. Default none.
	UserIPHeaders []string `json:"userIpHeaders,omitempty"`
	// JSONContentTypes are content types that are parsed as JSON in addition to
	// application/json, without parameters. Default none: the API accepts no other type.
	JSONContentTypes []string `json:"jsonContentTypes,omitempty"`
	// Allowlist are the ranges that may call in mode allowlist.
	Allowlist Ranges `json:"allowlist,omitzero"`
	// CustomRules are rules of the stack's own.
	CustomRules []CustomRule `json:"customRules,omitempty"`
}

// Mode is how the policy ends.
type Mode string

// The modes.
const (
	// RateLimited lets everybody through at a limited rate.
	RateLimited Mode = "rateLimit"
	// Allowlisted lets listed ranges through and refuses everybody else.
	Allowlisted Mode = "allowlist"
)

// Regions says from where clients may call.
type Regions struct {
	// Off takes the rule away.
	Off bool `json:"off,omitempty"`
	// Allowed are ISO 3166-1 alpha 2 codes. Default: US, CA, GB, DE, FR, NL,
	// SE, DK, NO, FI. "UK" is not a code; Great Britain is GB.
	Allowed []string `json:"allowed,omitempty"`
	// Unknown says what becomes of a client whose region Google does not know
	// (an empty code): "deny" (default) or "allow".
	Unknown string `json:"unknown,omitempty"`
	// Preview logs instead of denying.
	Preview bool `json:"preview,omitempty"`
}

// ThreatIntelligence are Google's lists of hostile addresses.
// Source: https://cloud.google.com/armor/docs/threat-intelligence
type ThreatIntelligence struct {
	// Off takes the rules away.
	Off bool `json:"off,omitempty"`
	// Lists are refused. Default: iplist-known-malicious-ips.
	Lists []string `json:"lists,omitempty"`
	// Except are addresses and ranges that are allowed although a list has them, at most
	// ten.
	Except []string `json:"except,omitempty"`
	// Action is deny(403) (default), deny(404) or deny(502).
	Action rule.Action `json:"action,omitempty"`
	// Preview logs instead of denying.
	Preview bool `json:"preview,omitempty"`
}

// Ranges are CIDR ranges or addresses, cut into rules of ten.
type Ranges struct {
	// Ranges are at most 500, IPv4 or IPv6; "*" and /0 are not allowed.
	Ranges []string `json:"ranges,omitempty"`
	// Preview logs instead of refusing.
	Preview bool `json:"preview,omitempty"`
}

// AdaptiveProtection watches for floods of requests. In the Standard tier it
// only alerts.
// Source: https://cloud.google.com/armor/docs/adaptive-protection-overview
type AdaptiveProtection struct {
	// Off removes the set.
	Off bool `json:"off,omitempty"`
	// Preview logs what the automatic rule would deny (enterprise).
	Preview bool `json:"preview,omitempty"`
	// LoadThreshold is the load at which rules are deployed, 0.01 to 1.
	// Default 0.8, as the three below are Google's defaults.
	LoadThreshold float64 `json:"loadThreshold,omitempty"`
	// ConfidenceThreshold is how sure the detection must be, 0.01 to 1. Default 0.5.
	ConfidenceThreshold float64 `json:"confidenceThreshold,omitempty"`
	// ImpactedBaselineThreshold is how much ordinary traffic a rule may hit at
	// most, 0.01 to 1. Default 0.01.
	ImpactedBaselineThreshold float64 `json:"impactedBaselineThreshold,omitempty"`
	// RuleVisibility is STANDARD (default) or PREMIUM: how much detail an alert has about
	// the suggested rule.
	RuleVisibility string `json:"ruleVisibility,omitempty"`
	// ExpirationSeconds is how long a deployed rule stays, 1 to 7200. Default 7200.
	ExpirationSeconds int `json:"expirationSeconds,omitempty"`
}

// RateLimit is the rate limit that ends the policy.
// Source: https://cloud.google.com/armor/docs/rate-limiting-overview
type RateLimit struct {
	// Action is rate_based_ban (default) or throttle.
	Action rule.Action `json:"action,omitempty"`
	// Count is how many requests a client may send per interval. Default 100;
	// 1 to 10 000 for a ban, to 1 000 000 for a throttle.
	Count int `json:"count,omitempty"`
	// IntervalSeconds is the interval. Default 60; see rule.Intervals.
	IntervalSeconds int `json:"intervalSeconds,omitempty"`
	// BanCount bans a client when more than this number of its requests in
	// BanIntervalSeconds exceeded the limit. Default 500, so that one burst is throttled
	// and not banned. Not with throttle.
	BanCount int `json:"banCount,omitempty"`
	// BanIntervalSeconds is the interval of BanCount. Default 300.
	BanIntervalSeconds int `json:"banIntervalSeconds,omitempty"`
	// BanSeconds is how long a ban lasts after the interval. Default: the longest
	// ban that is over within the shortest lease time, 240 for a lease time of 300
	// seconds; see rule.BanDurations.
	BanSeconds int `json:"banSeconds,omitempty"`
	// ExceedAction refuses what is above the limit. Default deny(429).
	ExceedAction rule.Action `json:"exceedAction,omitempty"`
	// Key is what requests are counted by. Default IP.
	Key rule.Key `json:"key,omitempty"`
	// KeyName is the header or cookie, with the keys HTTP_HEADER and HTTP_COOKIE.
	KeyName string `json:"keyName,omitempty"`
	// More are up to two further keys: requests are counted by the combination.
	More []rule.NamedKey `json:"more,omitempty"`
	// Preview logs instead of refusing.
	Preview bool `json:"preview,omitempty"`
}

// CustomRule is a rule of the stack's own. A deny goes before the WAF sets, at
// 2000 to 2999; an allow or a rate limit after them, at 8000 to 8999. So no
// custom rule can let a request past a deny or past the WAF.
type CustomRule struct {
	// Name names the rule's resource: lower-case letters, digits, dashes.
	Name string `json:"name"`
	// Priority is 2000 to 2999 for a deny, 8000 to 8999 for anything else.
	Priority int `json:"priority"`
	// Action is allow, deny(403), deny(404), deny(502), throttle or rate_based_ban.
	Action rule.Action `json:"action"`
	// Description is at most 64 characters.
	Description string `json:"description,omitempty"`
	// Expression in Cloud Armor's rules language; or Ranges, at most ten.
	Expression string   `json:"expression,omitempty"`
	Ranges     []string `json:"ranges,omitempty"`
	// RateLimit belongs to throttle and rate_based_ban; its defaults are those
	// of the policy's own.
	RateLimit *RateLimit `json:"rateLimit,omitempty"`
	// Preview logs instead of acting.
	Preview bool `json:"preview,omitempty"`
}
