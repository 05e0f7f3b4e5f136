// Package connection is about connections before and between their requests.
package connection

import (
	"container/list"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options bound the connections of a Listener.
type Options struct {
	// Idle is how long a connection may stay silent before its first byte.
	Idle time.Duration
	// Most is how many connections are open at once, at least 1. One more takes the
	// place of the one that has been quiet longest, or waits when each has a request.
	Most int
	// Full is called when a quiet connection is closed for a new one; it may be nil.
	Full func()
}

// Listener is a listener whose connections have sent their first byte. Load balancers
// connect ahead of requests, and net/http counts the time for a first header from the
// connection's beginning; so that is the time of a header that has begun.
//
// It bounds how many connections are open, since each takes memory, and load
// balancers keep far more of them than there are requests. Its State has to be the
// server's ConnState.
type Listener struct {
	net.Listener
	options Options

	ready  chan net.Conn
	failed chan error
	closed context.Context
	shut   context.CancelFunc
	group  sync.WaitGroup

	mu    sync.Mutex
	open  int
	quiet list.List     // *conn without a request, the longest quiet one first
	freed chan struct{} // closed and made anew when one ends or becomes quiet
}

// Listen returns a listener for the connections of another one. To close it ends those
// that are silent then.
func Listen(inner net.Listener, options Options) *Listener {
	l := &Listener{Listener: inner, options: options, ready: make(chan net.Conn), failed: make(chan error, 1), freed: make(chan struct{})}
	l.closed, l.shut = context.WithCancel(context.Background())
	l.group.Go(l.accept)
	return l
}

func (l *Listener) accept() {
	for {
		inner, err := l.Listener.Accept()
		if err == nil {
			if !l.makeRoom() {
				_ = inner.Close()
				return
			}
			c := &conn{Conn: inner, of: l}
			l.becomeQuiet(c)
			l.group.Go(func() { l.await(c) })
			continue
		}
		select {
		case l.failed <- err:
		case <-l.closed.Done():
			return
		}
		var passing net.Error
		if !errors.As(err, &passing) || !passing.Timeout() && errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// makeRoom counts one connection more, once there is room for it. It returns false when the
// listener is closed.
func (l *Listener) makeRoom() bool {
	for {
		l.mu.Lock()
		if l.open < l.options.Most {
			l.open++
			l.mu.Unlock()
			return true
		}
		freed, oldest := l.freed, l.quiet.Front()
		l.mu.Unlock()
		if oldest == nil {
			select {
			case <-freed:
			case <-l.closed.Done():
				return false
			}
			continue
		}
		_ = oldest.Value.(*conn).Close()
		if l.options.Full != nil {
			l.options.Full()
		}
	}
}

// await hands the connection on with its first byte.
func (l *Listener) await(c *conn) {
	silent := context.AfterFunc(l.closed, func() { _ = c.Close() })
	first := make([]byte, 1)
	err := c.SetReadDeadline(time.Now().Add(l.options.Idle))
	if err == nil {
		_, err = c.Conn.Read(first)
	}
	if !silent() || err != nil || c.SetReadDeadline(time.Time{}) != nil {
		_ = c.Close()
		return
	}
	l.becomeBusy(c)
	c.first = first
	select {
	case l.ready <- c:
	case <-l.closed.Done():
		_ = c.Close()
	}
}

// State is an http.Server's ConnState: it tells which connections have a request.
func (l *Listener) State(given net.Conn, state http.ConnState) {
	c, ok := given.(*conn)
	switch {
	case !ok:
	case state == http.StateIdle:
		l.becomeQuiet(c)
	case state == http.StateActive:
		l.becomeBusy(c)
	}
}

func (l *Listener) becomeQuiet(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.place == nil && !c.gone {
		c.place = l.quiet.PushBack(c)
		l.free()
	}
}

func (l *Listener) becomeBusy(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(c)
}

// end counts the connection no longer.
func (l *Listener) end(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(c)
	if !c.gone {
		c.gone = true
		l.open--
		l.free()
	}
}

// forget takes the connection out of the quiet ones. l.mu is held.
func (l *Listener) forget(c *conn) {
	if c.place != nil {
		l.quiet.Remove(c.place)
		c.place = nil
	}
}

// free wakes who waits for room. l.mu is held.
func (l *Listener) free() {
	close(l.freed)
	l.freed = make(chan struct{})
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case err := <-l.failed:
		return nil, err
	case <-l.closed.Done():
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *Listener) Close() error {
	l.shut()
	err := l.Listener.Close()
	l.group.Wait()
	return err
}

// conn is a connection of a Listener, whose first byte may have been read already.
type conn struct {
	net.Conn
	of    *Listener
	first []byte

	// of.mu guards the place among the quiet ones, and whether it has ended.
	place *list.Element
	gone  bool
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.first) > 0 && len(p) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.of.end(c)
	return c.Conn.Close()
}

// CloseWrite lets net/http end its side first, so that a client that still sends reads the
// answer.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
