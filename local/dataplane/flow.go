package dataplane

import (
	"io"
	"maps"
	"net"
	"slices"
	"sync"
)

// flow is an open connection: its ends on both sides of the policies, or the one
// that somebody else pipes.
type flow struct {
	want    want
	version uint64 // of the rules that allowed it, or an older one
	ends    []net.Conn
}

// cut ends the connection at once.
func (f *flow) cut() {
	for _, conn := range f.ends {
		reset(conn)
	}
}

// pipe copies both ways until both are at their end. Between two TCP connections
// the kernel does it (splice(2)).
func (f *flow) pipe() {
	one, other := f.ends[0], f.ends[1]
	var back sync.WaitGroup
	back.Go(func() { forward(one, other) })
	forward(other, one)
	back.Wait()
	_ = one.Close()
	_ = other.Close()
}

// forward passes on what comes, and then that nothing more does. A connection
// that breaks breaks on its other side, too.
func forward(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		reset(to)
		reset(from)
		return
	}
	if tcp, ok := to.(*net.TCPConn); ok {
		_ = tcp.CloseWrite() // it may be closed already
	}
}

// entering is a connection of the load balancer.
type entering struct {
	net.Conn
	once  sync.Once
	ended func()
}

// Close ends the connection, and the watch over it.
func (e *entering) Close() error {
	e.once.Do(e.ended)
	return e.Conn.Close()
}

// track lets a change of the policies cut the flow. What was decided before the
// latest change is decided again.
func (d *Dataplane) track(f *flow) {
	d.mu.Lock()
	d.flows[f] = struct{}{}
	d.mu.Unlock()
	if d.live.Err() != nil || (d.version.Load() != f.version && d.deny(f.want) != "") {
		f.cut()
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
