package cloudarmor

import (
	"net/netip"
	"time"
)

// DefaultBodyLimit is how many bytes of a body preconfigured WAF rules look at.
// Google's documentation said 8 kB until 2025 and 64 kB later; pulumi-gcp v7.38 has
// no property to choose, so no more than the smaller one is promised here.
// Source: https://cloud.google.com/armor/docs/content-parsing (2025-08-25 and 2026-04-10).
const DefaultBodyLimit = 8 << 10

// defaultMaxKeys bounds the memory of one rate limit: about 200 bytes a key.
const defaultMaxKeys = 100_000

// Options are what an evaluator needs besides the policy. The zero value works.
type Options struct {
	// Clock tells the time to rate limits; time.Now by default.
	Clock func() time.Time
	// WAF holds the compiled rule sets. They are slow to build, so share one
	// among the evaluators of a process; by default the evaluator has its own.
	WAF *WAF
	// ThreatLists are the fixtures behind evaluateThreatIntelligence, by list
	// name. A list that is not here is empty.
	ThreatLists map[string][]netip.Prefix
	// HeavyHitter says whether a client matches an attack that Adaptive
	// Protection has found; by default nobody does.
	HeavyHitter func(netip.Addr) bool
	// BodyLimit is how many bytes of a body are inspected; DefaultBodyLimit by
	// default. Cloud Armor allows 8, 16, 32, 48 and 64 kB.
	BodyLimit int
	// MaxKeys bounds the keys that one rate limit remembers, 100 000 by
	// default; beyond it the key seen longest ago is forgotten.
	MaxKeys int
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.WAF == nil {
		o.WAF = NewWAF()
	}
	if o.HeavyHitter == nil {
		o.HeavyHitter = func(netip.Addr) bool { return false }
	}
	if o.BodyLimit <= 0 {
		o.BodyLimit = DefaultBodyLimit
	}
	if o.MaxKeys <= 0 {
		o.MaxKeys = defaultMaxKeys
	}
	return o
}
