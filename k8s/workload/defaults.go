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

// The platforms that an image can be for.
const (
	platformX86 = "linux/amd64"
	platformArm = "linux/arm64"
)

// BuildPlatform is Platform or its default.
func (s Settings) BuildPlatform() string { return cmp.Or(s.Platform, platformX86) }

func (s Settings) cpu() string    { return canonical(cmp.Or(s.CPU, defaultCPU)) }
func (s Settings) memory() string { return canonical(cmp.Or(s.Memory, defaultMemory)) }

// canonical writes a quantity as the API server does, 1000m as 1: any other form would show
// a difference in every refresh
// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). The
// server also rounds up to thousandths, 100.5m to 101m (SetDefaults_ResourceList in
// https://github.com/kubernetes/kubernetes/blob/v1.30.0/pkg/apis/core/v1/defaults.go).
func canonical(text string) string {
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		return text // Validate refuses it
	}
	quantity.RoundUp(resource.Milli)
	return quantity.String()
}

// Arm tells whether the image is for Arm processors.
func (s Settings) Arm() bool { return s.BuildPlatform() == platformArm }

// Requests are the resource requests of a pod, as text and as numbers; 0 means that the
// text is not valid.
type Requests struct {
	CPU, Memory     string
	MilliCPU, Bytes int64
}

// Requests are the resource requests of a pod.
func (s Settings) Requests() Requests {
	r := Requests{CPU: cmp.Or(s.CPU, defaultCPU), Memory: cmp.Or(s.Memory, defaultMemory)}
	if cpu, err := resource.ParseQuantity(r.CPU); err == nil {
		r.MilliCPU = cpu.MilliValue()
	}
	if memory, err := resource.ParseQuantity(r.Memory); err == nil {
		r.Bytes = memory.Value()
	}
	return r
}

// MemoryBytes is a pod's memory, in bytes, of settings that are valid.
func (s Settings) MemoryBytes() int64 {
	memory := resource.MustParse(s.memory())
	return memory.Value()
}

func (s Settings) logLevel() string { return cmp.Or(s.LogLevel, "info") }
func (s Settings) drain() int       { return cmp.Or(s.DrainSeconds, defaultDrainSeconds) }
func (s Settings) shutdown() int    { return cmp.Or(s.ShutdownSeconds, defaultShutdownSeconds) }
