package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Inside sets up the network of the namespace that this process was started in,
// waits for the daemon's word, runs the program and returns its exit code: 128
// plus the signal's number when a signal ended it. arguments are the namespace's
// own address, and the program's absolute path with its arguments. The program
// has no capability and cannot gain any. When the daemon is gone, so is the
// program.
func Inside(arguments []string) (code int, err error) {
	// The kernel ends the program when the thread that started it ends, and what
	// this thread gives up the program never has.
	runtime.LockOSThread()
	syscall.CloseOnExec(controlFile)
	own, program, err := read(arguments)
	if err != nil {
		return 1, err
	}
	loud, err := raise(own)
	if err != nil {
		return 1, errors.Join(err, tell(saysRefused(err)))
	}
	ready := saysReady
	if loud != nil {
		ready = saysLoud + loud.Error()
	}
	if err := tell(ready); err != nil {
		return 1, err
	}
	begin, lost := make(chan struct{}), make(chan error, 1)
	go func() { lost <- answer(begin) }()
	select {
	case <-begin:
	case <-lost:
		return 0, nil // nobody wants the program any more
	}
	return run(program, lost)
}

func read(arguments []string) (own netip.Addr, program []string, err error) {
	if len(arguments) < 2 {
		return netip.Addr{}, nil, errors.New("a sandbox needs its own address and a program")
	}
	own, err = netip.ParseAddr(arguments[0])
	if err == nil && !own.Is4() {
		err = errors.New("it is not an IPv4 address")
	}
	if err != nil {
		return netip.Addr{}, nil, fmt.Errorf("read the sandbox's own address %q: %w", arguments[0], err)
	}
	return own, arguments[1:], nil
}

func saysRefused(err error) string { return "the network cannot be set up: " + err.Error() }

func tell(word string) error {
	if err := unix.Sendmsg(controlFile, []byte(word), nil, nil, unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("tell the daemon: %w", err)
	}
	return nil
}

// run starts the program and stays until it has ended.
func run(program []string, lost <-chan error) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	if err := giveUpCapabilities(); err != nil {
		return 1, err
	}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	command := exec.CommandContext(ctx, program[0], program[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return 1, fmt.Errorf("start the pod's program: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case asked := <-signals:
				_ = command.Process.Signal(asked) // it may have ended already
			case <-lost:
				end()
				return
			case <-ended:
				return
			}
		}
	}()
	err := command.Wait()
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

// giveUpCapabilities makes what this thread starts a program without any
// capability that cannot gain one (prctl(2)).
func giveUpCapabilities() error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("give up the ambient capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	return nil
}
