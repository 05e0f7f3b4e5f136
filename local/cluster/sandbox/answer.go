package sandbox

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// answer does what the daemon asks until the daemon is gone.
func (i *inside) answer(begin chan<- struct{}) error {
	var once sync.Once
	message := make([]byte, maxMessage)
	for {
		n, err := unix.Read(controlFile, message)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("read what the daemon asks: %w", err)
		case n == 0:
			return io.EOF
		}
		asked := string(message[:n])
		if asked == asksBegin {
			once.Do(func() { close(begin) })
			continue
		}
		if err := i.sendSocket(asked); err != nil {
			return err
		}
	}
}

// sendSocket sends a socket of the requested kind, or the reason why it cannot.
func (i *inside) sendSocket(kind string) error {
	socket, err := i.open(kind)
	if err != nil {
		return tell(err.Error())
	}
	defer func() { _ = unix.Close(socket) }() // the daemon has its own
	if err := unix.Sendmsg(controlFile, []byte(givesSocket), unix.UnixRights(socket), nil, unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("hand a socket to the daemon: %w", err)
	}
	return nil
}

func (i *inside) open(kind string) (int, error) {
	if move, asked := strings.CutPrefix(kind, asksIntruder); asked {
		return i.intrude(move)
	}
	switch kind {
	case asksStream:
		return unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	case asksPackets:
		return unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	case asksAttempts:
		return watchConnections()
	case asksDatagram:
		return unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_UDP)
	default:
		return 0, fmt.Errorf("a sandbox has no %q", kind)
	}
}

// watchConnections opens a socket that is shown the first packet of every TCP
// connection, and nothing else: with SYN and without ACK (raw(7), RFC 9293).
func watchConnections() (int, error) {
	const (
		flags, syn, ack = 13, 0x02, 0x10
		whole           = 0x40000
	)
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP)
	if err != nil {
		return 0, err
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH, K: 0},                 // X: length of the IP header
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_IND, K: flags},              // A: TCP flags
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: syn | ack},         // A: these two
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jt: 0, Jf: 1}, // SYN alone?
		{Code: unix.BPF_RET | unix.BPF_K, K: whole},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.SetsockoptSockFprog(socket, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program); err != nil {
		_ = unix.Close(socket)
		return 0, fmt.Errorf("watch for connections: %w", err)
	}
	return socket, nil
}
