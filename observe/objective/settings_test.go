package objective_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/observe/objective"
)

// wholeMatch is what a pattern matches of a name that it has to match whole.
func wholeMatch(pattern, name string) string {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).FindString(name)
}

func TestAGoalThatNoAlertCanGuardIsRefused(t *testing.T) {
	t.Parallel()
	assert.Empty(t, objective.Settings{}.Validate(), "everything has a default")
	for name, c := range map[string]struct {
		settings objective.Settings
		keys     []string
	}{
		"four nines":                     {objective.Settings{Availability: 0.9999}, nil},
		"a perfect service":              {objective.Settings{Availability: 1}, []string{"availability"}},
		"five nines":                     {objective.Settings{Latency: 0.99999}, []string{"latency"}},
		"per cent":                       {objective.Settings{Availability: 99.5}, []string{"availability"}},
		"total failure would not fire":   {objective.Settings{Availability: 0.92}, []string{"availability"}},
		"it would in the shorter period": {objective.Settings{Availability: 0.928}, nil},
		"but not in the longer one":      {objective.Settings{Availability: 0.928, RollingDays: 30}, []string{"availability"}},
		"a week":                         {objective.Settings{RollingDays: 7}, []string{"rollingDays"}},
		"a quarter":                      {objective.Settings{RollingDays: 90}, []string{"rollingDays"}},
		"ten milliseconds":               {objective.Settings{LatencyMilliseconds: 10}, nil},
		"ten seconds":                    {objective.Settings{LatencyMilliseconds: 10_000}, nil},
		"more than ten seconds":          {objective.Settings{LatencyMilliseconds: 10_001}, []string{"latencyMilliseconds"}},
		"a microsecond":                  {objective.Settings{LatencyMilliseconds: 1}, []string{"latencyMilliseconds"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var keys []string
			for _, problem := range c.settings.Validate() {
				keys = append(keys, problem.Key)
			}
			assert.Equal(t, c.keys, keys)
		})
	}
}
