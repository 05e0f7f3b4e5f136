package watch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/emulator/watch"
)

func TestEveryoneOnTheListIsToldUntilTheyAreRemoved(t *testing.T) {
	t.Parallel()
	var list watch.List[int]
	list.Tell(1)
	var first, second []int
	remove := list.Add(func(n int) { first = append(first, n) })
	list.Add(func(n int) { second = append(second, n) })
	list.Tell(2)
	remove()
	remove()
	list.Tell(3)
	assert.Equal(t, []int{2}, first)
	assert.Equal(t, []int{2, 3}, second)
}

func TestWhoIsToldMayAddAndRemove(t *testing.T) {
	t.Parallel()
	var changes watch.Changes
	told := 0
	var remove func()
	remove = changes.Add(func() {
		told++
		remove()
		changes.Add(func() { told += 10 })
	})
	changes.Tell()
	assert.Equal(t, 1, told)
	changes.Tell()
	assert.Equal(t, 11, told)
}
