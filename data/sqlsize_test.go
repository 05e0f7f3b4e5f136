package data_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/data"
)

func TestTheSmallestAndLargestMachinesAreTakenAndTheNextOnesRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tier string
		why  string
	}{
		"one CPU with the least memory of all":      {"db-custom-1-3840", ""},
		"one CPU with all that it may have":         {"db-custom-1-6656", ""},
		"one CPU with more":                         {"db-custom-1-6912", "has 6912 MiB of memory for 1 CPUs"},
		"two CPUs need no more than one does":       {"db-custom-2-3840", ""},
		"two CPUs with all that they may have":      {"db-custom-2-13312", ""},
		"ten CPUs need 0.9 GiB each":                {"db-custom-10-9216", ""},
		"ten CPUs with less":                        {"db-custom-10-8960", "has 8960 MiB of memory for 10 CPUs"},
		"the largest machine":                       {"db-custom-96-638976", ""},
		"the largest machine with more memory":      {"db-custom-96-639232", "has 639232 MiB of memory for 96 CPUs"},
		"the next larger machine, which is none":    {"db-custom-98-645120", "has 98 CPUs"},
		"no CPU":                                    {"db-custom-0-3840", "has 0 CPUs"},
		"memory that is no multiple of 256 MiB":     {"db-custom-2-3841", "has 3841 MiB of memory for 2 CPUs"},
		"three CPUs, and the number has to be even": {"db-custom-3-7680", "has 3 CPUs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := valid()
			settings.SQL.Tier = c.tier
			problems := settings.Validate()
			if c.why == "" {
				assert.Empty(t, problems)
				return
			}
			assert.ErrorContains(t, problems.Err(), c.why)
		})
	}
}

// https://cloud.google.com/sql/docs/postgres/flags#postgres-m
func TestConnectionsFollowTheMemoryUnlessAFlagSaysHowMany(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings data.SQLSettings
		want     int
	}{
		"3.75 GiB":             {data.SQLSettings{Tier: "db-custom-1-3840"}, 100},
		"just below 6 GiB":     {data.SQLSettings{Tier: "db-custom-1-5888"}, 100},
		"6 GiB":                {data.SQLSettings{Tier: "db-custom-1-6144"}, 200},
		"7.5 GiB":              {data.SQLSettings{Tier: "db-custom-2-7680"}, 400},
		"15 GiB":               {data.SQLSettings{Tier: "db-custom-4-15360"}, 500},
		"30 GiB":               {data.SQLSettings{Tier: "db-custom-8-30720"}, 600},
		"60 GiB":               {data.SQLSettings{Tier: "db-custom-16-61440"}, 800},
		"just below 120 GiB":   {data.SQLSettings{Tier: "db-custom-32-122624"}, 800},
		"120 GiB":              {data.SQLSettings{Tier: "db-custom-32-122880"}, 1000},
		"a flag":               {data.SQLSettings{Tier: "db-custom-1-3840", Flags: map[string]string{"max_connections": "70"}}, 70},
		"a flag without sense": {data.SQLSettings{Tier: "db-custom-1-3840", Flags: map[string]string{"max_connections": "many"}}, 100},
		"an unknown tier":      {data.SQLSettings{Tier: "db-perf-optimized-N-2"}, 0},
	} {
		assert.Equal(t, c.want, c.settings.Connections(), name)
	}
}
