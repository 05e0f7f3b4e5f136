package leap_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/client/leap"
)

func TestWhoSleepsWakesWhenTheClockIsMovedOn(t *testing.T) {
	t.Parallel()
	c := leap.New()
	woken := make(chan error, 1)
	go func() { woken <- c.Sleep(t.Context(), time.Hour) }()
	for begun := time.Now(); ; {
		c.On(time.Minute)
		select {
		case err := <-woken:
			require.NoError(t, err)
			assert.GreaterOrEqual(t, c.Now().Sub(begun), time.Minute)
			return
		case <-time.After(time.Millisecond):
			require.Less(t, time.Since(begun), time.Minute, "nobody wakes")
		}
	}
}

func TestASleepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, leap.New().Sleep(ctx, time.Hour), context.Canceled)
	assert.NoError(t, leap.New().Sleep(t.Context(), time.Nanosecond))
}
