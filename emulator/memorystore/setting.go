// Package memorystore knows which settings Memorystore for Redis accepts, and how its
// servers are configured.
package memorystore

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// parameter is one of Memorystore's redisConfigs.
type parameter struct {
	standard string
	allowed  string
	valid    func(string) bool
}

// parameters are all that Memorystore takes
// (https://cloud.google.com/memorystore/docs/redis/reference/rest/v1/projects.locations.instances,
// redisConfigs), with its defaults. maxmemory-gb is handled by memory.
func parameters() map[string]parameter {
	policies := []string{
		"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random",
		"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
	}
	oneOf := func(values ...string) func(string) bool {
		return func(v string) bool { return slices.Contains(values, v) }
	}
	number := func(v string) bool { n, err := strconv.ParseInt(v, 10, 64); return err == nil && n >= 0 }
	events := func(v string) bool { return strings.Trim(v, "KEg$lshzxetdmnA") == "" }
	return map[string]parameter{
		"maxmemory-policy":        {"volatile-lru", strings.Join(policies, ", "), oneOf(policies...)},
		"notify-keyspace-events":  {"", "letters out of KEg$lshzxetdmnA", events},
		"activedefrag":            {"no", "yes, no", oneOf("yes", "no")},
		"lfu-decay-time":          {"1", "a whole number, 0 or more", number},
		"lfu-log-factor":          {"10", "a whole number, 0 or more", number},
		"stream-node-max-bytes":   {"4096", "a whole number, 0 or more", number},
		"stream-node-max-entries": {"100", "a whole number, 0 or more", number},
	}
}

const maxMemoryGB = "maxmemory-gb"

// CheckConfigs returns an error that names the first setting that Memorystore
// does not take, and what it takes.
func CheckConfigs(configs map[string]string) error {
	known := parameters()
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		value := configs[name]
		if name == maxMemoryGB {
			if gb, err := strconv.ParseFloat(value, 64); err != nil || gb <= 0 {
				return fmt.Errorf("redisConfigs.%s = %q: allowed is a number of GiB above 0", name, value)
			}
			continue
		}
		p, ok := known[name]
		if !ok {
			names := append(slices.Collect(maps.Keys(known)), maxMemoryGB)
			slices.Sort(names)
			return fmt.Errorf("redisConfigs.%s: Memorystore does not take this setting; allowed: %s", name, strings.Join(names, ", "))
		}
		if !p.valid(value) {
			return fmt.Errorf("redisConfigs.%s = %q: allowed: %s", name, value, p.allowed)
		}
	}
	return nil
}

// Effective returns what the server has to be set to: the declared values, and
// Memorystore's defaults for the rest.
func Effective(configs map[string]string, memoryMiB int) map[string]string {
	all := map[string]string{"maxmemory": strconv.FormatInt(memory(configs, memoryMiB), 10)}
	for name, p := range parameters() {
		all[name] = p.standard
		if value, declared := configs[name]; declared {
			all[name] = value
		}
	}
	return all
}

// memory is the bound of the data in bytes, 0 for none.
func memory(configs map[string]string, memoryMiB int) int64 {
	if gb, err := strconv.ParseFloat(configs[maxMemoryGB], 64); err == nil {
		return int64(gb * (1 << 30))
	}
	return int64(memoryMiB) << 20
}
