package dataplane

import (
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// flow is an open connection: its ends on both sides of the policies, or the one
// that somebody else pipes.
type flow struct {
	want    want
	version uint64 // of the rules that allowed it, or an older one
	ends    []net.Conn

	mu      sync.Mutex
	over    bool
	times   int           // how often it stalled
	stalled chan struct{} // closed when bytes pass again; nil while they do
}

// stall stops the bytes and leaves the connection open: both sides find out by
// their own timeouts, as they do when packets are dropped.
func (f *flow) stall() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over || f.stalled != nil {
		return
	}
	f.stalled = make(chan struct{})
	f.times++
	for _, conn := range f.ends {
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // wakes who reads; what is closed has no reader
	}
}

// resume lets the bytes pass again.
func (f *flow) resume() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stalled == nil {
		return
	}
	for _, conn := range f.ends {
		_ = conn.SetReadDeadline(time.Time{})
	}
	close(f.stalled)
	f.stalled = nil
}

// cut ends the connection at once.
func (f *flow) cut() {
	f.end()
	for _, conn := range f.ends {
		reset(conn)
	}
}

// end wakes who waits for a flow that stalls.
func (f *flow) end() {
	f.mu.Lock()
	f.over = true
	f.mu.Unlock()
	f.resume()
}

func (f *flow) stalls() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stalled != nil
}

// begun is how often the flow stalled so far.
func (f *flow) begun() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.times
}

// retryAfterStall says whether a read is to be tried again after err, and waits until it
// can be: the flow stalled since it had begun to, that many times.
func (f *flow) retryAfterStall(err error, begun int) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	f.await()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.times > begun && !f.over
}

// await waits while the flow stalls.
func (f *flow) await() {
	f.mu.Lock()
	stalled := f.stalled
	f.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
}

// pipe copies both ways until both are at their end. Between two TCP connections
// the kernel does it (splice(2)).
func (f *flow) pipe() {
	one, other := f.ends[0], f.ends[1]
	var back sync.WaitGroup
	back.Go(func() { f.forward(one, other) })
	f.forward(other, one)
	back.Wait()
	_ = one.Close()
	_ = other.Close()
}

// forward passes on what comes, and then that nothing more does. A connection
// that breaks breaks on its other side, too.
func (f *flow) forward(to, from net.Conn) {
	for {
		begun := f.begun()
		_, err := io.Copy(to, from)
		switch {
		case err == nil:
			if tcp, ok := to.(interface{ CloseWrite() error }); ok {
				_ = tcp.CloseWrite() // it may be closed already
			}
			return
		case !f.retryAfterStall(err, begun):
			reset(to)
			reset(from)
			return
		}
	}
}

// entering is a connection of the load balancer.
type entering struct {
	net.Conn
	flow  *flow
	once  sync.Once
	ended func()
}

// Read reads once the policies let bytes pass.
func (e *entering) Read(p []byte) (int, error) {
	for {
		begun := e.flow.begun()
		n, err := e.Conn.Read(p)
		if n > 0 || !e.flow.retryAfterStall(err, begun) {
			return n, err
		}
	}
}

// Write writes once the policies let bytes pass.
func (e *entering) Write(p []byte) (int, error) {
	e.flow.await()
	return e.Conn.Write(p)
}

// Close ends the connection, and the watch over it.
func (e *entering) Close() error {
	e.once.Do(e.ended)
	e.flow.end()
	return e.Conn.Close()
}

// track lets a change of the policies stall the flow. Decisions from before the latest
// change are made again.
func (d *Dataplane) track(f *flow) {
	d.mu.Lock()
	d.flows[f] = struct{}{}
	d.mu.Unlock()
	switch {
	case d.live.Err() != nil:
		f.cut()
	case d.version.Load() != f.version && d.deny(f.want) != "":
		f.stall()
	}
}

func (d *Dataplane) untrack(f *flow) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.flows, f)
}

func (d *Dataplane) openFlows() []*flow {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.flows))
}
