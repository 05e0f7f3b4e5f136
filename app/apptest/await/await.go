// Package await waits, in tests, for what another goroutine or process does. How long that
// may take has one limit for every test: far more than a busy machine needs, so that only
// a fault reaches it.
package await

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Limit is how long a test waits before it fails.
const Limit = 2 * time.Minute

// Between two looks at a condition pass at first 2 and at last 100 milliseconds.
const soonest, latest = 2 * time.Millisecond, 100 * time.Millisecond

// True waits until the condition holds. It is asked by the test's own goroutine, so it may
// use require, and it has to return by itself. The message says what is waited for.
func True(tb testing.TB, condition func() bool, message ...any) {
	tb.Helper()
	within(tb, Limit, condition, message...)
}

func within(tb testing.TB, limit time.Duration, condition func() bool, message ...any) {
	tb.Helper()
	deadline := time.Now().Add(limit)
	for pause := soonest; !condition(); pause = min(2*pause, latest) {
		if time.Now().After(deadline) {
			require.FailNow(tb, "the condition does not hold after "+limit.String(), message...)
		}
		time.Sleep(pause)
	}
}

// Receive returns the next value of a channel, or the zero value of one that is closed.
func Receive[T any](tb testing.TB, from <-chan T) (value T) {
	tb.Helper()
	return receive(tb, Limit, from)
}

func receive[T any](tb testing.TB, limit time.Duration, from <-chan T) (value T) {
	tb.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case value = <-from:
	case <-timer.C:
		require.FailNow(tb, "nothing was sent within "+limit.String())
	}
	return value
}
