package objective

// Objective is a promise about an indicator.
type Objective struct {
	// Name is the objective's id in Cloud Monitoring.
	Name string
	// Summary says the promise in one line.
	Summary string
	// Goal is the share of good requests, Days the period it is kept over.
	Goal float64
	Days int
	// Indicator says what is counted.
	Indicator Indicator
	// Milliseconds is the slowest good answer; 0 for availability.
	Milliseconds int
	// Playbook is the file, below docs/playbooks, for all its alerts.
	Playbook string
	// alerts is how the names of its alerts begin.
	alerts string
}

// All returns the objectives of the license API.
func All(backend Backend, settings Settings) []Objective {
	s := settings.WithDefaults()
	return []Objective{
		{
			Name: "license-availability", Summary: summary(s.Availability, "without a server error", s.RollingDays),
			Goal: s.Availability, Days: s.RollingDays, Indicator: Availability(backend),
			Playbook: "availability-burn.md", alerts: "AvailabilityBurn",
		},
		{
			Name: "license-latency", Summary: summary(s.Latency, within(s.LatencyMilliseconds), s.RollingDays),
			Goal: s.Latency, Days: s.RollingDays, Indicator: Latency(backend, s.LatencyMilliseconds), Milliseconds: s.LatencyMilliseconds,
			Playbook: "latency-burn.md", alerts: "LatencyBurn",
		},
	}
}
