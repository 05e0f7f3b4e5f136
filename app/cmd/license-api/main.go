// Command license-api is the licence service: `license-api --help` lists its
// commands and settings.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/caarlos0/env/v11"

	"github.com/coditect-ai/license-platform/app/server"
)

// garbagePercent: the service keeps a few MiB alive and makes some KiB of garbage with
// each request. Waiting for four times what is alive saves a tenth of a heartbeat's time;
// near the pod's memory Go collects as often as it takes.
const garbagePercent = 400

func main() {
	debug.SetGCPercent(garbagePercent)
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "license-api:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return server.Command(ctx, os.Args[1:], env.ToMap(os.Environ()), os.Stdout)
}
