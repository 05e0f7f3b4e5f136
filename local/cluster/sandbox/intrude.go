package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// maxResult bounds what an intruder tells, in bytes.
const maxResult = 64 << 10

// Intrude does something as if it were the sandbox's program, like an intruder who has taken
// the program over: in its namespaces, as its user, with its privileges. The program has to
// run.
func (s *Sandbox) Intrude(ctx context.Context, move Move) (Result, error) {
	text, err := json.Marshal(move)
	if err != nil {
		return Result{}, fmt.Errorf("tell an intruder what to do: %w", err)
	}
	answer, err := s.socket(asksIntruder + string(text))
	if err != nil {
		return Result{}, err
	}
	defer answer.Close()
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	wake := context.AfterFunc(ctx, func() { _ = answer.SetReadDeadline(time.Unix(1, 0)) })
	defer wake()
	said, err := io.ReadAll(io.LimitReader(answer, maxResult))
	if err != nil {
		return Result{}, fmt.Errorf("hear an intruder: %w", errors.Join(context.Cause(ctx), err))
	}
	var result Result
	if err := json.Unmarshal(said, &result); err != nil {
		return Result{}, fmt.Errorf("the intruder came to nothing: %w: %s", err, said)
	}
	return result, nil
}

// namespaces of the program that an intruder joins in addition to the process namespace,
// as its descriptors 3, 4, …
var namespaces = [...]string{"uts", "ipc", "mnt"}

// intrude starts an intruder and returns a pipe that its result comes from.
func (i *inside) intrude(text string) (int, error) {
	program := i.program.Load()
	if program == 0 {
		return 0, errors.New("the pod's program does not run, so nothing can run in its place")
	}
	s := i.setup
	if err := json.Unmarshal([]byte(text), &s.Move); err != nil {
		return 0, fmt.Errorf("read what an intruder is to do: %w", err)
	}
	command, err := part(intrudes, s)
	if err != nil {
		return 0, err
	}
	// The kernel would end it at once: nobody in its process namespace has started it
	// (exec_linux.go of package syscall). It ends with the pod's program.
	command.SysProcAttr = nil
	of := "/proc/" + strconv.FormatInt(program, 10) + "/ns/"
	for _, name := range namespaces {
		file, err := os.Open(of + name)
		if err != nil {
			return 0, fmt.Errorf("find the namespaces of the pod's program: %w", err)
		}
		defer file.Close()
		command.ExtraFiles = append(command.ExtraFiles, file)
	}
	processes, err := os.Open(of + "pid")
	if err != nil {
		return 0, fmt.Errorf("find the namespaces of the pod's program: %w", err)
	}
	defer processes.Close()
	answer, says, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("make a pipe for an intruder: %w", err)
	}
	defer answer.Close() // a copy is given
	defer says.Close()
	command.Stdout, command.Stderr = says, says
	if err := startAmong(command, processes); err != nil {
		return 0, fmt.Errorf("start an intruder: %w", err)
	}
	given, err := unix.FcntlInt(answer.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("make a pipe for an intruder: %w", err)
	}
	return given, unix.SetNonblock(given, true) // so that its reader can set a deadline
}

// startAmong starts the command as a process of a namespace, and makes sure that it ends.
// The thread that starts it has to join the namespace first, and cannot be used for
// anything else then: it ends with the goroutine that is locked to it.
func startAmong(command *exec.Cmd, processes *os.File) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Setns(int(processes.Fd()), unix.CLONE_NEWPID)
		if err == nil {
			err = command.Start()
		}
		started <- err
		if err != nil {
			return
		}
		answerTimeout := time.AfterFunc(answerTimeout, func() { _ = command.Process.Kill() })
		defer answerTimeout.Stop()
		_ = command.Wait() // what it has said tells how it went
	}()
	return <-started
}

// intrudeAs joins the namespaces of the pod's program, becomes its user, makes the
// move and prints what came of it.
func intrudeAs(s setup) error {
	// No process in the pod may trace this process, which has more rights.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("hide the intruder: %w", err)
	}
	// Only a thread that shares its file system with no other can change it.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("join the pod's program: %w", err)
	}
	for i, name := range namespaces {
		if err := unix.Setns(3+i, 0); err != nil {
			return fmt.Errorf("join the %s namespace of the pod's program: %w", name, err)
		}
		if err := unix.Close(3 + i); err != nil {
			return fmt.Errorf("join the %s namespace of the pod's program: %w", name, err)
		}
	}
	if err := limitProgram(); err != nil {
		return err
	}
	if err := dropPrivileges(s.User); err != nil {
		return err
	}
	text, err := json.Marshal(s.Move.Do())
	if err != nil {
		return fmt.Errorf("report an intruder's result: %w", err)
	}
	_, err = os.Stdout.Write(text)
	return err
}
