package daemon

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAChangeThatDoesNotComeToItsEndIsToldUntilAWholeOneDoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := func(command string, whole bool) (end func() error) {
		end, err := BeginChange(dir, Holder{Command: command, Since: time.Now()}, whole)
		require.NoError(t, err)
		return end
	}
	assert.Empty(t, unfinished(dir), "nothing has begun")
	require.NoError(t, begin("local up --target a", false)())
	assert.Empty(t, unfinished(dir), "it has come to its end")

	begin("local up", true)
	assert.Contains(t, unfinished(dir), "'local up' of ")
	require.NoError(t, begin("local up --target a", false)())
	assert.Contains(t, unfinished(dir), "'local up' of ", "a part of the stack says nothing of the rest")
	begin("local down --stack-only", true)
	assert.Contains(t, unfinished(dir), "'local up' of ", "the first one is why")
	require.NoError(t, begin("local up", true)())
	assert.Empty(t, unfinished(dir))
}
