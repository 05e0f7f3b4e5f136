package dataplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// accept hands every connection on until the listener is closed.
func (d *Dataplane) accept(listener net.Listener, handle func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				d.config.Log.Warn("connections are no longer accepted", "at", listener.Addr().String(), "error", err)
			}
			return
		}
		d.work.Go(func() { handle(conn) })
	}
}

// leave takes a connection out of a sandbox, if that is allowed.
func (d *Dataplane) leave(a *attached, conn net.Conn, to netip.AddrPort) {
	w := d.leaving(a.pod, to)
	if why, _ := d.evaluate(w); why == "" && !d.trials.has(w) {
		a.mu.Lock()
		a.reached[to] = true // one of what was offered, so that there are not many
		a.mu.Unlock()
	}
	d.pass(conn, w, a.pod.IP, d.locate(to).at)
}

// open lets processes of this machine attempt to reach a port of the pod.
func (d *Dataplane) open(a *attached, at netip.AddrPort) error {
	listener, err := net.Listen("tcp", at.String())
	if err != nil {
		return fmt.Errorf("open the pod's port on this machine: %w", err)
	}
	a.mu.Lock()
	a.entries = append(a.entries, listener)
	a.mu.Unlock()
	d.work.Go(func() { d.accept(listener, func(conn net.Conn) { d.enter(a, conn, at) }) })
	return nil
}

// enter takes a connection of this machine into a sandbox, if that is allowed. A
// process that uses a pod's address is that pod.
func (d *Dataplane) enter(a *attached, conn net.Conn, to netip.AddrPort) {
	from := localProcess()
	if source, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		if pod, ok := d.podAt(source.Addr()); ok {
			from = podEnd(pod)
		}
	}
	d.pass(conn, want{from: from, to: podEnd(a.pod), protocol: corev1.ProtocolTCP, port: to.Port()}, netip.Addr{}, to)
}

// pass connects the connection with its destination, or says nothing on it: the
// kernel has opened it before anybody could be asked.
func (d *Dataplane) pass(conn net.Conn, w want, from netip.Addr, to netip.AddrPort) {
	version := d.version.Load()
	if d.deny(w) != "" {
		d.ignore(conn)
		return
	}
	onward, err := d.dial(d.live, from, to)
	if err != nil {
		reset(conn)
		d.config.Log.Info("a connection is allowed, but nothing accepts it", "from", w.from.name, "to", w.to.name, "port", w.port, "error", err)
		return
	}
	f := &flow{want: w, version: version, ends: []net.Conn{conn, onward}}
	d.track(f)
	defer d.untrack(f)
	f.pipe()
}

// ignore keeps a connection without an answer until who dialled gives up.
func (d *Dataplane) ignore(conn net.Conn) {
	stop := context.AfterFunc(d.live, func() { _ = conn.Close() })
	defer stop()
	_, _ = io.Copy(io.Discard, conn) // nobody reads what was denied
	_ = conn.Close()
}

// reset ends a connection as if nothing listened.
func reset(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// DialFrontEnd opens a connection to a pod on behalf of the load balancer; while
// that is denied it waits, at most until ctx ends. It has the signature of
// loadbalancer.Dial.
func (d *Dataplane) DialFrontEnd(ctx context.Context, _, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial a pod: %w", err)
	}
	pod, ok := d.podAt(to.Addr())
	if !ok {
		return nil, fmt.Errorf("dial a pod: no pod has the address %s", to)
	}
	w := want{from: frontEnds(), to: podEnd(pod), protocol: corev1.ProtocolTCP, port: to.Port()}
	version, err := d.admit(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", to, err)
	}
	conn, err := d.dial(ctx, netip.Addr{}, to)
	if err != nil {
		return nil, err
	}
	f := &flow{want: w, version: version, ends: []net.Conn{conn}}
	d.track(f)
	return &entering{Conn: conn, flow: f, ended: func() { d.untrack(f) }}, nil
}

// again is how long TCP waits before it sends a first packet that got no answer
// once more (RFC 6298).
const again = time.Second

// admit returns once the policies allow it, with the version of the rules.
func (d *Dataplane) admit(ctx context.Context, w want) (version uint64, err error) {
	for {
		version := d.version.Load()
		why := d.deny(w)
		if why == "" {
			return version, nil
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return 0, fmt.Errorf("%w: %s: %w", errDenied, why, context.Cause(ctx))
		case <-d.live.Done():
			return 0, fmt.Errorf("%w: %s", errDenied, why)
		}
	}
}

// Probe opens a connection to a pod on behalf of the kubelet: no policy keeps
// out what comes from the node
// (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
func (d *Dataplane) Probe(ctx context.Context, network, address string) (net.Conn, error) {
	if to, err := netip.ParseAddrPort(address); err == nil {
		return d.dial(ctx, netip.Addr{}, to)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}
