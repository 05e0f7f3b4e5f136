package client

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASleepIsOverWhenTheDeviceWakesAfterIt(t *testing.T) {
	t.Parallel()
	var looks atomic.Int64
	// The running clock stands still while the device sleeps; its calendar does not.
	now := func() time.Time {
		return time.Unix(1_800_000_000, 0).Add(time.Duration(looks.Add(1)-1) * time.Hour)
	}
	require.NoError(t, sleep(t.Context(), 150*time.Minute, time.Millisecond, now))
	assert.EqualValues(t, 4, looks.Load(), "begun, and looked at after 1, 2 and 3 hours")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, sleep(ctx, time.Hour, time.Hour, time.Now), context.Canceled)
}

func TestTheLongerTimeCounts(t *testing.T) {
	t.Parallel()
	from := time.Now()
	assert.Equal(t, time.Hour, longer(from, from.Add(time.Hour)))
	assert.Equal(t, time.Hour, longer(from, from.Round(0).Add(time.Hour)))
	assert.Less(t, calendarInterval, 10*time.Second)
}
