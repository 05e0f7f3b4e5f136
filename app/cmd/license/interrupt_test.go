package main

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheSameInterruptThatComesTwiceIsOne(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		after  []time.Duration
		killed bool
	}{
		"at once, to the program and to its group": {[]time.Duration{0, 5 * time.Millisecond}, false},
		"a second later, by a user who waits":      {[]time.Duration{0, time.Second}, true},
		"both":                                     {[]time.Duration{0, 0, apart}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signals := make(chan os.Signal, len(test.after))
			for range test.after {
				signals <- syscall.SIGTERM
			}
			close(signals)
			clock, told, killed := 0, 0, false
			now := func() time.Time { clock++; return began.Add(test.after[min(clock, len(test.after))-1]) }
			interrupts(signals, now, func() { told++ }, func() { killed = true })
			assert.Equal(t, 1, told)
			assert.Equal(t, test.killed, killed)
		})
	}
}
