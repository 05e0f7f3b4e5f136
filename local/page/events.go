package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/coditect-ai/license-platform/local/trace"
)

const (
	// backlog is how many requests a slow reader may fall behind; what comes then
	// is left out.
	backlog = 256
	// beat keeps a quiet stream from being taken for a dead one.
	beat = 15 * time.Second
)

// event is a request as the page's script gets it: the words are made here, so
// that the page has them once.
type event struct {
	trace.Passage
	Clock   string `json:"clock"`
	Verdict string `json:"verdict"`
	Said    string `json:"said"`
	Way     []mark `json:"way"`
}

// stream sends every request as it ends, and says when the state has changed,
// as server-sent events.
func stream(w http.ResponseWriter, r *http.Request, world World) {
	passages, changed := make(chan trace.Passage, backlog), make(chan struct{}, 1)
	defer world.Watch(func(p trace.Passage) {
		select {
		case passages <- p:
		default: // the reader is too slow; the daemon does not wait for it
		}
	})()
	defer world.Changes(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})()
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	send := func(name string, value any) bool {
		content, err := json.Marshal(value)
		if err != nil {
			return false
		}
		_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, content)
		return err == nil && control.Flush() == nil
	}
	alive := time.NewTicker(beat)
	defer alive.Stop()
	for open := send("open", shown); open; {
		select {
		case <-r.Context().Done():
			return
		case p := <-passages:
			open = send("request", event{p, p.Time.Local().Format("15:04:05"), verdict(p), said(p), way(p)})
		case <-changed:
			open = send("state", nil)
		case <-alive.C:
			open = send("beat", nil)
		}
	}
}
