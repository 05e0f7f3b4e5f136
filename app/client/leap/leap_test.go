package leap_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client/leap"
)

func TestWhoSleepsWakesWhenTheClockIsMovedOn(t *testing.T) {
	t.Parallel()
	c, begun := leap.New(), time.Now()
	woken := make(chan error, 2)
	for range 2 {
		go func() { woken <- c.Sleep(t.Context(), time.Hour) }()
	}
	await.True(t, func() bool { return c.Asleep() == 2 })
	c.On(time.Minute)
	assert.Zero(t, c.Asleep(), "those that are woken sleep no longer")
	for range 2 {
		require.NoError(t, await.Receive(t, woken))
	}
	assert.Zero(t, c.Asleep())
	assert.GreaterOrEqual(t, c.Now().Sub(begun), time.Minute)
}

func TestASleepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := leap.New()
	assert.ErrorIs(t, c.Sleep(ctx, time.Hour), context.Canceled)
	assert.NoError(t, c.Sleep(t.Context(), time.Nanosecond))
	assert.Zero(t, c.Asleep())
}
