package await

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// failing notes that a test would have failed.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper()               {}
func (f *failing) Errorf(string, ...any) { f.failed = true }
func (f *failing) FailNow()              { f.failed = true; runtime.Goexit() }

// run does something that may end its goroutine.
func run(t *testing.T, do func(testing.TB)) (failed bool) {
	t.Helper()
	f, ended := &failing{TB: t}, make(chan struct{})
	go func() {
		defer close(ended)
		do(f)
	}()
	<-ended
	return f.failed
}

func TestAConditionIsAskedUntilItHolds(t *testing.T) {
	t.Parallel()
	asked := 0
	True(t, func() bool { asked++; return asked == 3 })
	assert.Equal(t, 3, asked)
}

func TestAConditionThatNeverHoldsFailsTheTest(t *testing.T) {
	t.Parallel()
	assert.True(t, run(t, func(tb testing.TB) { within(tb, time.Nanosecond, func() bool { return false }) }))
}

func TestWhatIsSentIsReceivedAndAClosedChannelIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	sent := make(chan int, 1)
	sent <- 7
	close(sent)
	assert.Equal(t, 7, Receive(t, sent))
	assert.Zero(t, Receive(t, sent))
}

func TestAChannelOnWhichNothingIsSentFailsTheTest(t *testing.T) {
	t.Parallel()
	assert.True(t, run(t, func(tb testing.TB) { receive(tb, time.Nanosecond, make(chan int)) }))
}
