package dataplane

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// What the journal keeps and how long it counts.
const (
	keptDenials = 50
	recent      = 30 * time.Second // for Explain
	repeat      = 30 * time.Second // until the same is logged again
	shown       = 10 * time.Minute // for Status
)

// Denial is something that the policies did not allow.
type Denial struct {
	// Time is when it last happened, Count how often it did.
	Time  time.Time `json:"time"`
	Count int       `json:"count"`
	// Pod is the one whose policies decided, "namespace/name".
	Pod string `json:"pod"`
	// Text describes the denied connection, the policies that deny it, and the missing
	// rule.
	Text string `json:"text"`

	want   want
	logged time.Time
}

// journal remembers the latest denials.
type journal struct {
	log *slog.Logger

	mu      sync.Mutex
	denials []Denial // in the order of their last time
}

func newJournal(log *slog.Logger) *journal { return &journal{log: log} }

// record takes a denial down. The same one is logged once in a while only: a
// program that is kept from something tries again and again.
func (j *journal) record(pod, text string, w want) {
	j.mu.Lock()
	defer j.mu.Unlock()
	denial := Denial{Pod: pod, Text: text, want: w}
	same := func(d Denial) bool { return d.Pod == pod && d.Text == text }
	if i := slices.IndexFunc(j.denials, same); i >= 0 {
		denial = j.denials[i]
		j.denials = slices.Delete(j.denials, i, i+1)
	}
	denial.Time = time.Now()
	denial.Count++
	if denial.Time.Sub(denial.logged) > repeat {
		denial.logged = denial.Time
		j.log.Warn(text, "pod", pod, "count", denial.Count)
	}
	j.denials = append(j.denials, denial)
	if len(j.denials) > keptDenials {
		j.denials = slices.Delete(j.denials, 0, 1)
	}
}

// latest lists the denials, the newest first.
func (j *journal) latest() []Denial {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := slices.Clone(j.denials)
	slices.Reverse(all)
	return all
}

// explain is the pod's last denial, empty without a recent one.
func (j *journal) explain(pod string) string {
	return j.find(func(d Denial) bool { return d.Pod == pod })
}

// explainTo is the last denial of this source, empty without a recent one.
func (j *journal) explainTo(from string) string {
	return j.find(func(d Denial) bool { return strings.Contains(d.Text, "from "+from) })
}

func (j *journal) find(fits func(Denial) bool) string {
	for _, d := range j.latest() {
		if fits(d) && time.Since(d.Time) < recent {
			return d.Text
		}
	}
	return ""
}
