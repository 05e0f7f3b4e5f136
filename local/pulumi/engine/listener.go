package engine

import (
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
)

// closing is how long the event stream may take to end after the operation: it
// never ends when the CLI could not open it.
const closing = 2 * time.Second

// listener forwards steps and keeps the errors that the engine reports.
type listener struct {
	watch func(Step)
	warn  func(string) // may be nil
	done  chan struct{}

	mu         sync.Mutex
	complaints []string
}

func (l *listener) listen(stream <-chan events.EngineEvent) {
	defer close(l.done)
	for event := range stream {
		if event.Error != nil {
			continue // a broken event; the operation itself says what counts
		}
		if complaint := complaintOf(event.EngineEvent, "error"); complaint != "" {
			l.mu.Lock()
			l.complaints = append(l.complaints, complaint)
			l.mu.Unlock()
		}
		if warning := complaintOf(event.EngineEvent, "warning"); warning != "" && l.warn != nil {
			l.warn(warning)
		}
		if step, counts := stepOf(event.EngineEvent); counts {
			l.watch(step)
		}
	}
}

// finish waits for the stream's end and returns the errors in their order.
func (l *listener) finish() []string {
	select {
	case <-l.done:
	case <-time.After(closing):
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.complaints
}
