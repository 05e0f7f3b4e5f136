package daemon

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/local/google/monitoring"
	"github.com/coditect-ai/license-platform/local/report/page"
)

// maxMoments bounds what is kept of what people did; the oldest go first.
const maxMoments = 200

// timelineMarks are the commands and faults that the console's timeline marks. They are
// safe for concurrent use.
type timelineMarks struct {
	mu   sync.Mutex
	kept []page.Mark
}

func (m *timelineMarks) add(kind, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = append(m.kept, page.Mark{At: time.Now(), Kind: kind, Text: text})
	if over := len(m.kept) - maxMoments; over > 0 {
		m.kept = slices.Clone(m.kept[over:])
	}
}

func (m *timelineMarks) all() []page.Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.kept)
}

// marks are what happened, the newest first: what people did, and what alerts told.
func marks(done []page.Mark, told []monitoring.Notification) []page.Mark {
	all := append([]page.Mark{}, done...)
	seen := map[string]bool{} // an incident is told to everybody whom it concerns
	for _, n := range told {
		kind, text := "alert", n.Alert+" fires"
		if n.State == monitoring.Resolved {
			kind, text = "resolved", n.Alert+" has ended"
		}
		key := n.Time.Truncate(time.Second).String() + text
		if !seen[key] {
			seen[key] = true
			all = append(all, page.Mark{At: n.Time, Kind: kind, Text: text})
		}
	}
	slices.SortStableFunc(all, func(a, b page.Mark) int { return cmp.Compare(b.At.UnixNano(), a.At.UnixNano()) })
	return all[:min(len(all), maxMoments)]
}

// commands are the commands that the timeline shows.
func commands() []string { return []string{"up", "refresh", "drift", "attack"} }

// begin records that a command has begun.
func (d *Daemon) begin(w http.ResponseWriter, r *http.Request) {
	var name string
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&name); err != nil || !slices.Contains(commands(), name) {
		http.Error(w, "the timeline shows only these commands: "+strings.Join(commands(), ", "), http.StatusBadRequest)
		return
	}
	d.timelineMarks.add("command", name)
	reply(w, name, nil)
}
