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
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ctx, interrupt := context.WithCancel(context.Background())
	again := make(chan struct{})
	go func() {
		<-signals
		interrupt()
		<-signals
		close(again)
	}()
	err := run(ctx, os.Args[1:], world{env: os.Getenv, in: os.Stdin, out: os.Stdout, err: os.Stderr, again: again})
	var ended exitError
	switch {
	case errors.As(err, &ended):
		os.Exit(int(ended))
	case err != nil:
		fmt.Fprintln(os.Stderr, "license:", err)
		os.Exit(1)
	}
}
