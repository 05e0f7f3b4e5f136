package monitoring

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// serve opens the address where Google's services export and the inbox is.
func (m *Monitoring) serve(ctx context.Context, group *errgroup.Group) error {
	listener, err := net.Listen("tcp", m.at(googlePort).String())
	if err != nil {
		return fmt.Errorf("open the monitoring's address: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.google.handler())
	mux.Handle("POST "+inboxPath, m.inbox)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the monitoring's address: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	return nil
}

// evaluate compares every log entry with the log-based conditions.
func (m *Monitoring) evaluate(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case entry := <-m.entries:
			m.match(entry)
		}
	}
}

func (m *Monitoring) match(entry map[string]any) {
	m.mu.Lock()
	rules, routing := m.logs, m.routing
	m.mu.Unlock()
	if len(routing.buckets(entry)) == 0 {
		return
	}
	for _, r := range rules {
		if r.filter.Matches(entry) {
			m.matchedEntry(r, entry)
		}
	}
}

// checking makes the declared uptime checks, each checker on its own.
type checking struct {
	monitoring *Monitoring
	ctx        context.Context

	declared []check
	pace     Pace
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

func (m *Monitoring) checking(ctx context.Context) *checking {
	return &checking{monitoring: m, ctx: ctx}
}

// set restarts the loops when checks or pace have changed.
func (c *checking) set(declared []check, pace Pace) {
	if c.cancel != nil && reflect.DeepEqual(declared, c.declared) && pace == c.pace {
		return
	}
	c.stop()
	c.declared, c.pace = declared, pace
	ctx, cancel := context.WithCancel(c.ctx)
	c.cancel = cancel
	// A removed check has no result.
	c.monitoring.google.passed.Reset()
	c.monitoring.google.days.Reset()
	for _, one := range declared {
		for _, from := range one.checkers {
			c.running.Go(func() { c.repeat(ctx, one, from) })
		}
	}
}

func (c *checking) stop() {
	if c.cancel != nil {
		c.cancel()
		c.running.Wait()
	}
}

// repeat asks once a period until ctx ends.
func (c *checking) repeat(ctx context.Context, one check, from checker) {
	ticker := time.NewTicker(c.pace.period(one.period))
	defer ticker.Stop()
	p := prober{edge: c.monitoring.options.Edge, roots: c.monitoring.options.Roots, now: c.monitoring.options.Now}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		found := p.probe(ctx, one, from)
		if ctx.Err() != nil {
			return
		}
		passed := 0.0
		if found.passed {
			passed = 1
		}
		c.monitoring.google.passed.WithLabelValues(one.id, one.host, from.location).Set(passed)
		if found.days >= 0 {
			c.monitoring.google.days.WithLabelValues(one.id, one.host, from.location).Set(found.days)
		}
	}
}
