package workload

// What holds when the settings say nothing else. 60 seconds is what the load
// balancer may take to learn that an endpoint leaves
// (https://cloud.google.com/kubernetes-engine/docs/concepts/container-native-load-balancing).
const (
	defaultDrainSeconds    = 60
	defaultShutdownSeconds = 30
	defaultCPU             = "250m"
	defaultMemory          = "256Mi"
)

// BuildPlatform is Platform or its default.
func (s Settings) BuildPlatform() string { return or(s.Platform, "linux/amd64") }

func (s Settings) cpu() string      { return or(s.CPU, defaultCPU) }
func (s Settings) memory() string   { return or(s.Memory, defaultMemory) }
func (s Settings) logLevel() string { return or(s.LogLevel, "info") }
func (s Settings) drain() int       { return or(s.DrainSeconds, defaultDrainSeconds) }
func (s Settings) shutdown() int    { return or(s.ShutdownSeconds, defaultShutdownSeconds) }

// or returns value unless it is zero.
func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
