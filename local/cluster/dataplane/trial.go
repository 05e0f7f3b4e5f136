package dataplane

import (
	"sync"
	"time"
)

// trialEnds is how long after an attempt its packets may still come: the kernel
// sends the first one again (RFC 6298).
const trialEnds = 5 * time.Second

// trials are the attempts of the embedded cloud's own attacks: nobody is advised to allow
// what they are denied.
type trials struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// key is who wants to reach what; by which protocol does not matter.
func (w want) key() string { return w.from.name + " → " + w.to.name }

// begin marks an attempt, and forgets those that are over.
func (t *trials) begin(w want) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.until == nil {
		t.until = map[string]time.Time{}
	}
	for key, end := range t.until {
		if time.Now().After(end) {
			delete(t.until, key)
		}
	}
	t.until[w.key()] = time.Now().Add(answerTimeout + trialEnds)
}

// has says whether the attempt is one of them.
func (t *trials) has(w want) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Now().Before(t.until[w.key()])
}
