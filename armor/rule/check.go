package rule

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// Mistake is one thing that the API would refuse about a rule.
type Mistake struct {
	// Field is where it stands, in the words of the settings: priority, action,
	// description, ranges, exclusions, or rateLimit with count, intervalSeconds,
	// banCount, banIntervalSeconds, banSeconds, exceedAction, key, keyName or more[N].
	Field string
	// Value is the wrong value.
	Value any
	// Why says what is wrong, and, after "; allowed: ", what is allowed.
	Why string
}

// Check says everything that the API would refuse about the rule, except what
// its expression says: that is the rules language's business (package
// expression). The error lists every mistake, one a line.
func (r Rule) Check() error {
	var mistakes []error
	for _, mistake := range r.Mistakes() {
		mistakes = append(mistakes, fmt.Errorf("%s: %s", r, mistake.Why))
	}
	return errors.Join(mistakes...)
}

// report notes a mistake: where it stands, the value there, and what is wrong.
type report func(field string, value any, format string, args ...any)

// Mistakes are what Check says, each with the field that it is about.
func (r Rule) Mistakes() (found []Mistake) {
	add := func(field string, value any, format string, args ...any) {
		found = append(found, Mistake{field, value, fmt.Sprintf(format, args...)})
	}
	if r.Priority < FirstPriority || r.Priority > DefaultPriority {
		add("priority", r.Priority, "priority is outside 0 to %d", DefaultPriority)
	}
	if !slices.Contains(enforced(), r.Action) {
		add("action", r.Action, "action %q is not known; allowed: %v", r.Action, enforced())
	}
	if length := utf8.RuneCountInString(r.Description); length > MaxDescription {
		add("description", r.Description, "description has %d characters; allowed: %d", length, MaxDescription)
	}
	r.checkMatch(add)
	r.checkRateLimit(add)
	for _, exclusion := range r.Exclusions {
		if err := exclusion.Check(); err != nil {
			for line := range strings.Lines(err.Error()) {
				add("exclusions", exclusion, "%s", strings.TrimSpace(line))
			}
		}
	}
	r.checkExclusionFields(add)
	if len(r.Exclusions) > 0 && r.Action == Allow {
		add("action", r.Action, "a rule with exclusions cannot have the action allow")
	}
	if r.IsDefault() && (!r.MatchesAll() || r.Preview) {
		add("ranges", r.Match.SourceRanges, "the default rule matches %q and is enforced", Any)
	}
	return found
}

func (r Rule) checkMatch(add report) {
	ranges := r.Match.SourceRanges
	switch {
	case r.Match.Expression == "" && len(ranges) == 0:
		add("ranges", ranges, "match needs source ranges or an expression")
	case r.Match.Expression != "" && len(ranges) > 0:
		add("ranges", ranges, "match has both source ranges and an expression; allowed: one of them")
	case len(ranges) > MaxSourceRanges:
		add("ranges", ranges, "match has %d source ranges; allowed: %d", len(ranges), MaxSourceRanges)
	}
	for _, text := range ranges {
		if text == Any {
			continue
		}
		if _, err := ParseRange(text); err != nil {
			add("ranges", text, "source range %q is neither a CIDR range nor an IP address nor %q", text, Any)
		}
	}
}

func (r Rule) checkRateLimit(add report) {
	limit := r.RateLimit
	if !r.Action.IsRateLimit() {
		if limit != nil {
			add("rateLimit", limit, "rate limit options belong to %s and %s only", Throttle, RateBasedBan)
		}
		return
	}
	if limit == nil {
		add("rateLimit", nil, "action %s needs rate limit options", r.Action)
		return
	}
	maximum := MaxThrottleCount
	if r.Action == RateBasedBan {
		maximum = MaxBanCount
	}
	checkThreshold("rateLimitThreshold", "rateLimit.count", "rateLimit.intervalSeconds", limit.Threshold, maximum, add)
	if limit.ConformAction != Allow {
		add("rateLimit.conformAction", limit.ConformAction, "conform action %q; allowed: %q", limit.ConformAction, Allow)
	}
	if !slices.Contains(ExceedActions(), limit.ExceedAction) {
		add("rateLimit.exceedAction", limit.ExceedAction, "exceed action %q; allowed: %v", limit.ExceedAction, ExceedActions())
	}
	checkKeys(limit.Keys(), add)
	r.checkBan(add)
}

// checkKeys wants keys that are known, named where they need a name, and
// different from each other.
func checkKeys(keys []NamedKey, add report) {
	if len(keys) > MaxKeys {
		add("rateLimit.more", keys[1:], "rate limit counts by %d keys; allowed: %d", len(keys), MaxKeys)
	}
	for i, each := range keys {
		key, name := "rateLimit.key", "rateLimit.keyName"
		if i > 0 {
			key, name = fmt.Sprintf("rateLimit.more[%d].key", i-1), fmt.Sprintf("rateLimit.more[%d].name", i-1)
		}
		if !slices.Contains(Keys(), each.Key) {
			add(key, each.Key, "enforceOnKey %q; allowed: %v", each.Key, Keys())
		}
		if named := each.Key == KeyHeader || each.Key == KeyCookie; named != (each.Name != "") {
			add(name, each.Name, "enforceOnKeyName %q with enforceOnKey %s; it belongs to %s and %s", each.Name, each.Key, KeyHeader, KeyCookie)
		}
		if slices.Contains(keys[:i], each) {
			add(key, each.Key, "rate limit counts by %s twice; allowed: every key once", each.Key)
		}
	}
}

func (r Rule) checkBan(add report) {
	const seconds = "rateLimit.banSeconds"
	ban := r.RateLimit.Ban
	switch {
	case r.Action == Throttle && ban != nil:
		add(seconds, ban.DurationSeconds, "a throttle has no ban; allowed: action %s", RateBasedBan)
	case r.Action == RateBasedBan && ban == nil:
		add(seconds, 0, "%s needs banDurationSec", RateBasedBan)
	case ban != nil:
		if !slices.Contains(BanDurations(), ban.DurationSeconds) {
			add(seconds, ban.DurationSeconds, "banDurationSec %d; allowed: %v", ban.DurationSeconds, BanDurations())
		}
		if ban.Threshold != (Threshold{}) {
			checkThreshold("banThreshold", "rateLimit.banCount", "rateLimit.banIntervalSeconds", ban.Threshold, MaxBanCount, add)
		}
	}
}

func checkThreshold(what, count, interval string, t Threshold, maximum int, add report) {
	if t.Count < 1 || t.Count > maximum {
		add(count, t.Count, "%s count %d; allowed: 1 to %d", what, t.Count, maximum)
	}
	if !slices.Contains(Intervals(), t.IntervalSeconds) {
		add(interval, t.IntervalSeconds, "%s interval %d s; allowed: %v", what, t.IntervalSeconds, Intervals())
	}
}

// ParseRange reads a CIDR range or a single IP address.
func ParseRange(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("range %q: %w", text, err)
		}
		return prefix.Masked(), nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("range %q: %w", text, err)
	}
	return netip.PrefixFrom(address, address.BitLen()), nil
}
