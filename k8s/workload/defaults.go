package workload

import (
	"cmp"

	"k8s.io/apimachinery/pkg/api/resource"
)

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
func (s Settings) BuildPlatform() string { return cmp.Or(s.Platform, "linux/amd64") }

func (s Settings) cpu() string    { return canonical(cmp.Or(s.CPU, defaultCPU)) }
func (s Settings) memory() string { return canonical(cmp.Or(s.Memory, defaultMemory)) }

// canonical writes a quantity as the API server does, 1000m as 1: another form would differ
// from what is there with every refresh
// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
func canonical(text string) string {
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		return text // Validate refuses it
	}
	return quantity.String()
}

// MemoryBytes is a pod's memory, in bytes, of settings that are valid.
func (s Settings) MemoryBytes() int64 {
	memory := resource.MustParse(s.memory())
	return memory.Value()
}

func (s Settings) logLevel() string { return cmp.Or(s.LogLevel, "info") }
func (s Settings) drain() int       { return cmp.Or(s.DrainSeconds, defaultDrainSeconds) }
func (s Settings) shutdown() int    { return cmp.Or(s.ShutdownSeconds, defaultShutdownSeconds) }
