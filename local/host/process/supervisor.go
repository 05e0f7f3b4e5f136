// Package process runs the embedded cloud's child processes (PostgreSQL, Redis, pods) so
// that they end with the daemon, however it ends.
package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// errClosed is returned by Start once Close was called.
var errClosed = errors.New("the process supervisor is closed")

// Supervisor starts processes and ends them. It is safe for concurrent use.
type Supervisor struct {
	dir     string
	log     *slog.Logger
	starts  chan start
	closing chan struct{}
	ended   chan struct{}

	mu      sync.Mutex
	running map[string]*Process
	closed  bool
}

// start asks the starter's thread to start a command.
type start struct {
	cmd    *exec.Cmd
	result chan error
}

// NewSupervisor keeps its pid files in dir. Processes that an earlier daemon
// left behind (same pid and same start time as recorded there) are killed first.
func NewSupervisor(dir string, log *slog.Logger) (*Supervisor, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of pid files: %w", err)
	}
	if err := killStale(dir, log); err != nil {
		return nil, err
	}
	s := &Supervisor{
		dir: dir, log: log, starts: make(chan start), closing: make(chan struct{}), ended: make(chan struct{}),
		running: map[string]*Process{},
	}
	go s.starter()
	return s, nil
}

// starter starts every process on one operating system thread that lives as
// long as the supervisor: the kernel sends a child its parent-death signal when
// the thread that started it ends, not the whole process (prctl(2),
// PR_SET_PDEATHSIG). Ending the goroutine while locked ends the thread.
func (s *Supervisor) starter() {
	defer close(s.ended)
	runtime.LockOSThread()
	for {
		select {
		case request := <-s.starts:
			request.result <- request.cmd.Start()
		case <-s.closing:
			return
		}
	}
}

// Start runs the command and returns once it is started. The kernel kills the process
// when the daemon dies. A name that runs already is an error.
func (s *Supervisor) Start(c Command) (*Process, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p, err := s.reserve(c)
	if err != nil {
		return nil, err
	}
	if err := s.launch(p); err != nil {
		s.forget(p)
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	go s.watch(p)
	return p, nil
}

// reserve takes the name, so that two starts of it cannot race.
func (s *Supervisor) reserve(c Command) (*Process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if _, taken := s.running[c.Name]; taken {
		return nil, fmt.Errorf("start %s: a process of this name is running", c.Name)
	}
	p := &Process{command: c, pidFile: filepath.Join(s.dir, c.Name+pidSuffix), done: make(chan struct{}), code: stillRunning}
	s.running[c.Name] = p
	return p, nil
}

func (s *Supervisor) launch(p *Process) error {
	out, err := openOutput(p.command.LogPath, s.log)
	if err != nil {
		return err
	}
	p.output = out
	if info, err := os.Stat(p.command.LogPath); err == nil {
		p.logStart = info.Size()
	}
	err = s.spawnSeparated(p, out.end)
	out.started()
	if err != nil {
		out.ended()
		return err
	}
	if err := writePIDFile(p.pidFile, p.cmd.Process.Pid); err != nil {
		p.Kill()
		_ = p.cmd.Wait()
		out.ended()
		return err
	}
	return nil
}

// spawnSeparated starts the process as the user it is meant to have.
func (s *Supervisor) spawnSeparated(p *Process, output *os.File) error {
	p.cmd = p.command.build(output)
	if p.command.Isolated {
		p.command.enterNetwork(p.cmd)
		err := s.spawn(p.cmd)
		if err != nil && refusesNamespaces(err) {
			return fmt.Errorf("%w: %s", ErrRefused, whyRefused(err))
		}
		return err
	}
	if !p.command.separated() {
		return s.spawn(p.cmd)
	}
	p.command.enterNamespace(p.cmd)
	err := s.spawn(p.cmd)
	if err == nil || !refusesNamespaces(err) {
		return err
	}
	s.log.Debug("user namespaces are refused, a user of the machine takes their place", "name", p.command.Name, "error", err)
	program, err := os.Open(p.command.Path)
	if err != nil {
		return err
	}
	defer program.Close()
	p.cmd = p.command.build(output)
	p.command.becomeUser(p.cmd, program)
	return s.spawn(p.cmd)
}

// spawn has the starter's thread start the process.
func (s *Supervisor) spawn(cmd *exec.Cmd) error {
	request := start{cmd: cmd, result: make(chan error, 1)}
	select {
	case s.starts <- request:
		return <-request.result
	case <-s.closing:
		return errClosed
	}
}

// watch reaps the process.
func (s *Supervisor) watch(p *Process) {
	err := p.cmd.Wait()
	p.sweep()
	p.output.ended()
	p.mu.Lock()
	p.code = exitCode(p.cmd.ProcessState)
	p.mu.Unlock()
	s.forget(p)
	if err != nil {
		s.log.Debug("process ended", "name", p.command.Name, "code", p.ExitCode())
	}
	close(p.done)
}

func (s *Supervisor) forget(p *Process) {
	_ = os.Remove(p.pidFile)
	s.mu.Lock()
	delete(s.running, p.command.Name)
	s.mu.Unlock()
}

// Run runs the command to its end. A failure carries the last lines of output.
// When ctx ends first the process is stopped and the error wraps ctx's.
func (s *Supervisor) Run(ctx context.Context, c Command) error {
	if c.LogPath == "" {
		c.LogPath = filepath.Join(s.dir, c.Name+".out")
		defer func() { _ = os.Remove(c.LogPath) }()
	}
	p, err := s.Start(c)
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Stop(context.WithoutCancel(ctx))
		return fmt.Errorf("%s was stopped: %w", c.Name, context.Cause(ctx))
	}
	if code := p.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with code %d: %s", c.Name, code, p.Tail(20))
	}
	return nil
}

// Close stops every process that still runs and ends the supervisor.
func (s *Supervisor) Close() {
	s.mu.Lock()
	already := s.closed
	s.closed = true
	var left []*Process
	for _, p := range s.running {
		left = append(left, p)
	}
	s.mu.Unlock()
	var stops sync.WaitGroup
	for _, p := range left {
		stops.Go(func() { p.Stop(context.Background()) })
	}
	stops.Wait()
	if !already {
		close(s.closing)
	}
	<-s.ended
}
