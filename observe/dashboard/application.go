package dashboard

import "fmt"

// rated is PromQL of how often counters count a second, summed up by labels.
func (s Source) rated(by, counter, more string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s[5m]))", by, s.own(counter, more))
}

func (s Source) application() section {
	at := s.Thresholds.WithDefaults()
	seats := fmt.Sprintf("topk(10, max by (tenant, license) (%s) / max by (tenant, license) (%s))",
		s.own("license_seats_in_use", ""), s.own("license_seats", ""))
	return section{"5 Identity and application", "What the API answers, and the seats it gives", [][]Widget{
		{
			chart("Requests by route and code", "a second", stacked(line("${route} ${code}", s.rated("route, code", "http_requests_total", "")))),
			limited(chart("No valid token (401), no right (403)", "a second",
				line("${code}", s.rated("code", "http_requests_total", `,code=~"401|403"`))), "HighAuthenticationFailureRate", at.RefusalsPerSecond),
			chart("Time to answer", "seconds", s.quantiles("http_request_duration_seconds", "")...),
		},
		{
			limited(chart("Seats in use, fullest licences", "share", line("${tenant} ${license}", seats)), "none left", 1),
			chart("Leases", "a second", stacked(line("${outcome}", s.rated("outcome", "license_leases_total", "")))),
			chart("Requests being worked on", "requests", line("all pods", fmt.Sprintf("sum(%s)", s.own("http_requests_in_flight", "")))),
		},
	}}
}

func (s Source) data() section {
	at := s.Thresholds.WithDefaults()
	database := fmt.Sprintf(`resource.label."database_id"="%s:%s"`, s.Project, s.SQLInstance)
	cache := fmt.Sprintf(`resource.label."instance_id"=monitoring.regex.full_match("(.*/)?%s")`, s.Redis)
	pool := fmt.Sprintf("max by (pod) (%s / %s)", s.own("db_connections_active", ""), s.own("db_connections_max", ""))
	return section{"6 Data", "Keys, database and cache", [][]Widget{
		{
			limited(chart("Signatures that Cloud KMS did not give", "a second", line("errors", s.rated("job", "kms_sign_errors_total", ""))),
				"CloudKMSSigningFailures", at.SigningErrorsPerSecond),
			chart("Time of a signature", "seconds", s.quantiles("dependency_duration_seconds", `,dependency="kms",operation="sign"`)...),
			chart("Failed calls", "a second", line("${dependency} ${operation}", s.rated("dependency, operation", "dependency_errors_total", ""))),
		},
		{
			limited(chart("Database connections in use", "share", line("${pod}", pool)), "DatabaseConnectionPoolExhausted", at.PoolShare),
			chart("Cloud SQL", "share", google("sqlCPU", "processor", nil, database).highest(),
				google("sqlMemory", "memory", nil, database).highest(), google("sqlDisk", "disk", nil, database).highest()),
			limited(chart("Redis memory", "share", google("redisMemory", "used", nil, cache).highest()), "RedisMemoryHigh", at.RedisMemoryShare),
		},
	}}
}

func (s Source) evidence() section {
	return section{"7 Observability", "What is kept as evidence, and what was lost", [][]Widget{{
		chart("Logs kept", "bytes a second", google("kept", "${metric.labels.resource_type}", []string{"metric.label.resource_type"},
			fmt.Sprintf(`metric.label."log_bucket_id"=%q`, s.LogBucket)).rate()),
		chart("Entries that the sink could not write", "a second", google("lost", "errors", nil, fmt.Sprintf(`resource.label."name"=%q`, s.LogBucket)).rate()),
	}}}
}
