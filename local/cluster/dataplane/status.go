package dataplane

import (
	"slices"
	"time"
)

// Status tells what is enforced and what is denied.
type Status struct {
	// Warning says why policies are enforced at the load balancer only; it is empty
	// when they are enforced everywhere.
	Warning string `json:"warning,omitempty"`
	// Denials are the latest that the policies would still deny, the newest first.
	// What an attack of the embedded cloud's own has tried is not among them: no
	// rule is missing for it.
	Denials []Denial `json:"denials,omitempty"`
	// Missing says what the policies keep from a pod that has used it, and what they
	// keep from the load balancer: what does not work now.
	Missing []string `json:"missing,omitempty"`
}

// Status tells what is enforced and what is denied, as the policies are now.
func (d *Dataplane) Status() Status {
	s := Status{Missing: d.missing()}
	if d.refused != nil {
		s.Warning = d.refused.Error()
	}
	for _, denial := range d.journal.latest() {
		why, _ := d.evaluate(denial.want)
		if why != denial.Text || time.Since(denial.Time) > shown {
			continue // it is allowed now, or for another reason denied, or long ago
		}
		s.Denials = append(s.Denials, denial)
		if denial.want.from.name == frontEnds().name && time.Since(denial.Time) < recent {
			s.Missing = append(s.Missing, denial.Text)
		}
	}
	slices.Sort(s.Missing)
	s.Missing = slices.Compact(s.Missing)
	return s
}

// missing asks again for everything that pods have reached, whether or not a
// connection is open just now.
func (d *Dataplane) missing() (all []string) {
	for _, a := range d.attachedPods() {
		wanted := d.destinations(a.pod)
		a.mu.Lock()
		gone := a.gone
		reached := make([]want, 0, len(a.reached))
		for to := range a.reached {
			if wanted[to] { // else it is there no more
				reached = append(reached, d.leaving(a.pod, to))
			}
		}
		a.mu.Unlock()
		for _, w := range reached {
			if why, _ := d.evaluate(w); why != "" && !gone {
				all = append(all, why)
			}
		}
	}
	return all
}
