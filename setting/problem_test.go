package setting_test

import (
	"net/netip"
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

func TestAValueIsShownAsAStacksFileHasIt(t *testing.T) {
	t.Parallel()
	type word string
	count := 3
	for want, value := range map[string]any{
		`key = "": why; allowed: this`:        "",
		`key = "deny": why; allowed: this`:    word("deny"),
		`key = -1: why; allowed: this`:        -1,
		`key = 3: why; allowed: this`:         &count,
		`key = ["a","b"]: why; allowed: this`: []string{"a", "b"},
		`key = {"min":2,"max":1}: why; allowed: this`: struct {
			Min int `json:"min"`
			Max int `json:"max"`
		}{2, 1},
		`key = 10.0.0.0/8: why; allowed: this`: netip.MustParsePrefix("10.0.0.0/8"),
	} {
		assert.Equal(t, want, setting.Problem{Key: "key", Value: value, Why: "why", Allowed: "this"}.String())
	}
}

func TestTheSameMistakeIsToldOnce(t *testing.T) {
	t.Parallel()
	var all setting.Problems
	all.Add("name", "x", "is taken", "another")
	all.Add("name", "x", "is taken", "another")
	assert.EqualError(t, all.Err(), "1 setting is wrong:\n  name = \"x\": is taken; allowed: another")
}
