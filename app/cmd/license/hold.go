package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/coditect-ai/license-platform/app/client"
)

const (
	// patienceWithCommand is how long a command that was told to end may take.
	patienceWithCommand = 10 * time.Second
	// releaseTime bounds the release at the end, so that nobody waits for a dead server.
	releaseTime = 2 * time.Second
)

// hold runs a command while it holds a seat.
func hold(ctx context.Context, s *settings, w world) error {
	config, err := s.online()
	if err != nil {
		return err
	}
	if len(s.arguments) == 0 {
		return errors.New("run needs a command: license run -- COMMAND")
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	config.Changed = func(change client.Change) {
		if change.Held {
			fmt.Fprintln(w.err, "license: the seat is back")
			return
		}
		fmt.Fprintln(w.err, "license: the seat is lost:", change.Reason)
		if s.stopWhenLost {
			stop()
		}
	}
	// An interrupt ends the attempt to get a seat; a seat that is held outlives it until the
	// command has ended.
	holding, cancelHolding := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelHolding()
	interrupted := context.AfterFunc(ctx, cancelHolding)
	seat, err := client.Hold(holding, config)
	interrupted()
	if err != nil {
		return err
	}
	if seat.InGrace() {
		fmt.Fprintln(w.err, "license: the licence's time is over; its seats are renewed for some time more, and then no longer")
	}
	commandErr := start(running, s.arguments, w)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	if err := seat.Close(closing); err != nil {
		fmt.Fprintln(w.err, "license:", err)
	}
	return commandErr
}

// start runs the command to its end. When ctx ends, the command is told to (SIGTERM), and is
// killed when it has not ended some seconds later.
func start(ctx context.Context, arguments []string, w world) error {
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Stdin, command.Stdout, command.Stderr = w.in, w.out, w.err
	command.Env = withoutToken(os.Environ())
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = patienceWithCommand
	err := command.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ended):
		if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return exitError(128 + int(status.Signal()))
		}
		return exitError(ended.ExitCode())
	case ctx.Err() != nil && command.ProcessState != nil:
		return exitError(128 + int(syscall.SIGTERM))
	}
	return fmt.Errorf("cannot run the command: %w", err)
}
