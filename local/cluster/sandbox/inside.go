package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// setup is what Inside has to know.
type setup struct {
	// Own is the namespace's own IPv4 address.
	Own netip.Addr `json:"own"`
	// Program is the pod's program with its arguments; its path and Dir are paths inside
	// the pod.
	Program []string `json:"program"`
	Dir     string   `json:"dir"`
	// User is the user and group that the program has.
	User int `json:"user"`
	// Root, Files and Hostname are as in process.Command.
	Root     string            `json:"root,omitempty"`
	Files    map[string]string `json:"files,omitempty"`
	Hostname string            `json:"hostname,omitempty"`
	// Move is what an intruder does in the program's place.
	Move Move `json:"move,omitzero"`
}

// The parts of Inside, each a process of its own.
const (
	stands   = "stand"   // in the network, for the daemon
	enters   = "enter"   // the other namespaces, and becomes the pod's program
	intrudes = "intrude" // joins those of the pod's program
)

// inside is the process in the network namespace.
type inside struct {
	setup   setup
	program atomic.Int64 // the process id of the pod's program, 0 while it does not run
}

// Inside sets up the network of the namespace that this process was started in, waits for
// the daemon's word, runs the program in further namespaces and returns its exit code:
// 128 plus the signal's number when a signal ended it. arguments are the ones that Start
// makes. The program has no capability and cannot gain any. When the daemon is gone, so
// is the program.
func Inside(arguments []string) (code int, err error) {
	// The kernel ends the program when the thread that started it ends, and what
	// this thread gives up the program never has.
	runtime.LockOSThread()
	if len(arguments) != 2 {
		return 1, errors.New("a sandbox needs the name of its part, and its setup")
	}
	var s setup
	if err := json.Unmarshal([]byte(arguments[1]), &s); err != nil {
		return 1, fmt.Errorf("read the sandbox's setup: %w", err)
	}
	switch {
	case !s.Own.Is4():
		return 1, fmt.Errorf("the sandbox's own address %s is not an IPv4 address", s.Own)
	case len(s.Program) == 0:
		return 1, errors.New("a sandbox needs a program")
	}
	switch arguments[0] {
	case stands:
		return (&inside{setup: s}).stand()
	case enters:
		return 1, enter(s)
	case intrudes:
		return 0, intrudeAs(s)
	default:
		return 1, fmt.Errorf("a sandbox has no part %q", arguments[0])
	}
}

func (i *inside) stand() (code int, err error) {
	syscall.CloseOnExec(controlFile)
	noDrop, err := setUpNetwork(i.setup.Own)
	if err != nil {
		return 1, errors.Join(err, tell(saysRefused(err)))
	}
	ready := saysReady
	if noDrop != nil {
		ready = saysNoDrop + noDrop.Error()
	}
	if err := tell(ready); err != nil {
		return 1, err
	}
	begin, lost := make(chan struct{}), make(chan error, 1)
	go func() { lost <- i.answer(begin) }()
	select {
	case <-begin:
	case <-lost:
		return 0, nil // the daemon is gone, so nobody needs the program
	}
	return i.run(lost)
}

func saysRefused(err error) string { return "the network cannot be set up: " + err.Error() }

func tell(word string) error {
	if err := unix.Sendmsg(controlFile, []byte(word), nil, nil, unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("tell the daemon: %w", err)
	}
	return nil
}

// part is this program again, as another part of Inside. It ends with this one.
func part(name string, s setup) (*exec.Cmd, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the sandbox's setup: %w", err)
	}
	command := exec.Command("/proc/self/exe", Command, "--", name, string(text))
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return command, nil
}

// run starts the program and stays until it has ended.
func (i *inside) run(lost <-chan error) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	alive, ours, err := os.Pipe()
	if err != nil {
		return 1, fmt.Errorf("start the pod's program: %w", err)
	}
	defer ours.Close() // until the end: that is how the program's side knows
	command, err := part(enters, i.setup)
	if err != nil {
		return 1, err
	}
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.ExtraFiles = []*os.File{alive}
	command.SysProcAttr.Cloneflags = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	err = command.Start()
	_ = alive.Close() // the program's side has its own
	if err != nil {
		return 1, fmt.Errorf("start the pod's program: %w", err)
	}
	i.program.Store(int64(command.Process.Pid))
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case asked := <-signals:
				_ = command.Process.Signal(asked) // it may have ended already
			case <-lost:
				_ = command.Process.Kill()
				return
			case <-ended:
				return
			}
		}
	}()
	err = command.Wait()
	i.program.Store(0)
	close(ended)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, fmt.Errorf("wait for the pod's program: %w", err)
	}
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return command.ProcessState.ExitCode(), nil
}
