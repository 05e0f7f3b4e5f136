package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Listener listens inside.
type Listener struct {
	net.Listener
	control socket
}

// socket is what has a descriptor.
type socket interface {
	Control(func(descriptor uintptr)) error
}

// Listen listens inside, at any IPv4 address: every one is the namespace's own.
// A shut listener drops the first packet of every connection until it is opened.
func (s *Sandbox) Listen(at netip.AddrPort, shut bool) (*Listener, error) {
	file, err := s.socket(asksStream)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // net has a copy
	descriptor := int(file.Fd())
	err = errors.Join(
		unix.SetsockoptInt(descriptor, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		unix.Bind(descriptor, address(at)),
	)
	if err == nil && shut {
		err = setShut(descriptor, true)
	}
	if err == nil {
		err = unix.Listen(descriptor, backlog)
	}
	if err != nil {
		return nil, fmt.Errorf("listen at %s in the sandbox: %w", at, err)
	}
	inside, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("listen at %s in the sandbox: %w", at, err)
	}
	control, err := inside.(*net.TCPListener).SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen at %s in the sandbox: %w", at, err), inside.Close())
	}
	return &Listener{Listener: inside, control: control}, nil
}

// SetShut makes the kernel drop the first packets of connections, so that who
// dials waits for a timeout, or let them in again. Open connections stay.
func (l *Listener) SetShut(shut bool) error {
	var failed error
	if err := l.control.Control(func(descriptor uintptr) { failed = setShut(int(descriptor), shut) }); err != nil {
		return fmt.Errorf("shut or open a listener: %w", err)
	}
	if failed != nil {
		return fmt.Errorf("shut or open a listener: %w", failed)
	}
	return nil
}

// setShut attaches a filter that takes nothing, or one that takes all (socket(7)).
func setShut(descriptor int, shut bool) error {
	const whole = 0x40000
	filter := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: whole}
	if shut {
		filter.K = 0
	}
	return unix.SetsockoptSockFprog(descriptor, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &filter})
}

// ListenPacket takes UDP packets inside, at any IPv4 address.
func (s *Sandbox) ListenPacket(at netip.AddrPort) (net.PacketConn, error) {
	file, err := s.socket(asksPackets)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // net has a copy
	if err := unix.Bind(int(file.Fd()), address(at)); err != nil {
		return nil, fmt.Errorf("take packets at %s in the sandbox: %w", at, err)
	}
	return net.FilePacketConn(file)
}

func address(at netip.AddrPort) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().Unmap().As4()}
}

// Dial connects inside.
func (s *Sandbox) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	socket, err := s.socket(asksStream)
	if err != nil {
		return nil, err
	}
	defer func() { _ = socket.Close() }() // net has a copy
	if err := connect(ctx, socket, to); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: err}
	}
	return net.FileConn(socket)
}

// connect waits until the socket is connected or ctx ends.
func connect(ctx context.Context, socket *os.File, to netip.AddrPort) error {
	wake := context.AfterFunc(ctx, func() { _ = socket.SetWriteDeadline(time.Unix(1, 0)) })
	defer wake()
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Write(func(descriptor uintptr) bool {
		// Asked again, the kernel tells how it goes (connect(2)).
		failed = unix.Connect(int(descriptor), address(to))
		return failed != unix.EINPROGRESS && failed != unix.EALREADY && failed != unix.EINTR
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case failed != nil && failed != unix.EISCONN:
		return os.NewSyscallError("connect", failed)
	default:
		return nil
	}
}
