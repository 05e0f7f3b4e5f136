package process

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stillRunning is the exit code of what has none yet.
const stillRunning = -1

// tailBytes bounds what Tail reads.
const tailBytes = 16 << 10

// Process is one started program.
type Process struct {
	command  Command
	pidFile  string
	logStart int64
	output   *output
	cmd      *exec.Cmd
	done     chan struct{}

	mu   sync.Mutex
	code int
}

// PID returns the process id on this machine.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode is what the program returned, 128 plus the signal's number when a
// signal ended it, and -1 while it runs.
func (p *Process) ExitCode() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code
}

// Stop asks the process to end, kills it after its grace or when ctx ends, and returns
// when it is gone. Stopping a process that has ended is not an error.
func (p *Process) Stop(ctx context.Context) {
	signal, grace := p.command.StopSignal, p.command.Grace
	if signal == 0 {
		signal = syscall.SIGTERM
	}
	if grace == 0 {
		grace = defaultGrace
	}
	_ = p.cmd.Process.Signal(signal)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	p.Kill()
	<-p.done
}

// Kill ends the process and its children at once, without waiting.
func (p *Process) Kill() {
	select {
	case <-p.done: // its id may belong to somebody else by now
	default:
		_ = p.cmd.Process.Kill()
		p.sweep()
	}
}

// Signal sends a signal to the process; sending to what has ended does nothing.
func (p *Process) Signal(signal syscall.Signal) { _ = p.cmd.Process.Signal(signal) }

// sweep kills the rest of the process group.
func (p *Process) sweep() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// Tail returns the last lines that this process wrote to its log, at most 16 KiB.
func (p *Process) Tail(lines int) string {
	if p.command.LogPath == "" {
		return ""
	}
	file, err := os.Open(p.command.LogPath)
	if err != nil {
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	began := p.logStart
	if began > info.Size() {
		began = 0 // the file has been set aside since
	}
	from := max(began, info.Size()-tailBytes)
	content, err := io.ReadAll(io.NewSectionReader(file, from, info.Size()-from))
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func exitCode(state *os.ProcessState) int {
	status, ok := state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
