package uptime_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/observe/uptime"
)

// only lets in these countries.
func only(countries ...string) func(string) bool {
	return func(country string) bool { return slices.Contains(countries, country) }
}

func TestOnlyCheckersThatCloudArmorLetsInAreUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lets    func(string) bool
		regions []string
	}{
		"the design's countries":             {only("US", "CA", "GB", "DE", "FR", "NL", "SE", "DK", "NO", "FI"), []string{"USA_OREGON", "USA_IOWA", "USA_VIRGINIA"}},
		"Europe's checker stands in Belgium": {only("BE", "DE"), []string{"EUROPE"}},
		"everywhere":                         {func(string) bool { return true }, uptime.All()},
		"nowhere":                            {only(), nil},
	} {
		assert.Equal(t, c.regions, uptime.Settings{}.SelectedRegions(c.lets), name)
	}
	assert.Equal(t, []string{"EUROPE", "ASIA_PACIFIC", "SOUTH_AMERICA"},
		uptime.Settings{Regions: []string{"EUROPE", "ASIA_PACIFIC", "SOUTH_AMERICA"}}.SelectedRegions(only()), "the settings decide")
}

func TestACheckThatCloudArmorWouldRefuseIsRefusedFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings uptime.Settings
		lets     func(string) bool
		keys     []string
	}{
		"too few countries":         {uptime.Settings{}, only("DE", "BE", "SG"), []string{"disabled"}},
		"the check is disabled":     {uptime.Settings{Disabled: true}, only("DE"), nil},
		"one of three stands apart": {uptime.Settings{Regions: []string{"USA_IOWA", "USA_OREGON", "EUROPE"}}, only("US", "DE"), []string{"regions[2]"}},
		"three countries":           {uptime.Settings{}, only("BE", "SG", "BR"), nil},
	} {
		var keys []string
		for _, problem := range c.settings.ValidateRegions(c.lets) {
			keys = append(keys, problem.Key)
		}
		assert.Equal(t, c.keys, keys, name)
	}
}

func TestWrongSettingsAreNamedWithTheirKey(t *testing.T) {
	t.Parallel()
	assert.Empty(t, uptime.Settings{}.Validate(), "everything has a default")
	for name, c := range map[string]struct {
		settings uptime.Settings
		keys     []string
	}{
		"every two minutes": {uptime.Settings{PeriodSeconds: 120}, []string{"periodSeconds"}},
		"a second's wait":   {uptime.Settings{TimeoutSeconds: 1}, nil},
		"a minute's wait":   {uptime.Settings{TimeoutSeconds: 60}, nil},
		"two minutes' wait": {uptime.Settings{TimeoutSeconds: 120}, []string{"timeoutSeconds"}},
		"a country":         {uptime.Settings{Regions: []string{"SWEDEN", "USA_IOWA", "USA_OREGON"}}, []string{"regions[0]"}},
		"all of the USA":    {uptime.Settings{Regions: []string{"USA"}}, []string{"regions[0]", "regions"}},
		"one twice":         {uptime.Settings{Regions: []string{"USA_IOWA", "USA_IOWA", "USA_OREGON"}}, []string{"regions[1]"}},
		"two":               {uptime.Settings{Regions: []string{"USA_IOWA", "EUROPE"}}, []string{"regions"}},
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

func TestTheAlertHasTheValuesThatGoogleDocuments(t *testing.T) {
	t.Parallel()
	a := uptime.Unreachable()
	assert.Equal(t, 1200, a.AlignmentSeconds)
	assert.Equal(t, "ALIGN_NEXT_OLDER", a.Aligner)
	assert.Equal(t, "REDUCE_COUNT_FALSE", a.Reducer)
	assert.Equal(t, `metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url" AND metric.label."check_id"="c-1"`, uptime.Filter("c-1"))

	for failed, fires := range map[int]bool{0: false, 1: false, 2: true, 3: true} {
		assert.Equal(t, fires, float64(failed) > a.Failed, "%d of three checkers failed", failed)
	}
}
