package httpapi

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func newLazyDeadline(parent context.Context, limit time.Duration) *lazyDeadline {
	return &lazyDeadline{Context: parent, record: &request{id: "r"}, deadline: time.Now().Add(limit)}
}

func ended(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(await.Limit):
		return false
	}
}

func TestALazyDeadlineEndsAtItsDeadlineWhetherSomebodyWaitsOrNot(t *testing.T) {
	t.Parallel()
	// In a time that passes only while everybody waits, so that no step is too late.
	synctest.Test(t, func(t *testing.T) {
		waiting := newLazyDeadline(t.Context(), 20*time.Millisecond)
		deadline, limited := waiting.Deadline()
		assert.True(t, limited)
		assert.Equal(t, waiting.deadline, deadline)
		assert.NoError(t, waiting.Err())
		assert.True(t, ended(waiting))
		assert.ErrorIs(t, waiting.Err(), context.DeadlineExceeded)
		assert.False(t, time.Now().Before(deadline))

		ignored := newLazyDeadline(t.Context(), -time.Second)
		assert.ErrorIs(t, ignored.Err(), context.DeadlineExceeded)
		assert.True(t, ended(ignored), "who waits too late does not wait")
		assert.ErrorIs(t, ignored.Err(), context.DeadlineExceeded)
	})
}

func TestALazyDeadlineEndsWithItsClientsConnection(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithTimeout(t.Context(), time.Minute)
	waited, untouched := newLazyDeadline(parent, time.Hour), newLazyDeadline(parent, time.Hour)
	earlier, _ := parent.Deadline()
	deadline, _ := untouched.Deadline()
	assert.Equal(t, earlier, deadline, "the earlier of the two counts")
	assert.NotNil(t, waited.Done())
	cancel()
	assert.ErrorIs(t, untouched.Err(), context.Canceled)
	assert.True(t, ended(waited))
	assert.True(t, ended(untouched))
	assert.ErrorIs(t, waited.Err(), context.Canceled)
}

func TestALazyDeadlineEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	waited, untouched := newLazyDeadline(t.Context(), time.Hour), newLazyDeadline(t.Context(), time.Hour)
	derived, cancel := context.WithTimeout(waited, time.Hour)
	defer cancel()
	kept := context.WithoutCancel(waited)
	for _, ctx := range []*lazyDeadline{waited, untouched} {
		ctx.end()
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
		assert.True(t, ended(ctx))
	}
	assert.True(t, ended(derived))
	assert.NoError(t, kept.Err(), "what has to be finished is finished")
}

func TestALazyDeadlineTellsItsRecordToAllWhoShareIt(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := newLazyDeadline(context.WithValue(t.Context(), key{}, "outer"), time.Hour)
	defer ctx.end()
	assert.Equal(t, "outer", ctx.Value(key{}), "also before somebody waits")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			derived, cancel := context.WithCancel(ctx)
			defer cancel()
			assert.Equal(t, "r", requestOf(derived).id)
			assert.Equal(t, "outer", derived.Value(key{}))
			assert.NoError(t, ctx.Err())
		})
	}
	group.Wait()
}
