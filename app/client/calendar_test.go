package client_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestACalendarThatLeapsCostsNoSeat(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		leap time.Duration
		// slept: the server's time has gone on, too.
		slept, broken bool
		called        []string
		lost          bool
	}{
		"the clock is set ahead":                    {leap: time.Hour, called: []string{"heartbeat"}},
		"the clock is set back":                     {leap: -time.Hour, called: []string{"heartbeat"}},
		"the device slept beyond the lease":         {leap: time.Hour, slept: true, called: []string{"heartbeat", "acquire"}},
		"and has no network when it wakes":          {leap: time.Hour, slept: true, broken: true, called: []string{"heartbeat"}, lost: true},
		"the clock is set ahead, without a network": {leap: time.Hour, broken: true, called: []string{"heartbeat"}, lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			seat := w.hold(t, nil)
			w.clock.sleeping(t)
			w.called()
			w.clock.setCalendar(test.leap)
			if test.slept {
				w.set(func(w *fixture) { w.skew += test.leap })
				w.answer("heartbeat", problem(410, "lease_expired"))
			}
			if test.broken {
				w.answer("heartbeat", broken)
			}
			assert.Equal(t, test.leap < 0, seat.Held(), "a program that asks is told no more than is sure")
			w.clock.wake(t, heartbeat)
			wait := w.clock.sleeping(t)
			assert.Equal(t, test.called, w.called())
			assert.Equal(t, !test.lost, seat.Held())
			if test.lost {
				w.quiet(t)
				w.gone(t, wait, 10*time.Second)
			}
			w.quiet(t)
		})
	}
}
