package setting_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/setting"
)

func TestNoProblemIsNoError(t *testing.T) {
	t.Parallel()
	var none setting.Problems
	require.NoError(t, none.Err())
}

func TestEveryProblemIsListedWithKeyValueReasonAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	var inner, all setting.Problems
	inner.Add("tier", "", "is empty", "BASIC or STANDARD_HA")
	inner.Add("memoryGib", 0, "is too small", "1 to 300")
	all = append(all, inner.Within("data.redis")...)

	err := all.Err()

	require.Error(t, err)
	assert.Equal(t, "2 settings are wrong:\n"+
		"  data.redis.memoryGib = 0: is too small; allowed: 1 to 300\n"+
		"  data.redis.tier = \"\": is empty; allowed: BASIC or STANDARD_HA", err.Error())
	assert.Equal(t, "tier", inner[0].Key, "Within leaves the original as it was")
}
