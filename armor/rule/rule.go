// Package rule holds Cloud Armor's security policy rules as plain data, in the
// shape of the Compute Engine API, with the API's own limits. It knows neither
// Pulumi nor Google Cloud's SDK.
package rule

import "fmt"

// Priorities that the API treats in a special way.
// Source: https://cloud.google.com/compute/docs/reference/rest/v1/securityPolicies
// and https://cloud.google.com/armor/docs/security-policy-overview (evaluation order).
const (
	// FirstPriority is looked at first.
	FirstPriority = 0
	// DefaultPriority is the priority of the default rule, which every policy
	// has, which matches every request and which cannot be removed.
	DefaultPriority = 2147483647
)

// Any is the source range that matches every client.
const Any = "*"

// Rule is one rule of a security policy.
type Rule struct {
	// Name is how the program calls the rule. The API has no such field; it
	// gives the resource that declares the rule a stable name.
	Name string
	// Priority decides when the rule is looked at: 0 first, 2147483647 last.
	// It is unique in a policy.
	Priority int
	// Action is what happens to a request that matches.
	Action Action
	// Description is shown in the console and in logs: at most 64 characters.
	Description string
	// Match says which requests the rule is about.
	Match Match
	// Preview makes the rule log a match instead of enforcing its action;
	// evaluation goes on with the next rule.
	Preview bool
	// RateLimit belongs to the actions throttle and rate_based_ban, and only
	// to them.
	RateLimit *RateLimit
	// Exclusions are request fields that the preconfigured WAF rules of this
	// rule's expression do not look at.
	Exclusions []Exclusion
}

// Match is what a rule is about: either source ranges or an expression.
type Match struct {
	// SourceRanges are at most ten CIDR ranges or IP addresses, or "*".
	SourceRanges []string
	// Expression is written in Cloud Armor's rules language.
	Expression string
}

// RateLimit are the options of throttle and rate_based_ban rules.
// Source: https://cloud.google.com/armor/docs/rate-limiting-overview
type RateLimit struct {
	// Threshold is how many requests a key may send in an interval.
	Threshold Threshold
	// ConformAction is done at or below the threshold; only "allow" exists.
	ConformAction Action
	// ExceedAction is done above it: deny(403), deny(404), deny(429) or deny(502).
	ExceedAction Action
	// Key is what requests are counted by.
	Key Key
	// KeyName is the header or cookie whose value is the key, with
	// HTTP_HEADER and HTTP_COOKIE.
	KeyName string
	// More are further keys, at most two: requests are counted by the
	// combination of all (enforceOnKeyConfigs).
	More []NamedKey
	// Ban belongs to rate_based_ban, and only to it.
	Ban *Ban
}

// NamedKey is one of several keys.
type NamedKey struct {
	// Key is what is counted by.
	Key Key `json:"key"`
	// Name is the header or cookie, with HTTP_HEADER and HTTP_COOKIE.
	Name string `json:"name,omitempty"`
}

// Keys are all keys of the limit, the first one first.
func (l RateLimit) Keys() []NamedKey {
	return append([]NamedKey{{Key: l.Key, Name: l.KeyName}}, l.More...)
}

// Threshold is a number of requests in an interval.
type Threshold struct {
	// Count is at least 1, at most 10 000 for a ban and 1 000 000 for a throttle.
	Count int
	// IntervalSeconds is one of Intervals.
	IntervalSeconds int
}

// Ban says when a key is shut out altogether and for how long.
type Ban struct {
	// Threshold, when its count is not 0, bans the key when more requests than
	// this exceed the rate limit: "the number of requests that exceed the
	// 'rateLimitThreshold' also exceed this 'banThreshold'". What conforms does
	// not count towards a ban. Without a threshold the first request above the
	// rate limit bans.
	// Source: rateLimitOptions.banThreshold of compute.SecurityPolicyRule in
	// pulumi-gcp v7.38.
	Threshold Threshold
	// DurationSeconds is how long the ban lasts after the interval of the rate
	// limit has gone by: one of BanDurations.
	DurationSeconds int
}

// Key is what a rate limit counts by.
type Key string

// The keys that the API knows.
const (
	KeyAll    Key = "ALL"
	KeyIP     Key = "IP"
	KeyHeader Key = "HTTP_HEADER"
	KeyXFF    Key = "XFF_IP"
	KeyCookie Key = "HTTP_COOKIE"
	KeyPath   Key = "HTTP_PATH"
	KeySNI    Key = "SNI"
	KeyRegion Key = "REGION_CODE"
	// KeyJA3 is the fingerprint of the TLS handshake.
	KeyJA3 Key = "TLS_JA3_FINGERPRINT"
	// KeyUserIP is the address in one of the policy's userIpRequestHeaders.
	KeyUserIP Key = "USER_IP"
)

// Exclusion takes request fields out of the inspection by a preconfigured set.
// Only values are left out; names are still inspected.
// Source: https://cloud.google.com/armor/docs/rule-tuning
type Exclusion struct {
	// Set is the preconfigured set, for example "sqli-v422-stable".
	Set string `json:"set"`
	// Signatures are the signatures of the set that skip the fields; none means all.
	Signatures []string `json:"signatures,omitempty"`
	// Headers, Cookies and QueryParams name the fields left out; a query
	// parameter may also stand in the body. URIs are left out as a whole.
	Headers     []Field `json:"headers,omitempty"`
	Cookies     []Field `json:"cookies,omitempty"`
	QueryParams []Field `json:"queryParams,omitempty"`
	URIs        []Field `json:"uris,omitempty"`
}

// Field matches the name of a request field (or a URI), ignoring case.
type Field struct {
	// Operator is EQUALS, STARTS_WITH, ENDS_WITH, CONTAINS or EQUALS_ANY.
	Operator string `json:"operator"`
	// Value is compared; it is empty with EQUALS_ANY and only then.
	Value string `json:"value,omitempty"`
}

// String names the rule for messages: its priority, and its name where it has one.
func (r Rule) String() string {
	if r.Name == "" {
		return fmt.Sprintf("rule %d", r.Priority)
	}
	return fmt.Sprintf("rule %d (%s)", r.Priority, r.Name)
}

// IsDefault says whether the rule is the policy's default rule.
func (r Rule) IsDefault() bool { return r.Priority == DefaultPriority }

// MatchesAll says whether the rule is about every request.
func (r Rule) MatchesAll() bool {
	return len(r.Match.SourceRanges) == 1 && r.Match.SourceRanges[0] == Any
}
