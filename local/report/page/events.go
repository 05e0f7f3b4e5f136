package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

const (
	// maxStreams is how many pages may be open at once.
	maxStreams = 16
	// backlog is how many requests are told at once; of more the oldest are left out,
	// and the reader is told how many.
	backlog = 250
	// flushEvery is how often requests are told.
	flushEvery = 250 * time.Millisecond
	// keepAliveInterval prevents a quiet stream from looking like a broken one.
	keepAliveInterval = 15 * time.Second
)

// Batch is what happened since the batch before.
type Batch struct {
	// Rows are the newest first, without those that do not fit the reader's filter.
	Rows []row `json:"rows"`
	// Missed is how many were left out, because there were too many.
	Missed  int `json:"missed"`
	Matched int `json:"matched"`
	Stored  int `json:"stored"`
}

// streams tells every open page what happens, as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type streams struct {
	cloud  Cloud
	panels []*panel
	// version changes with the files that pages are made of.
	version string

	mu   sync.Mutex
	open int
}

func newStreams(cloud Cloud, version string) *streams {
	return &streams{cloud: cloud, version: version, panels: []*panel{
		{name: "state", every: 5 * time.Second, onChange: true, read: func(context.Context) (any, string) { return console(cloud), "" }},
		{name: "topology", every: 2 * time.Second, onChange: true, read: func(context.Context) (any, string) { return cloud.Topology(), "" }},
		{name: "figures", every: time.Second, read: func(context.Context) (any, string) {
			t := timeline(cloud)
			// When only time has passed, readers are told once a column is full.
			return t, fmt.Sprint(t.Total, t.Now/t.Slot, len(t.Marks), newest(t.Marks))
		}},
		{name: "seats", every: 3 * time.Second, read: func(ctx context.Context) (any, string) { return cloud.Seats(ctx), "" }},
		{name: "audit", every: 3 * time.Second, read: func(ctx context.Context) (any, string) { return cloud.Audit(ctx), "" }},
	}}
}

func newest(marks []Mark) string {
	if len(marks) == 0 {
		return ""
	}
	return marks[0].At.String() + marks[0].Text
}

// enter counts a reader, unless there are too many.
func (s *streams) enter(by int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open+by > maxStreams {
		return false
	}
	s.open += by
	return true
}

// ServeHTTP takes the filter of requestlog.ParseFilter.
func (s *streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	filter, err := requestlog.ParseFilter(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !s.enter(1) {
		w.Header().Set("Retry-After", "10")
		http.Error(w, fmt.Sprintf("%d pages are open already: close one", maxStreams), http.StatusServiceUnavailable)
		return
	}
	defer s.enter(-1)
	ctx, cancel := context.WithCancel(r.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()

	arrived := &arrivals{filter: filter}
	defer s.cloud.Book().Watch(arrived.add)()
	messages := make(chan message)
	for _, p := range s.panels {
		changed := make(chan struct{}, 1)
		if p.onChange {
			defer s.cloud.Changes(func() {
				select {
				case changed <- struct{}{}:
				default:
				}
			})()
		}
		running.Go(func() { p.run(ctx, changed, messages) })
	}
	w.Header().Set("Content-Type", "text/event-stream")
	s.write(ctx, w, arrived, messages)
}

// write sends what comes until the reader is gone.
func (s *streams) write(ctx context.Context, w http.ResponseWriter, arrived *arrivals, messages <-chan message) {
	control := http.NewResponseController(w)
	send := func(m message) bool {
		_, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", m.name, m.content)
		return err == nil && control.Flush() == nil
	}
	flush, alive := time.NewTicker(flushEvery), time.NewTicker(keepAliveInterval)
	defer flush.Stop()
	defer alive.Stop()
	for open := send(message{"version", []byte(strconv.Quote(s.version))}); open; {
		select {
		case <-ctx.Done():
			return
		case m := <-messages:
			open = send(m)
		case <-flush.C:
			batch, any := arrived.take()
			if !any {
				continue
			}
			counted := s.cloud.Book().Search(arrived.filter, 0, 0)
			batch.Matched, batch.Stored = counted.Matched, counted.Stored
			if content, err := json.Marshal(batch); err == nil {
				open = send(message{"requests", content})
			}
		case <-alive.C:
			open = send(message{"beat", []byte("null")})
		}
	}
}

// message is one event.
type message struct {
	name    string
	content []byte
}

// panel is a part of the page that is read again and again. What several readers look at
// is read once for all of them.
type panel struct {
	name     string
	every    time.Duration
	onChange bool
	// read returns the content and a key that changes with it; an empty key is the
	// content itself.
	read func(context.Context) (content any, key string)

	mu   sync.Mutex
	at   time.Time
	last message
	key  string
}

// fresh is how old a reading may be that several share.
const fresh = 400 * time.Millisecond

// now is the panel as it is; one reader reads, the others wait for it.
func (p *panel) now(ctx context.Context) (m message, key string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.at) < fresh {
		return p.last, p.key, true
	}
	bounded, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	value, key := p.read(bounded) // says by itself what could not be read in time
	content, err := json.Marshal(value)
	if err != nil || ctx.Err() != nil {
		return message{}, "", false
	}
	if key == "" {
		key = string(content)
	}
	p.at, p.last, p.key = time.Now(), message{p.name, content}, key
	return p.last, key, true
}

// run sends the panel at the beginning and after every change.
func (p *panel) run(ctx context.Context, changed <-chan struct{}, tell chan<- message) {
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	told, seen := message{}, ""
	for {
		if m, key, ok := p.now(ctx); ok && (key != seen || told.content == nil) && !bytes.Equal(m.content, told.content) {
			select {
			case tell <- m:
				told, seen = m, key
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-changed:
			select { // changes come in swarms
			case <-time.After(fresh):
			case <-ctx.Done():
				return
			}
		}
	}
}

// arrivals are the requests that a reader has not got yet.
type arrivals struct {
	filter requestlog.Filter

	mu     sync.Mutex
	kept   []requestlog.Kept
	oldest int
	missed int
	any    bool
}

func (a *arrivals) add(k requestlog.Kept) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.any = true // also what does not fit pushes others out
	if !a.filter.Match(&k) {
		return
	}
	if len(a.kept) < backlog {
		a.kept = append(a.kept, k)
		return
	}
	a.kept[a.oldest] = k
	a.oldest = (a.oldest + 1) % backlog
	a.missed++
}

// take empties it.
func (a *arrivals) take() (batch Batch, any bool) {
	a.mu.Lock()
	kept, oldest := a.kept, a.oldest
	batch.Missed, any = a.missed, a.any
	a.kept, a.oldest, a.missed, a.any = nil, 0, 0, false
	a.mu.Unlock()
	batch.Rows = make([]row, 0, len(kept))
	for i := range kept {
		batch.Rows = append(batch.Rows, rowOf(kept[(oldest+len(kept)-1-i)%len(kept)]))
	}
	return batch, any
}
