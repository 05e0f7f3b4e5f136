// Package enabled repeats look-ups until an API that was enabled a moment ago answers. The engine
// repeats the operations of resources (package stack/retry), but not look-ups: the first update of a new
// project would end at one.
package enabled

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// Attempts is how often something is tried at most; with Pause that is twelve minutes, because
	// Google names ten for the slowest.
	Attempts = 90
	// Pause is the time between two attempts. It is short, because an interrupted update
	// waits until the pause is over.
	Pause = 8 * time.Second
	// Recently is a pattern of what an API answers that is not known everywhere yet
	// (https://cloud.google.com/service-usage/docs/enable-disable).
	Recently = `If you enabled this API recently, wait a few minutes`
)

var recently = regexp.MustCompile(Recently)

// Look returns what look finds. An update waits for an API that was enabled a moment ago; a
// preview, which enables none, does not.
func Look[T any](ctx context.Context, program *pulumi.Context, look func() (T, error)) (T, error) {
	if program.DryRun() {
		return look()
	}
	return again(ctx, Pause, look)
}

func again[T any](ctx context.Context, pause time.Duration, look func() (T, error)) (found T, err error) {
	for attempt := 1; ; attempt++ {
		if found, err = look(); err == nil || attempt == Attempts || !recently.MatchString(err.Error()) {
			return found, err
		}
		select {
		case <-ctx.Done():
			return found, fmt.Errorf("%w; stopped waiting: %w", err, ctx.Err())
		case <-time.After(pause):
		}
	}
}
