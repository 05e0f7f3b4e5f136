package objective

// Objective is a service level objective about an indicator.
type Objective struct {
	// Name is the objective's id in Cloud Monitoring.
	Name string
	// Summary says the objective in one line.
	Summary string
	// Goal is the share of good requests, Days the period it is kept over.
	Goal float64
	Days int
	// Indicator says what is counted.
	Indicator Indicator
	// Milliseconds is the slowest good answer; 0 for availability.
	Milliseconds int
	// alerts and playbooks are the prefixes of the names of its alerts and of their
	// playbooks.
	alerts, playbooks string
}

// All returns the objectives of the license API.
func All(backend Backend, settings Settings) []Objective {
	s := settings.WithDefaults()
	return []Objective{
		{
			Name: "license-availability", Summary: summary(s.Availability, "without a server error", s.RollingDays),
			Goal: s.Availability, Days: s.RollingDays, Indicator: Availability(backend),
			alerts: "AvailabilityBurn", playbooks: "availability-burn-",
		},
		{
			Name: "license-latency", Summary: summary(s.Latency, within(s.LatencyMilliseconds), s.RollingDays),
			Goal: s.Latency, Days: s.RollingDays, Indicator: Latency(backend, s.LatencyMilliseconds), Milliseconds: s.LatencyMilliseconds,
			alerts: "LatencyBurn", playbooks: "latency-burn-",
		},
	}
}
