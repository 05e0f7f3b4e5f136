// Command incident answers an attack on the license API: it keeps evidence,
// takes a backup, locks the stack down, and pages the on-call engineer.
//
//	go run ./ops/incident --stack prod --reason "stolen licences"            shows what it would do
//	go run ./ops/incident --stack prod --reason "stolen licences" --execute  does it
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := Run(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "incident:", err)
		stop()
		os.Exit(1)
	}
}
