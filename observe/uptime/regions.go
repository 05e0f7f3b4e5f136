package uptime

import "slices"

// checker is one of Google's checkers: the regions of a check that use it, and
// the country that Cloud Armor sees its requests come from.
// https://cloud.google.com/monitoring/uptime-checks/introduction
type checker struct {
	// region is the region that has only this checker.
	region string
	// country is an ISO 3166-1 alpha 2 code.
	country string
}

// checkers are all that Google has: three in the United States (Oregon, Iowa,
// Virginia), one each in Belgium, Singapore and São Paulo.
// `gcloud monitoring uptime list-ips` lists their addresses.
// https://cloud.google.com/monitoring/uptime-checks/using-uptime-checks
func checkers() []checker {
	return []checker{
		{"USA_OREGON", "US"},
		{"USA_IOWA", "US"},
		{"USA_VIRGINIA", "US"},
		{"EUROPE", "BE"},
		{"ASIA_PACIFIC", "SG"},
		{"SOUTH_AMERICA", "BR"},
	}
}

// Fewest is how many checkers a check must have; the API refuses fewer.
// https://cloud.google.com/monitoring/uptime-checks/introduction
const Fewest = 3

// All lists every region that has one checker.
func All() []string {
	var regions []string
	for _, c := range checkers() {
		regions = append(regions, c.region)
	}
	return regions
}

// Admitted lists the regions whose checker is in an allowed country. A checker that Cloud
// Armor refuses would report an outage that no client has.
func Admitted(admits func(country string) bool) []string {
	var regions []string
	for _, c := range checkers() {
		if admits(c.country) {
			regions = append(regions, c.region)
		}
	}
	return regions
}

// Known says whether a region is one with a checker of its own.
func Known(region string) bool { return slices.Contains(All(), region) }
