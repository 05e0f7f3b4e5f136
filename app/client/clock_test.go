package client_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/app/verify"
)

func TestADeviceWhoseClockIsWrongHoldsItsSeatAllTheSame(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{
		"an hour behind the server": time.Hour, "a day ahead of the server": -24 * time.Hour, "three seconds behind": 3 * time.Second, "right": 0,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.set(func(w *fixture) { w.skew = skew })
			seat := w.hold(t, nil)
			for range 3 {
				assert.Equal(t, heartbeat, w.clock.sleeping(t))
				assert.True(t, seat.Held())
				w.clock.wake(t, heartbeat)
			}
			w.clock.sleeping(t)
			w.answer("heartbeat", broken)
			w.clock.pass(leaseTime - time.Second)
			assert.True(t, seat.Held())
			w.clock.pass(2 * time.Second)
			assert.False(t, seat.Held(), "the time that goes by is the same on every clock")
		})
	}
}

func TestKeysThatAProxyKeptForAnHourMakeASeatNoLonger(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.answer("jwks.json", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Date", w.clock.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		rw.Header().Set("Age", "3600")
		rw.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = rw.Write(w.published())
	})
	seat := w.hold(t, nil)
	w.clock.sleeping(t)
	w.answer("heartbeat", broken)
	w.clock.pass(leaseTime - time.Second)
	assert.True(t, seat.Held())
	w.clock.pass(2 * time.Second)
	assert.False(t, seat.Held(), "its end is the server's of now, not of then")
}

// As after SIGSTOP and SIGCONT, in a machine that was paused, and on systems whose running clock goes on in sleep.
func TestAProgramThatStoodStillForADayAsksBeforeItTellsALoss(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		heartbeat, acquire http.HandlerFunc
		called             []string
		lost               string
	}{
		"the seat is revived":     {called: []string{"heartbeat"}},
		"another lease is free":   {heartbeat: problem(410, "lease_expired"), called: []string{"heartbeat", "acquire"}},
		"no seat is free":         {heartbeat: problem(410, "lease_expired"), acquire: problem(409, "no_seats_available"), called: []string{"heartbeat", "acquire"}, lost: "no_seats_available"},
		"the server is not there": {heartbeat: broken, called: []string{"heartbeat"}, lost: "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			seat := w.hold(t, nil)
			w.clock.sleeping(t)
			w.called()
			w.answer("heartbeat", test.heartbeat)
			w.answer("acquire", test.acquire)
			w.clock.pass(24 * time.Hour)
			assert.False(t, seat.Held(), "a program that asks is told no more than is sure")
			w.clock.wake(t, 0)
			wait := w.clock.sleeping(t)
			assert.Equal(t, test.called, w.called())
			assert.Equal(t, test.lost == "", seat.Held())
			if name == "the server is not there" {
				w.quiet(t)
				assert.ErrorContains(t, w.gone(t, wait, 10*time.Second).Reason, test.lost)
			} else if test.lost != "" {
				assert.ErrorContains(t, w.change(t).Reason, test.lost)
			}
			w.quiet(t)
		})
	}
}

// gone lets the waits pass until the loss is told, after so long.
func (w *fixture) gone(t *testing.T, wait, after time.Duration) client.Change {
	t.Helper()
	told := w.clock.Now().Add(after)
	for w.clock.Now().Before(told) {
		w.quiet(t)
		w.clock.wake(t, wait)
		wait = w.clock.sleeping(t)
	}
	lost := w.change(t)
	assert.False(t, lost.Held)
	assert.Equal(t, told, w.clock.Now())
	return lost
}

func TestALaptopWhoseNetworkIsBackSomeSecondsAfterItWakesUpLosesNothing(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]int{"it was there before": 0, "it was away before": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			seat := w.hold(t, nil)
			wait := w.clock.sleeping(t)
			w.answer("heartbeat", broken)
			for range before {
				w.clock.wake(t, wait)
				wait = w.clock.sleeping(t)
			}
			w.clock.setCalendar(time.Hour)
			w.set(func(w *fixture) { w.skew += time.Hour })
			w.clock.wake(t, time.Second)
			for _, next := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
				require.Equal(t, next, w.clock.sleeping(t))
				assert.False(t, seat.Held())
				if next == 4*time.Second {
					w.answer("heartbeat", nil)
				}
				w.clock.wake(t, next)
			}
			w.clock.sleeping(t)
			assert.True(t, seat.Held())
			w.quiet(t)
		})
	}
}

func TestAServerWithoutDateIsJudgedByTheDevicesClockWithAMinutesLeeway(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		skew time.Duration
		err  error
	}{
		"half a minute is forgiven": {30 * time.Second, nil}, "an hour behind": {time.Hour, verify.ErrNotYet}, "an hour ahead": {-time.Hour, verify.ErrExpired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.set(func(w *fixture) { w.skew, w.dateless = test.skew, true })
			config := w.config()
			config.StartTimeout = time.Nanosecond
			seat, err := client.Hold(t.Context(), config)
			require.ErrorIs(t, err, test.err)
			if err == nil {
				require.NoError(t, seat.Close(t.Context()))
			}
		})
	}
}
