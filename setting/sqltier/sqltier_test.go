package sqltier_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/setting/sqltier"
)

func TestACustomTierIsReadAndCheckedByItsCPUsAndMemory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tier         string
		want         sqltier.Custom
		why, allowed string
	}{
		"a machine that there is":  {tier: "db-custom-2-7680", want: sqltier.Custom{CPUs: 2, Memory: 7680}},
		"an odd number of CPUs":    {"db-custom-3-7680", sqltier.Custom{CPUs: 3, Memory: 7680}, "has 3 CPUs", "1, or an even number up to 96"},
		"no CPU":                   {"db-custom-0-7680", sqltier.Custom{Memory: 7680}, "has 0 CPUs", "1, or an even number up to 96"},
		"too little memory":        {"db-custom-2-3584", sqltier.Custom{CPUs: 2, Memory: 3584}, "has 3584 MiB of memory for 2 CPUs", "3840 to 13312, a multiple of 256"},
		"memory of another amount": {"db-custom-2-7681", sqltier.Custom{CPUs: 2, Memory: 7681}, "has 7681 MiB of memory for 2 CPUs", "3840 to 13312, a multiple of 256"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			machine, custom := sqltier.Parse(c.tier)
			assert.True(t, custom)
			assert.Equal(t, c.want, machine)
			why, allowed := machine.Check()
			assert.Equal(t, c.why, why)
			assert.Equal(t, c.allowed, allowed)
		})
	}
}

func TestANumberThatIsTooLongIsRefusedToo(t *testing.T) {
	t.Parallel()
	for _, tier := range []string{"db-custom-99999999999999999999-7680", "db-custom-2-99999999999999999999"} {
		machine, custom := sqltier.Parse(tier)
		assert.True(t, custom, tier)
		why, _ := machine.Check()
		assert.NotEmpty(t, why, tier)
	}
}

func TestEveryOtherTierIsNoCustomOne(t *testing.T) {
	t.Parallel()
	for _, tier := range []string{"", "db-f1-micro", "db-perf-optimized-N-2", "db-custom-02-7680", "db-custom-2-7680 ", "db-custom--2-7680"} {
		_, custom := sqltier.Parse(tier)
		assert.False(t, custom, tier)
	}
}
