package alert

// Thresholds are where the alerts fire. A threshold that is zero has its default.
type Thresholds struct {
	// RefusalsPerSecond is the rate of 401 and 403 answers. Default 10.
	RefusalsPerSecond float64 `json:"refusalsPerSecond"`
	// RequestsPerSecond is the rate of all requests. Default 1000.
	RequestsPerSecond float64 `json:"requestsPerSecond"`
	// SigningErrorsPerSecond is the rate of failed signatures. Default 0.05:
	// three a minute. Tokens are signed only when a seat is acquired or
	// renewed, so that even a complete failure is a low rate. Below it the alert
	// fires when three fail within 15 minutes and none succeeds.
	SigningErrorsPerSecond float64 `json:"signingErrorsPerSecond"`
	// PoolShare is the used share of a pod's database connections, between 0
	// and 1. Default 0.9.
	PoolShare float64 `json:"poolShare"`
	// SeatRefusalsPerSecond is the rate of requests for a seat that find all
	// seats of their licence in use. Default 0.5: thirty a minute, a handful of
	// people who try again and again.
	SeatRefusalsPerSecond float64 `json:"seatRefusalsPerSecond"`
	// DenialsPerSecond is the rate of requests that Cloud Armor refuses. Default
	// 20: the scanners that find every public address stay below one.
	DenialsPerSecond float64 `json:"denialsPerSecond"`
	// RedisMemoryShare is the used share of the cache's memory, between 0 and 1.
	// Default 0.8: making it larger needs some memory, and some minutes.
	// https://cloud.google.com/memorystore/docs/redis/memory-management-best-practices
	RedisMemoryShare float64 `json:"redisMemoryShare"`
	// CertificateDays is how many days before the certificate's end there is
	// still no new one. Default 14. Google renews a managed certificate about a
	// month before its end, so 30 and more would fire at every renewal.
	// https://cloud.google.com/load-balancing/docs/ssl-certificates/google-managed-certs#renewal
	CertificateDays float64 `json:"certificateDays"`
}

// WithDefaults fills in every threshold that is zero.
func (t Thresholds) WithDefaults() Thresholds {
	for _, threshold := range []struct {
		at       *float64
		fallback float64
	}{
		{&t.RefusalsPerSecond, 10},
		{&t.RequestsPerSecond, 1000},
		{&t.SigningErrorsPerSecond, 0.05},
		{&t.PoolShare, 0.9},
		{&t.SeatRefusalsPerSecond, 0.5},
		{&t.DenialsPerSecond, 20},
		{&t.RedisMemoryShare, 0.8},
		{&t.CertificateDays, 14},
	} {
		if *threshold.at == 0 {
			*threshold.at = threshold.fallback
		}
	}
	return t
}
