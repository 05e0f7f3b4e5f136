// Package machine reads the properties of a Compute Engine machine from the name of its
// type (https://cloud.google.com/compute/docs/machine-resource#naming).
package machine

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// form is the form of machine type names.
var form = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)+$`)

// IsName tells whether a text looks like the name of a machine type.
func IsName(text string) bool { return form.MatchString(text) }

// series is what a name begins with, "n2" of n2-standard-4.
func series(name string) string {
	first, _, _ := strings.Cut(name, "-")
	return first
}

// Arm tells whether a type's processors are Arm's. All others are x86
// (https://cloud.google.com/compute/docs/instances/arm-on-compute).
func Arm(name string) bool {
	return slices.Contains([]string{"t2a", "c4a", "n4a", "a4x"}, series(name))
}

// Hyperdisk tells whether machines of a type need Hyperdisk and do not support Persistent
// Disk: those from the fourth generation on
// (https://cloud.google.com/compute/docs/disks/hyperdisks#machine-type-support).
func Hyperdisk(name string) bool {
	parts := regexp.MustCompile(`^[a-z]+([0-9]+)[a-z]*$`).FindStringSubmatch(series(name))
	if parts == nil {
		return false
	}
	generation, err := strconv.Atoi(parts[1])
	return err == nil && generation >= 4
}

// Allocatable is at most how much CPU, in thousandths, and memory, in MiB, GKE leaves to
// the pods of a node; 0 is what the name does not say. GKE's own pods take some of it
// (https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes#memory_and_cpu_reservations).
func Allocatable(name string) (milliCPU, mebibytes int) {
	cpus, memory := size(name)
	if cpus == 0 {
		return 0, 0
	}
	const reservedShared = 1060 // of a machine that has a part of two processors
	reserved := reservedShared
	if !shared(name) {
		reserved = below(cpus*1000, []step{{1000, 0.06}, {2000, 0.01}, {4000, 0.005}, {1 << 30, 0.0025}})
	}
	milliCPU = cpus*1000 - reserved
	if memory == 0 {
		return milliCPU, 0
	}
	const gib, eviction, leastReserved = 1024, 100, 255
	kept := leastReserved
	if memory >= gib {
		kept = below(memory, []step{{4 * gib, 0.25}, {8 * gib, 0.2}, {16 * gib, 0.1}, {128 * gib, 0.06}, {1 << 30, 0.02}})
	}
	return milliCPU, memory - kept - eviction
}

// step is the share that is reserved of what lies below a bound and above the one before.
type step struct {
	upTo  int
	share float64
}

func below(whole int, steps []step) int {
	sum, from := 0.0, 0
	for _, s := range steps {
		sum += s.share * float64(max(0, min(whole, s.upTo)-from))
		from = s.upTo
	}
	return int(sum)
}

// shared tells whether machines of a type have a part of their processors' time.
func shared(name string) bool {
	return slices.Contains([]string{"e2-micro", "e2-small", "e2-medium"}, name)
}

// size is how many processors a machine has, and at most how much memory in MiB.
func size(name string) (cpus, mebibytes int) {
	if shared(name) {
		return 2, map[string]int{"e2-micro": 1024, "e2-small": 2048, "e2-medium": 4096}[name]
	}
	if parts := regexp.MustCompile(`^(?:[a-z][a-z0-9]*-)?custom-([0-9]{1,4})-([0-9]{1,8})(?:-ext)?$`).FindStringSubmatch(name); parts != nil {
		return number(parts[1]), number(parts[2])
	}
	parts := regexp.MustCompile(`^[a-z][a-z0-9]*-([a-z]+)-([0-9]{1,4})(?:-[a-z]+)?$`).FindStringSubmatch(name)
	if parts == nil {
		return 0, 0
	}
	// The most of any series, in MiB for each processor.
	each := map[string]int{"standard": 4096, "highmem": 8192, "highcpu": 2048}
	cpus = number(parts[2])
	return cpus, cpus * each[parts[1]]
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}
