package objective

import (
	"fmt"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings are the service level objectives of the license API.
type Settings struct {
	// RollingDays is the period over which both objectives are measured, 28 to 30 days.
	// Default 28: every period then holds four weekends. In a shorter one the
	// share of the budget that the slowest alert looks for is spent by ordinary
	// operation.
	RollingDays int `json:"rollingDays"`
	// Availability is the share of requests that are not answered with a server
	// error. Default 0.995: Cloud SQL, Memorystore and Cloud KMS promise 99.9 to
	// 99.95 % each, and a seat is acquired only when all of them work.
	Availability float64 `json:"availability"`
	// Latency is the share of granted requests that are answered within
	// LatencyMilliseconds. Default 0.99.
	Latency float64 `json:"latency"`
	// LatencyMilliseconds is the time from the request's arrival at Google's edge
	// until the client has the whole answer, 10 to 10000. Default 1000.
	LatencyMilliseconds int `json:"latencyMilliseconds"`
}

// largestGoal is what Cloud Monitoring takes at most.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives
const largestGoal = 0.9999

// WithDefaults fills in everything that is zero.
func (s Settings) WithDefaults() Settings {
	if s.RollingDays == 0 {
		s.RollingDays = 28
	}
	if s.Availability == 0 {
		s.Availability = 0.995
	}
	if s.Latency == 0 {
		s.Latency = 0.99
	}
	if s.LatencyMilliseconds == 0 {
		s.LatencyMilliseconds = 1000
	}
	return s
}

// Validate lists everything that is wrong with the settings.
func (s Settings) Validate() setting.Problems {
	var found setting.Problems
	s = s.WithDefaults()
	if s.RollingDays < 28 || s.RollingDays > 30 {
		found.Add("rollingDays", s.RollingDays, "is out of range", "28 to 30 days")
		return found
	}
	// A burn rate of 14 at a goal of 90 % would be an error rate of 140 %.
	smallest := 1 - 1/fastest(s.RollingDays)
	for _, goal := range []struct {
		key   string
		value float64
	}{{"availability", s.Availability}, {"latency", s.Latency}} {
		if goal.value <= smallest || goal.value > largestGoal {
			found.Add(goal.key, goal.value, "is not a goal for which an alert is possible",
				fmt.Sprintf("more than %.4f, below which not even a total failure burns fast enough, and at most %g", smallest, largestGoal))
		}
	}
	if s.LatencyMilliseconds < 10 || s.LatencyMilliseconds > 10_000 {
		found.Add("latencyMilliseconds", s.LatencyMilliseconds, "is out of range", "10 to 10000")
	}
	return found
}
