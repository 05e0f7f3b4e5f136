package monitoring

import (
	"fmt"
	"regexp"
	"time"
)

// Limits of Pace. Faster, a window of two minutes would hold too few samples.
const (
	RealTime Pace = 1
	Fastest  Pace = 360
)

// Pace is how many times faster than on Google Cloud the time of alerts runs: their
// windows, waiting times, scrapes and checks are all shorter by this factor. But a target
// is scraped at most ten times a second, and a checker calls at most once a second.
// Thresholds stay, as they are rates or shares. 1 is real time.
type Pace int

// Validate says what is wrong with the pace.
func (p Pace) Validate() error {
	if p < RealTime || p > Fastest {
		return fmt.Errorf("a pace of %d is out of range: 1 (real time) to %d times faster", p, Fastest)
	}
	return nil
}

// shorten returns how long d takes at this pace, at least a tenth of a second.
func (p Pace) shorten(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return max(d/time.Duration(p), 100*time.Millisecond)
}

// period returns how often a checker asks that is to ask every d. One that asked
// more often than once a second would meet the rate limit of Cloud Armor.
func (p Pace) period(d time.Duration) time.Duration { return max(p.shorten(d), min(d, time.Second)) }

// rangeForm is a range of PromQL in its square brackets, for example [1h30m].
var (
	rangeForm = regexp.MustCompile(`\[((?:[0-9]+(?:ms|[smhdwy]))+)\]`)
	partForm  = regexp.MustCompile(`([0-9]+)(ms|[smhdwy])`)
)

// query shortens every range of a PromQL expression. A quoted text that looks like
// a range would be shortened, too; no label of a metric has one.
func (p Pace) query(expression string) string {
	if p == RealTime {
		return expression
	}
	return rangeForm.ReplaceAllStringFunc(expression, func(found string) string {
		return "[" + promDuration(p.shorten(parseRange(found[1:len(found)-1]))) + "]"
	})
}

func parseRange(text string) (total time.Duration) {
	units := map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
	}
	for _, part := range partForm.FindAllStringSubmatch(text, -1) {
		var n int64
		if _, err := fmt.Sscan(part[1], &n); err == nil {
			total += time.Duration(n) * units[part[2]]
		}
	}
	return total
}

// promDuration writes a duration as Prometheus reads it, in whole milliseconds.
func promDuration(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }
