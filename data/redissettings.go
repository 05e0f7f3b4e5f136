package data

import (
	"cmp"
	"regexp"

	"github.com/coditect-ai/license-platform/setting"
)

// RedisSettings are the Memorystore instance.
type RedisSettings struct {
	// Tier is STANDARD_HA (default: a replica in a second zone) or BASIC. It
	// cannot be changed: another tier is another instance.
	Tier string `json:"tier"`
	// MemoryGib is the instance's memory, 1 to 300 GiB. Default 6.
	// https://cloud.google.com/memorystore/docs/redis/redis-tiers
	MemoryGib int `json:"memoryGib"`
	// Version is the software: REDIS_7_2 (default) or REDIS_7_0.
	// https://cloud.google.com/memorystore/docs/redis/supported-versions
	Version string `json:"version"`
	// Maintenance is the hour in which Google may restart the instance.
	Maintenance MaintenanceSettings `json:"maintenance"`
}

func (s RedisSettings) withDefaults() RedisSettings {
	s.Tier = cmp.Or(s.Tier, "STANDARD_HA")
	s.MemoryGib = cmp.Or(s.MemoryGib, 6)
	s.Version = cmp.Or(s.Version, "REDIS_7_2")
	s.Maintenance = cmp.Or(s.Maintenance, MaintenanceSettings{Day: 7, Hour: 5})
	return s
}

func (s RedisSettings) validate() setting.Problems {
	var found setting.Problems
	s = s.withDefaults()
	setting.OneOf(&found, "tier", s.Tier, "STANDARD_HA", "BASIC")
	setting.InRange(&found, "memoryGib", s.MemoryGib, 1, 300, "GiB")
	setting.OneOf(&found, "version", s.Version, "REDIS_7_2", "REDIS_7_0")
	setting.InRange(&found, "maintenance.day", s.Maintenance.Day, 1, 7, "(Monday to Sunday)")
	setting.InRange(&found, "maintenance.hour", s.Maintenance.Hour, 0, 23, "hours, UTC")
	return found
}

// RegistrySettings are the repository of container images.
type RegistrySettings struct {
	// Name is the repository's name: 1 to 63 lower-case letters, digits and -,
	// a letter first. Default "license-platform".
	Name string `json:"name"`
	// Keep is how many of the newest images are never cleaned up, 2 to 1000,
	// beside those that a stack runs. Default 20.
	Keep int `json:"keep"`
	// ExpireDays is the age at which any other image goes, at least 7. Default
	// 90.
	ExpireDays int `json:"expireDays"`
}

var repositoryForm = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (s RegistrySettings) withDefaults() RegistrySettings {
	s.Name = cmp.Or(s.Name, "license-platform")
	s.Keep = cmp.Or(s.Keep, 20)
	s.ExpireDays = cmp.Or(s.ExpireDays, 90)
	return s
}

func (s RegistrySettings) validate() setting.Problems {
	var found setting.Problems
	s = s.withDefaults()
	setting.Matches(&found, "name", s.Name, repositoryForm, "1 to 63 lower-case letters, digits and -, a letter first")
	setting.InRange(&found, "keep", s.Keep, 2, 1000, "images")
	setting.InRange(&found, "expireDays", s.ExpireDays, 7, 3650, "days")
	return found
}
