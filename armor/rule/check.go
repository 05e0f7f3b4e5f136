package rule

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// Check says everything that the API would refuse about the rule, except what
// its expression says: that is the rules language's business (package
// expression). The error lists every mistake, one a line.
func (r Rule) Check() error {
	var mistakes []error
	add := func(format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf("%s: "+format, append([]any{r}, args...)...))
	}
	if r.Priority < FirstPriority || r.Priority > DefaultPriority {
		add("priority is outside 0 to %d", DefaultPriority)
	}
	if !slices.Contains(enforced(), r.Action) {
		add("action %q is not known; allowed: %v", r.Action, enforced())
	}
	if length := utf8.RuneCountInString(r.Description); length > MaxDescription {
		add("description has %d characters; allowed: %d", length, MaxDescription)
	}
	r.checkMatch(add)
	r.checkRateLimit(add)
	for _, exclusion := range r.Exclusions {
		if err := exclusion.Check(); err != nil {
			add("%w", err)
		}
	}
	if len(r.Exclusions) > 0 && r.Action == Allow {
		add("a rule with exclusions cannot have the action allow")
	}
	if r.IsDefault() && (!r.MatchesAll() || r.Preview) {
		add("the default rule matches %q and is enforced", Any)
	}
	return errors.Join(mistakes...)
}

func (r Rule) checkMatch(add func(string, ...any)) {
	ranges := r.Match.SourceRanges
	switch {
	case r.Match.Expression == "" && len(ranges) == 0:
		add("match needs source ranges or an expression")
	case r.Match.Expression != "" && len(ranges) > 0:
		add("match has both source ranges and an expression; allowed: one of them")
	case len(ranges) > MaxSourceRanges:
		add("match has %d source ranges; allowed: %d", len(ranges), MaxSourceRanges)
	}
	for _, text := range ranges {
		if text == Any {
			continue
		}
		if _, err := ParseRange(text); err != nil {
			add("source range %q is neither a CIDR range nor an IP address nor %q", text, Any)
		}
	}
}

func (r Rule) checkRateLimit(add func(string, ...any)) {
	limit := r.RateLimit
	if !r.Action.IsRateLimit() {
		if limit != nil {
			add("rate limit options belong to %s and %s only", Throttle, RateBasedBan)
		}
		return
	}
	if limit == nil {
		add("action %s needs rate limit options", r.Action)
		return
	}
	maximum := MaxThrottleCount
	if r.Action == RateBasedBan {
		maximum = MaxBanCount
	}
	checkThreshold("rateLimitThreshold", limit.Threshold, maximum, add)
	if limit.ConformAction != Allow {
		add("conform action %q; allowed: %q", limit.ConformAction, Allow)
	}
	if !slices.Contains(exceed(), limit.ExceedAction) {
		add("exceed action %q; allowed: %v", limit.ExceedAction, exceed())
	}
	checkKeys(limit.Keys(), add)
	r.checkBan(add)
}

// checkKeys wants keys that are known, named where they need a name, and
// different from each other.
func checkKeys(keys []NamedKey, add func(string, ...any)) {
	if len(keys) > MaxKeys {
		add("rate limit counts by %d keys; allowed: %d", len(keys), MaxKeys)
	}
	for i, each := range keys {
		if !slices.Contains(Keys(), each.Key) {
			add("enforceOnKey %q; allowed: %v", each.Key, Keys())
		}
		if named := each.Key == KeyHeader || each.Key == KeyCookie; named != (each.Name != "") {
			add("enforceOnKeyName %q with enforceOnKey %s; it belongs to %s and %s", each.Name, each.Key, KeyHeader, KeyCookie)
		}
		if slices.Contains(keys[:i], each) {
			add("rate limit counts by %s twice; allowed: every key once", each.Key)
		}
	}
}

func (r Rule) checkBan(add func(string, ...any)) {
	ban := r.RateLimit.Ban
	switch {
	case r.Action == Throttle && ban != nil:
		add("a throttle has no ban; allowed: action %s", RateBasedBan)
	case r.Action == RateBasedBan && ban == nil:
		add("%s needs banDurationSec", RateBasedBan)
	case ban != nil:
		if !slices.Contains(BanDurations(), ban.DurationSeconds) {
			add("banDurationSec %d; allowed: %v", ban.DurationSeconds, BanDurations())
		}
		if ban.Threshold != (Threshold{}) {
			checkThreshold("banThreshold", ban.Threshold, MaxBanCount, add)
		}
	}
}

func checkThreshold(what string, t Threshold, maximum int, add func(string, ...any)) {
	if t.Count < 1 || t.Count > maximum {
		add("%s count %d; allowed: 1 to %d", what, t.Count, maximum)
	}
	if !slices.Contains(Intervals(), t.IntervalSeconds) {
		add("%s interval %d s; allowed: %v", what, t.IntervalSeconds, Intervals())
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
