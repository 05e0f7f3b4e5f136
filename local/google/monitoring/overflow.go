package monitoring

import (
	"fmt"
	"time"
)

// toldFor is how long Status reports dropped data.
const toldFor = 10 * time.Minute

// overflow counts data that was dropped lately, because there was too much of it.
type overflow struct {
	n    int
	last time.Time
}

func (o *overflow) add(now time.Time) {
	if !o.lately(now) {
		o.n = 0
	}
	o.n++
	o.last = now
}

func (o *overflow) lately(now time.Time) bool { return o.n > 0 && now.Sub(o.last) < toldFor }

// overflows list the data that was dropped lately. The caller holds mu.
func (m *Monitoring) overflows() (all []string) {
	now := m.options.Now()
	if m.dropped.lately(now) {
		all = append(all, fmt.Sprintf("%d log entries came too fast and were not evaluated, the last at %s", m.dropped.n, m.dropped.last.Local().Format(time.TimeOnly)))
	}
	if m.untold.lately(now) {
		all = append(all, fmt.Sprintf("%d alerts over log entries are open, which is the most; %d entries more were not told, the last at %s",
			len(m.open), m.untold.n, m.untold.last.Local().Format(time.TimeOnly)))
	}
	return all
}
