// Command license takes, keeps, borrows, checks and releases seats of a floating licence,
// for scripts and for support: `license --help` lists its commands and settings.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ctx, interrupt := context.WithCancel(context.Background())
	again := make(chan struct{})
	go interrupts(signals, time.Now, interrupt, func() { close(again) })
	err := run(ctx, os.Args[1:], process{env: os.Getenv, in: os.Stdin, out: os.Stdout, err: os.Stderr, again: again, signals: takeSignals})
	if err == nil {
		return
	}
	// COMMAND has printed its own reason.
	code, cannot := exitError(1), runError{}
	if !errors.As(err, &code) || errors.As(err, &cannot) {
		fmt.Fprintln(os.Stderr, "license:", err)
	}
	os.Exit(int(code))
}

// takeSignals catches the signals that would end this program and are meant for COMMAND. Those
// that this program was started to ignore, as by nohup, stay ignored. SIGPIPE is caught and not
// passed on: when nobody reads any more what this program says, it goes on, because it has a seat
// to release and COMMAND to end.
func takeSignals() (taken <-chan os.Signal, stop func()) {
	signals, closedPipes := make(chan os.Signal, 16), make(chan os.Signal, 1)
	for _, one := range passedOn() {
		if !signal.Ignored(one) {
			signal.Notify(signals, one)
		}
	}
	if !signal.Ignored(syscall.SIGPIPE) {
		signal.Notify(closedPipes, syscall.SIGPIPE)
	}
	return signals, func() {
		signal.Stop(signals)
		signal.Stop(closedPipes)
	}
}
