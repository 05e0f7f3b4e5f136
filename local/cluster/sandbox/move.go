package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Move is something that an intruder tries on the machine. The kinds are the
// constants below; On is what it is tried on.
type Move struct {
	Kind string `json:"kind"`
	On   string `json:"on,omitempty"`
}

// The kinds of moves.
const (
	Reads     = "read"    // a file, by its path
	Writes    = "write"   // a new file, by its path
	Changes   = "change"  // a file that is there, by its path; nothing is written
	Connects  = "connect" // to a Unix socket, by its path, or by its name after "@" when it is an abstract one
	Signals   = "signal"  // a process, by its id, with signal 0, which only asks whether it could
	Sees      = "see"     // a process in /proc, by a part of its command line
	Attaches  = "attach"  // a System V shared memory segment, by its key
	Dials     = "dial"    // a TCP port of this machine, by its address
	Opens     = "open"    // a socket, by the number of its family, and "raw" after it for raw packets
	Calls     = "call"    // a system call that no namespace divides, by its name
	Unshares  = "unshare" // a user namespace of its own, in which it would be root
	Privately = "private" // whether it knows a machine of another name than On
)

// dialTimeout bounds how long a port of this machine may take to answer.
const dialTimeout = time.Second

// Result is what came of a move: Refused by the kernel, with its error's name, for
// example ENOENT, or it Got what it wanted.
type Result struct {
	Refused string `json:"refused,omitempty"`
	Got     string `json:"got,omitempty"`
}

// Do makes the move as this thread.
func (m Move) Do() Result {
	got, err := m.do()
	if err == nil {
		return Result{Got: got}
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		return Result{Refused: unix.ErrnoName(number)}
	}
	return Result{Refused: err.Error()}
}

func (m Move) do() (got string, err error) {
	switch m.Kind {
	case Reads:
		file, err := os.Open(m.On)
		if err != nil {
			return "", err
		}
		return m.On + " can be read", file.Close()
	case Writes:
		file, err := os.OpenFile(m.On, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return "", err
		}
		return m.On + " can be written", errors.Join(file.Close(), os.Remove(m.On))
	case Changes:
		file, err := os.OpenFile(m.On, os.O_WRONLY, 0)
		if err != nil {
			return "", err
		}
		return m.On + " can be changed", file.Close()
	case Connects:
		return m.connect()
	case Dials:
		conn, err := net.DialTimeout("tcp", m.On, dialTimeout)
		if err != nil {
			return "", err
		}
		return m.On + " takes connections", conn.Close()
	case Calls:
		return "the kernel does " + m.On, call(m.On)
	case Signals:
		id, err := strconv.Atoi(m.On)
		if err != nil {
			return "", err
		}
		return "process " + m.On + " takes signals", unix.Kill(id, 0)
	case Sees:
		return m.see()
	case Attaches:
		key, err := strconv.Atoi(m.On)
		if err != nil {
			return "", err
		}
		id, err := unix.SysvShmGet(key, 0, 0)
		return fmt.Sprintf("shared memory %d is there", id), err
	case Opens:
		text, raw := strings.CutSuffix(m.On, " raw")
		family, err := strconv.Atoi(text)
		if err != nil {
			return "", err
		}
		kind, protocol := unix.SOCK_STREAM, 0
		if raw {
			kind, protocol = unix.SOCK_RAW, unix.IPPROTO_ICMP
		}
		socket, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			return "", err
		}
		return "a socket of family " + m.On + " is open", unix.Close(socket)
	case Unshares:
		return m.unshare()
	case Privately:
		name, err := os.Hostname()
		if err == nil && name != m.On {
			return "", fmt.Errorf("the machine is called %s", name)
		}
		return "the machine is called " + name, err
	default:
		return "", fmt.Errorf("there is no move %q", m.Kind)
	}
}

// unshare starts a process in a user namespace of its own. There is no program of this
// name: when the kernel looks for it, the namespace has been created.
func (m Move) unshare() (got string, err error) {
	command := exec.Command("/nobody-has-this-program")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}
	if err := command.Start(); !errors.Is(err, unix.ENOENT) {
		return "", err
	}
	return "it is root in a namespace of its own", nil
}

// longestSocket is how long the name of a Unix socket can be (unix(7): 108 bytes with a zero
// at the end). One in a folder with a longer path is named by the open folder.
const longestSocket = 107

func (m Move) connect() (got string, err error) {
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(socket) }() // nothing was said on it
	name := m.On
	if len(name) > longestSocket {
		folder, err := os.Open(filepath.Dir(name))
		if err != nil {
			return "", err
		}
		defer folder.Close()
		name = fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(name))
	}
	if err := unix.Connect(socket, &unix.SockaddrUnix{Name: name}); err != nil {
		return "", err
	}
	return m.On + " takes connections", nil
}

// see looks for a process other than this one.
func (m Move) see() (got string, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return "", err
	}
	self, err := os.Readlink("/proc/self")
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue // no process
		}
		line, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		if err == nil && entry.Name() != self && strings.Contains(strings.ReplaceAll(string(line), "\x00", " "), m.On) {
			return "process " + entry.Name() + " is seen", nil
		}
	}
	return "", unix.ESRCH
}
