package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/coditect-ai/license-platform/local/host/process"
)

// answerTimeout is how long Inside may take to answer.
const answerTimeout = 20 * time.Second

// backlog is how many connections may wait to be accepted.
const backlog = 512

// Sandbox is a network namespace with a program in it, seen from the daemon. It
// is safe for concurrent use.
type Sandbox struct {
	// Process is Inside, and ends with the program's exit code.
	Process *process.Process
	// NoDrop says why packets to addresses at which nothing listens are refused at once
	// instead of dropped; it is empty when they are dropped.
	NoDrop string

	mu      sync.Mutex // one question at a time
	control *net.UnixConn
}

// Start makes a namespace in which the command waits for Begin. own is the IPv4
// address at which the program itself listens; where the daemon is root, a program with a
// Root runs as a user of this machine that no other process has. shim is an executable that runs
// Inside when it is started with Command, "--", and Inside's arguments. The error
// wraps process.ErrRefused where namespaces are refused.
func Start(supervisor *process.Supervisor, shim string, own netip.Addr, c process.Command) (*Sandbox, error) {
	ours, theirs, err := pair()
	if err != nil {
		return nil, fmt.Errorf("make a socket to the sandbox: %w", err)
	}
	c, err = wrap(c, shim, own)
	if err != nil {
		return nil, errors.Join(err, ours.Close(), theirs.Close())
	}
	c.Files = []*os.File{theirs}
	started, err := supervisor.Start(c)
	_ = theirs.Close() // the process has its own
	if err != nil {
		_ = ours.Close()
		return nil, err
	}
	s := &Sandbox{Process: started, control: ours}
	word, _, err := s.receive()
	noDrop, isNoDrop := strings.CutPrefix(word, saysNoDrop)
	switch {
	case err != nil:
	case isNoDrop:
		s.NoDrop = noDrop
	case word != saysReady:
		err = fmt.Errorf("%w: %s", process.ErrRefused, word)
	}
	if err != nil {
		s.abandon()
		return nil, fmt.Errorf("start the sandbox of %s: %w", c.Name, err)
	}
	return s, nil
}

// wrap makes the command that runs in the network namespace and starts the other one.
func wrap(c process.Command, shim string, own netip.Addr) (process.Command, error) {
	program := append([]string{seen(c.Root, c.Path)}, c.Args...)
	text, err := json.Marshal(setup{
		Own: own, Program: program, Dir: seen(c.Root, cmp.Or(c.Dir, "/")), User: cmp.Or(c.UserID, process.DefaultUserID),
		Root: c.Root, Files: c.RootFiles, Hostname: c.Hostname,
	})
	if err != nil {
		return process.Command{}, fmt.Errorf("write the sandbox's setup: %w", err)
	}
	environment := make([]string, len(c.Env))
	for i, variable := range c.Env {
		name, value, _ := strings.Cut(variable, "=")
		environment[i] = name + "=" + seen(c.Root, value)
	}
	c.Path, c.Args, c.Env, c.Dir = shim, []string{Command, "--", stands, string(text)}, environment, "/"
	c.Isolated = true
	if c.Root != "" { // else it may need files that are for the daemon's user only
		c.HostID = hostID(own)
	}
	return c, nil
}

// hostID is a number that container runtimes give to the users of containers, and
// that follows from the address, of which every pod of the machine has its own
// (https://systemd.io/UIDS-GIDS/, "container UIDs": 524288 to 1879048191).
func hostID(own netip.Addr) int {
	const first = 1_600_000_000
	bytes := own.As4()
	return first + int(bytes[1])<<16 + int(bytes[2])<<8 + int(bytes[3])
}

// Check returns nil when this machine can have sandboxes, else why not. It starts a
// sandbox with a program that does not exist. noDrop is as in Sandbox.
func Check(supervisor *process.Supervisor, shim string) (noDrop string, err error) {
	dir, err := os.MkdirTemp("", "license-platform-sandbox-")
	if err != nil {
		return "", fmt.Errorf("check whether this machine can have sandboxes: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // empty, but for the log
	image := filepath.Join(dir, "image")
	if err := prepareAt(image); err != nil {
		return "", err
	}
	s, err := Start(supervisor, shim, netip.AddrFrom4([4]byte{127, 0, 0, 1}), process.Command{
		Name: "sandbox-check", Path: filepath.Join(image, noProgram), Root: image, LogPath: filepath.Join(dir, "log"),
	})
	if err != nil {
		return "", err
	}
	defer s.abandon()
	if err := s.Begin(); err != nil {
		return "", err
	}
	select {
	case <-s.Process.Done():
	case <-time.After(answerTimeout):
		return "", fmt.Errorf("%w: a sandbox does not begin within %v", process.ErrRefused, answerTimeout)
	}
	if said := s.Process.Tail(1); !strings.Contains(said, missing(noProgram)) {
		return "", fmt.Errorf("%w: %s", process.ErrRefused, said)
	}
	return s.NoDrop, nil
}

// noProgram is the name of a program that no image has.
const noProgram = "/nobody"

func prepareAt(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("make an image: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("make an image: %w", err)
	}
	return errors.Join(Prepare(root), root.Close())
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

// socket requests a socket of the namespace.
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
	if err := s.control.SetReadDeadline(time.Now().Add(answerTimeout)); err != nil {
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
