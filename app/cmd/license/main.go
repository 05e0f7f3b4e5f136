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
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], world{env: os.Getenv, in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	var ended exitError
	switch {
	case errors.As(err, &ended):
		os.Exit(int(ended))
	case err != nil:
		fmt.Fprintln(os.Stderr, "license:", err)
		os.Exit(1)
	}
}
