// Package process runs the embedded cloud's child processes (PostgreSQL, Redis,
// pods) so that none of them outlives the daemon, however it ends.
package process

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"
)

// Command is a program to run.
type Command struct {
	// Name is unique among the running processes of a supervisor and names the
	// pid file: letters, digits, '-', '_' and '.'.
	Name string
	// Path is the executable; Args are what follows it.
	Path string
	Args []string
	// Env is the whole environment; nothing of the daemon's own is added.
	Env []string
	// Dir is the working directory, the root directory when empty.
	Dir string
	// LogPath is the file that standard output and error are appended to; they
	// are discarded when it is empty.
	LogPath string
	// StopSignal asks the process to end; SIGTERM when zero.
	StopSignal syscall.Signal
	// Grace is how long the process has to end before SIGKILL; 10 s when zero.
	Grace time.Duration
	// Unprivileged runs the program as user 1000 of a user namespace of its own
	// when the daemon is root, for programs that refuse to run as root. Files it
	// makes belong to the daemon's user. Without root it changes nothing.
	Unprivileged bool
}

// Supervisor starts processes and ends them. It is safe for concurrent use.
type Supervisor struct{}

// Process is one started program.
type Process struct{}

var errNotBuilt = errors.New("not built yet")

// NewSupervisor keeps its pid files in dir. Processes that an earlier daemon
// left behind (same pid and same start time as recorded there) are killed first.
func NewSupervisor(dir string, log *slog.Logger) (*Supervisor, error) { return nil, errNotBuilt }

// Start runs the command and returns once it is started. The process is killed
// by the kernel when the daemon dies.
func (s *Supervisor) Start(c Command) (*Process, error) { return nil, errNotBuilt }

// Run runs the command to its end. A failure carries the last lines of output.
// When ctx ends first the process is stopped.
func (s *Supervisor) Run(ctx context.Context, c Command) error { return errNotBuilt }

// Close stops every process that still runs and ends the supervisor.
func (s *Supervisor) Close() error { return errNotBuilt }

// PID returns the process id on this machine.
func (p *Process) PID() int { return 0 }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return nil }

// ExitCode is what the program returned, 128 plus the signal's number when a
// signal ended it, and -1 while it runs.
func (p *Process) ExitCode() int { return -1 }

// Stop asks the process to end, kills it after its grace or when ctx ends, and
// returns when it is gone. Stopping what has ended is no error.
func (p *Process) Stop(ctx context.Context) error { return errNotBuilt }

// Kill ends the process at once and returns when it is gone.
func (p *Process) Kill() { _ = p }
