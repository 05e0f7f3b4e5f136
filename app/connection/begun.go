// Package connection is about connections before their first request.
package connection

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// begun is a listener whose connections have sent their first byte. Load balancers connect
// ahead of requests, and net/http counts the time for a first header from the connection's
// beginning; so that is the time of a header that has begun.
type begun struct {
	net.Listener
	// idle is how long a connection may stay silent.
	idle time.Duration

	ready  chan net.Conn
	failed chan error
	closed context.Context
	shut   context.CancelFunc
	group  sync.WaitGroup
}

// Begun returns a listener for connections that have sent their first byte within idle. To
// close it ends those that are silent then.
func Begun(inner net.Listener, idle time.Duration) net.Listener {
	b := &begun{Listener: inner, idle: idle, ready: make(chan net.Conn), failed: make(chan error, 1)}
	b.closed, b.shut = context.WithCancel(context.Background())
	b.group.Go(b.accept)
	return b
}

func (b *begun) accept() {
	for {
		conn, err := b.Listener.Accept()
		if err == nil {
			b.group.Go(func() { b.await(conn) })
			continue
		}
		select {
		case b.failed <- err:
		case <-b.closed.Done():
			return
		}
		var passing net.Error
		if !errors.As(err, &passing) || !passing.Timeout() && errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// await hands the connection on with its first byte.
func (b *begun) await(conn net.Conn) {
	silent := context.AfterFunc(b.closed, func() { _ = conn.Close() })
	first := make([]byte, 1)
	err := conn.SetReadDeadline(time.Now().Add(b.idle))
	if err == nil {
		_, err = conn.Read(first)
	}
	if !silent() || err != nil || conn.SetReadDeadline(time.Time{}) != nil {
		_ = conn.Close()
		return
	}
	select {
	case b.ready <- &begunConn{Conn: conn, first: first}:
	case <-b.closed.Done():
		_ = conn.Close()
	}
}

// Accept implements net.Listener.
func (b *begun) Accept() (net.Conn, error) {
	select {
	case conn := <-b.ready:
		return conn, nil
	case err := <-b.failed:
		return nil, err
	case <-b.closed.Done():
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (b *begun) Close() error {
	b.shut()
	err := b.Listener.Close()
	b.group.Wait()
	return err
}

// begunConn is a connection whose first byte was read already.
type begunConn struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (c *begunConn) Read(p []byte) (int, error) {
	if len(c.first) > 0 && len(p) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite lets net/http end its side first, so that a client that still sends reads the
// answer.
func (c *begunConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
