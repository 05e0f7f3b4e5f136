package cloudarmor

import (
	"container/list"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/armor/rule"
)

// limiter counts requests for one rate limit, by key. A window is fixed: it
// begins with a key's first request and lasts one interval. Google says that its
// own enforcement is approximate; this one is exact. It is safe for concurrent
// use and remembers a bounded number of keys.
type limiter struct {
	rule    rule.Rule
	clock   func() time.Time
	maxKeys int

	mu sync.Mutex
	// keys finds a key's counters in recent, which is ordered from the key seen
	// last to the one seen longest ago.
	keys   map[string]*list.Element
	recent *list.List
}

// counters are what is known of one key.
type counters struct {
	key         string
	rate, ban   window
	bannedUntil time.Time
}

// window is a number of requests since a moment.
type window struct {
	from  time.Time
	count int
}

func newLimiter(source rule.Rule, clock func() time.Time, maxKeys int) *limiter {
	return &limiter{rule: source, clock: clock, maxKeys: maxKeys, keys: map[string]*list.Element{}, recent: list.New()}
}

// count takes one more request of a key into account and says what becomes of it.
func (l *limiter) count(key string) Rate {
	now := l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	return Rate{Key: key, Outcome: l.of(key).take(*l.rule.RateLimit, now)}
}

// of returns the counters of a key; a new key may push the oldest one out.
func (l *limiter) of(key string) *counters {
	if element, known := l.keys[key]; known {
		l.recent.MoveToFront(element)
		return element.Value.(*counters)
	}
	if l.recent.Len() >= l.maxKeys {
		oldest := l.recent.Back()
		delete(l.keys, oldest.Value.(*counters).key)
		l.recent.Remove(oldest)
	}
	fresh := &counters{key: key}
	l.keys[key] = l.recent.PushFront(fresh)
	return fresh
}

// take counts a request. Only what exceeds the rate limit counts towards a ban.
// A banned key stays banned whatever its rate is; when the ban has run out,
// counting starts afresh.
// Sources: https://cloud.google.com/armor/docs/rate-limiting-overview, and
// rateLimitOptions.banThreshold of compute.SecurityPolicyRule in pulumi-gcp v7.38
// ("the number of requests that exceed the 'rateLimitThreshold' also exceed this
// 'banThreshold'").
func (c *counters) take(limit rule.RateLimit, now time.Time) RateOutcome {
	if now.Before(c.bannedUntil) {
		return RateBanned
	}
	interval := time.Duration(limit.Threshold.IntervalSeconds) * time.Second
	if c.rate.add(now, interval) <= limit.Threshold.Count {
		return RateConform
	}
	ban := limit.Ban
	if ban == nil || ban.Threshold.Count > 0 && c.ban.add(now, time.Duration(ban.Threshold.IntervalSeconds)*time.Second) <= ban.Threshold.Count {
		return RateExceed
	}
	// The ban lasts beyond the end of the rate limit's interval.
	c.bannedUntil = c.rate.from.Add(interval + time.Duration(ban.DurationSeconds)*time.Second)
	c.rate, c.ban = window{}, window{}
	return RateBanned
}

// add counts one request and returns how many the current window holds.
func (w *window) add(now time.Time, length time.Duration) int {
	if w.count == 0 || !now.Before(w.from.Add(length)) {
		w.from, w.count = now, 0
	}
	w.count++
	return w.count
}
