package requestlog

import (
	"math"
	"time"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

const (
	// Slot is how long a column of the timeline is, Slots how many there are: half an
	// hour.
	Slot  = 15 * time.Second
	Slots = 120
	// Lately is how far the rates and the latency look back.
	Lately = 5 * time.Minute
)

// Tally counts requests.
type Tally struct {
	All int `json:"all"`
	// Passed were answered; Left are those whose client hung up.
	Passed int `json:"passed"`
	Left   int `json:"left"`
	// Stopped are those that each layer stopped, layer 1 first.
	Stopped [layer.Observability]int `json:"stopped"`
}

func (t *Tally) add(p Passage) {
	t.All++
	switch {
	case p.HungUp:
		t.Left++
	case p.StoppedBy == 0:
		t.Passed++
	case p.StoppedBy <= len(t.Stopped):
		t.Stopped[p.StoppedBy-1]++
	}
}

func (t *Tally) merge(other Tally) {
	t.All += other.All
	t.Passed += other.Passed
	t.Left += other.Left
	for i, n := range other.Stopped {
		t.Stopped[i] += n
	}
}

// Latency is how long clients waited for what pods answered, in milliseconds, each
// to within 2 %.
type Latency struct {
	// Of is how many requests that were.
	Of  int     `json:"of"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Column is one column of the timeline.
type Column struct {
	// At is when it begins, in Unix seconds.
	At int64 `json:"at"`
	Tally
}

// Figures are what a Book has counted.
type Figures struct {
	// Since is when it began.
	Since time.Time `json:"since"`
	// Now is the time of the figures, in Unix seconds.
	Now   int64 `json:"now"`
	Total Tally `json:"total"`
	// Lately are the counts of the last Seconds, at most five minutes.
	Lately  Tally   `json:"lately"`
	Seconds float64 `json:"seconds"`
	// Latency is the latency in the last Seconds; nil when no pod sent an answer.
	Latency *Latency `json:"latency"`
	// Slot is the width of a column and Slots their number, in seconds; columns in
	// which nothing happened are left out. The oldest comes first.
	Slot    int64    `json:"slot"`
	Slots   int      `json:"slots"`
	Columns []Column `json:"columns"`
}

// The bins of a histogram: each is 4 % wider than the one before.
const (
	narrowest = 0.05 // milliseconds
	growth    = 1.04
	bins      = 380 // up to more than two minutes
)

type histogram [bins]uint32

func (h *histogram) add(milliseconds float64) {
	bin := 0
	if milliseconds > narrowest {
		bin = min(bins-1, int(math.Log(milliseconds/narrowest)/math.Log(growth)))
	}
	h[bin]++
}

// quantile is the middle of the bin in which the share q of all ends.
func (h *histogram) quantile(q float64, of int) float64 {
	wanted, seen := int(math.Ceil(q*float64(of))), 0
	for bin, n := range h {
		if seen += int(n); n > 0 && seen >= wanted {
			return narrowest * math.Pow(growth, float64(bin)+0.5)
		}
	}
	return 0
}

type slot struct {
	begins int64 // in Slots since 1970
	tally  Tally
	took   histogram
}

type counts struct {
	since time.Time
	total Tally
	slots [Slots]slot // by begins modulo their number
}

func newCounts(now time.Time) counts { return counts{since: now} }

func slotOf(at time.Time) int64 { return at.Unix() / int64(Slot/time.Second) }

func (c *counts) add(now time.Time, k Kept) {
	c.total.add(k.Passage)
	number := slotOf(now)
	s := &c.slots[number%Slots]
	if s.begins != number {
		*s = slot{begins: number}
	}
	s.tally.add(k.Passage)
	if k.Took > 0 && k.answeredByPod() {
		s.took.add(float64(k.Took) / float64(time.Millisecond))
	}
}

// answeredByPod tells requests apart from those that ended before they were at a
// pod.
func (p Passage) answeredByPod() bool {
	return !p.HungUp && (p.StoppedBy == 0 || p.StoppedBy >= layer.Identity)
}

func (c *counts) figures(now time.Time) Figures {
	last := slotOf(now)
	width := int64(Slot / time.Second)
	first := last - int64(Lately/Slot) + 1 // of what is called lately
	f := Figures{Since: c.since.UTC(), Now: now.Unix(), Total: c.total, Slot: width, Slots: Slots, Columns: []Column{}}
	f.Seconds = min(now.Sub(c.since), now.Sub(time.Unix(first*width, 0))).Seconds()
	var took histogram
	answered := 0
	for number := last - Slots + 1; number <= last; number++ {
		s := &c.slots[((number%Slots)+Slots)%Slots]
		if s.begins != number || s.tally.All == 0 {
			continue
		}
		f.Columns = append(f.Columns, Column{At: number * width, Tally: s.tally})
		if number < first {
			continue
		}
		f.Lately.merge(s.tally)
		for bin, n := range s.took {
			took[bin] += n
			answered += int(n)
		}
	}
	if answered > 0 {
		f.Latency = &Latency{Of: answered, P50: took.quantile(0.5, answered), P95: took.quantile(0.95, answered), P99: took.quantile(0.99, answered)}
	}
	return f
}
