package loadbalancer

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/coditect-ai/license-platform/emulator/watch"
	"github.com/coditect-ai/license-platform/local/host/logfile"
)

// recorder keeps the latest requests in memory and writes the sampled ones to a
// file.
type recorder struct {
	logger *slog.Logger
	keep   int

	mu     sync.Mutex
	latest []LogEntry // a ring, once full
	oldest int
	file   *logfile.File // nil: no file
	// watchers are called for every request.
	watchers watch.List[LogEntry]
}

func newRecorder(o Options) (*recorder, error) {
	r := &recorder{logger: o.Logger, keep: o.Keep}
	if r.keep <= 0 {
		r.keep = 500
	}
	if o.LogFile == "" {
		return r, nil
	}
	file, err := logfile.Open(o.LogFile)
	if err != nil {
		return nil, fmt.Errorf("open the request log: %w", err)
	}
	r.file = file
	return r, nil
}

func (r *recorder) add(e LogEntry, sampled bool) {
	line, err := json.Marshal(e)
	defer r.watchers.Tell(e)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.latest) < r.keep {
		r.latest = append(r.latest, e)
	} else {
		r.latest[r.oldest] = e
		r.oldest = (r.oldest + 1) % r.keep
	}
	if !sampled || r.file == nil {
		return
	}
	if err == nil {
		_, err = r.file.Write(append(line, '\n'))
	}
	if err != nil {
		r.logger.Error("a request is missing in the log", "why", err)
	}
}

func (r *recorder) recent() []LogEntry {
	r.mu.Lock()
	defer r.mu.Unlock()
	ordered := slices.Concat(r.latest[r.oldest:], r.latest[:r.oldest])
	slices.Reverse(ordered)
	return ordered
}

func (r *recorder) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	if err != nil {
		return fmt.Errorf("close the request log: %w", err)
	}
	return nil
}
