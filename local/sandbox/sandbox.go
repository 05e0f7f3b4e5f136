package sandbox

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/coditect-ai/license-platform/local/process"
)

// patience is how long Inside may take to answer.
const patience = 10 * time.Second

// backlog is how many connections may wait to be accepted.
const backlog = 512

// Sandbox is a network namespace with a program in it, seen from the daemon. It
// is safe for concurrent use.
type Sandbox struct {
	// Process is Inside, and ends with the program's exit code.
	Process *process.Process
	// Loud says why what nobody listens for is refused at once instead of being
	// dropped; it is empty when it is dropped.
	Loud string

	mu      sync.Mutex // one question at a time
	control *net.UnixConn
}

// Start makes a namespace in which the command waits for Begin. own is the IPv4
// address at which the program itself listens. shim is an executable that runs
// Inside when it is started with Command, "--", and Inside's arguments. The error
// wraps process.ErrRefused where namespaces are refused.
func Start(supervisor *process.Supervisor, shim string, own netip.Addr, c process.Command) (*Sandbox, error) {
	ours, theirs, err := pair()
	if err != nil {
		return nil, fmt.Errorf("make a socket to the sandbox: %w", err)
	}
	c.Args = append([]string{Command, "--", own.String(), c.Path}, c.Args...)
	c.Path, c.Isolated, c.Files = shim, true, []*os.File{theirs}
	started, err := supervisor.Start(c)
	_ = theirs.Close() // the process has its own
	if err != nil {
		_ = ours.Close()
		return nil, err
	}
	s := &Sandbox{Process: started, control: ours}
	word, _, err := s.receive()
	loud, isLoud := strings.CutPrefix(word, saysLoud)
	switch {
	case err != nil:
	case isLoud:
		s.Loud = loud
	case word != saysReady:
		err = fmt.Errorf("%w: %s", process.ErrRefused, word)
	}
	if err != nil {
		s.abandon()
		return nil, fmt.Errorf("start the sandbox of %s: %w", c.Name, err)
	}
	return s, nil
}

// Check says whether this machine can have sandboxes: nil, or why not. loud is
// as in Sandbox.
func Check(supervisor *process.Supervisor, shim string) (loud string, err error) {
	s, err := Start(supervisor, shim, netip.AddrFrom4([4]byte{127, 0, 0, 1}), process.Command{Name: "sandbox-check", Path: shim})
	if err != nil {
		return "", err
	}
	s.abandon()
	return s.Loud, nil
}

// abandon ends the sandbox at once.
func (s *Sandbox) abandon() {
	s.Process.Kill()
	<-s.Process.Done()
	s.Close()
}

func pair() (ours *net.UnixConn, theirs *os.File, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	theirs = os.NewFile(uintptr(ends[1]), "sandbox")
	own := os.NewFile(uintptr(ends[0]), "sandbox")
	defer func() { _ = own.Close() }() // net has a copy
	conn, err := net.FileConn(own)
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return conn.(*net.UnixConn), theirs, nil
}

// Begin starts the program.
func (s *Sandbox) Begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.control.Write([]byte(asksBegin)); err != nil {
		return fmt.Errorf("start the program in the sandbox: %w", err)
	}
	return nil
}

// Close lets the sandbox go; a program that still runs ends. Sockets stay.
func (s *Sandbox) Close() { _ = s.control.Close() }

// socket asks for a socket of the namespace.
func (s *Sandbox) socket(kind string) (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.control.Write([]byte(kind)); err != nil {
		return nil, fmt.Errorf("ask the sandbox for a socket: %w", err)
	}
	word, socket, err := s.receive()
	if err != nil {
		return nil, err
	}
	if socket == nil {
		return nil, fmt.Errorf("the sandbox gives no socket: %s", word)
	}
	return socket, nil
}

func (s *Sandbox) receive() (word string, socket *os.File, err error) {
	if err := s.control.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", nil, err
	}
	text, rights := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(4))
	n, m, _, _, err := s.control.ReadMsgUnix(text, rights)
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("read the sandbox's answer: %w", err)
	case n == 0:
		return "", nil, errors.New("the sandbox has ended")
	case m == 0:
		return string(text[:n]), nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(rights[:m])
	if err != nil || len(messages) != 1 {
		return "", nil, fmt.Errorf("read the sandbox's socket: %w", errors.Join(err, errors.New("one was expected")))
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) != 1 {
		return "", nil, fmt.Errorf("read the sandbox's socket: %w", errors.Join(err, errors.New("one was expected")))
	}
	return string(text[:n]), os.NewFile(uintptr(descriptors[0]), word), nil
}
