package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/coditect-ai/license-platform/app/client"
)

const (
	// commandGrace is how long a command that was told to end may take, unless the
	// user says otherwise, and hastyRelease bounds the release after it: 2 seconds together.
	commandGrace = time.Second
	hastyRelease = 800 * time.Millisecond
	// releaseTime limits the release at the end, so that nobody waits for a dead server.
	releaseTime = 2 * time.Second
)

// hold runs a command while it holds a seat.
func hold(ctx context.Context, s *settings, p process) error {
	config, err := s.online()
	if err != nil {
		return err
	}
	if len(s.arguments) == 0 {
		return errors.New("run needs a command: license run -- COMMAND")
	}
	if _, err := exec.LookPath(s.arguments[0]); err != nil {
		return cannotRun(err)
	}
	if s.grace <= 0 || s.grace > time.Hour {
		return fmt.Errorf("--grace is %s, but has to be more than 0 and an hour at most: --grace 30s", s.grace)
	}
	ours, err := share(ctx, s, config.Fingerprint, p.env)
	if err != nil {
		return err
	}
	defer ours.close()
	var signals <-chan os.Signal
	if p.signals != nil {
		var stopSignals func()
		signals, stopSignals = p.signals()
		defer stopSignals()
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	config.Changed = func(change client.Change) {
		if change.Held {
			fmt.Fprintln(p.err, "license: the seat is back")
			return
		}
		fmt.Fprintln(p.err, "license: the seat is lost:", change.Reason)
		if s.stopWhenLost {
			stop()
		}
	}
	// An interrupt ends the attempt to get a seat; a seat that is held outlives it until the
	// command has ended.
	holding, cancelHolding := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelHolding()
	interrupted := context.AfterFunc(ctx, cancelHolding)
	acquired := make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-signals:
			stop()
			cancelHolding()
		case <-acquired:
		}
	})
	seat, err := client.Hold(holding, config)
	close(acquired)
	waiting.Wait()
	interrupted()
	if err != nil {
		return err
	}
	if seat.InGrace() {
		fmt.Fprintln(p.err, "license: the licence's time is over; its seats are renewed for some time more, and then no longer")
	}
	commandErr := start(running, s.arguments, s.grace, signals, p)
	if !ours.last() {
		// Another command on this device still uses the seat.
		seat.Leave()
		return commandErr
	}
	within := releaseTime
	if ctx.Err() != nil {
		within = hastyRelease
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	if err := seat.Close(closing); err != nil {
		fmt.Fprintln(p.err, "license:", err)
	}
	return commandErr
}

// start runs the command to its end. When ctx ends, the command is told to (SIGTERM), and is
// killed when it has not ended within the grace, or at a second interrupt.
func start(ctx context.Context, arguments []string, grace time.Duration, signals <-chan os.Signal, p process) error {
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Stdin, command.Stdout, command.Stderr = p.in, p.out, p.err
	command.Env = withoutSecrets(os.Environ(), sameVariable)
	command.Cancel = func() error { return tellToEnd(command.Process) }
	command.WaitDelay = grace
	err := command.Start()
	if err == nil {
		if os.Getpid() == 1 {
			defer reap(command.Process.Pid)()
		}
		ended := make(chan struct{})
		go passOn(command.Process, signals, p.again, ended)
		err = command.Wait()
		close(ended)
	}
	var ended *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ended):
		if signal := killedBy(ended); signal != 0 {
			return exitError(128 + signal)
		}
		return exitError(ended.ExitCode())
	case ctx.Err() != nil && command.ProcessState != nil:
		return exitError(128 + int(syscall.SIGTERM))
	}
	return cannotRun(err)
}

// passOn gives the command the signals that are taken for it, and kills it at a second interrupt,
// until it has ended.
func passOn(command *os.Process, signals <-chan os.Signal, again, ended <-chan struct{}) {
	for {
		// It may have ended by itself meanwhile.
		select {
		case one := <-signals:
			_ = command.Signal(one)
		case <-again:
			_ = command.Kill()
			again = nil
		case <-ended:
			return
		}
	}
}

// runError says why a command cannot be run, with the exit code of a shell in that case
// (POSIX.1-2024, Shell & Utilities, 2.8.2).
type runError struct {
	code exitError
	err  error
}

func (e runError) Error() string   { return "cannot run the command: " + e.err.Error() }
func (e runError) Unwrap() []error { return []error{e.code, e.err} }

func cannotRun(err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return runError{127, err}
	}
	return runError{126, err}
}
