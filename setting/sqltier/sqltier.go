// Package sqltier knows the machines of Cloud SQL for PostgreSQL whose CPUs and memory a user chooses
// (https://cloud.google.com/sql/docs/postgres/create-instance#machine-types).
package sqltier

import (
	"fmt"
	"regexp"
	"strconv"
)

// Custom is a db-custom tier.
type Custom struct {
	CPUs int
	// Memory is in MiB.
	Memory int
}

var form = regexp.MustCompile(`^db-custom-(0|[1-9][0-9]*)-(0|[1-9][0-9]*)$`)

// Parse reads db-custom-CPUS-MEMORYMIB, for example db-custom-2-7680; custom is false for every other text.
func Parse(tier string) (parsed Custom, custom bool) {
	parts := form.FindStringSubmatch(tier)
	if parts == nil {
		return Custom{}, false
	}
	// A number that is too long becomes the largest, which Check refuses.
	parsed.CPUs, _ = strconv.Atoi(parts[1])
	parsed.Memory, _ = strconv.Atoi(parts[2])
	return parsed, true
}

// Check says why Cloud SQL does not offer a machine, and what it offers instead; both are empty for a valid
// machine: one CPU or an even number up to 96, 0.9 to 6.5 GiB of memory a CPU and at least 3.75 GiB, a multiple of
// 256 MiB.
func (c Custom) Check() (why, allowed string) {
	if c.CPUs < 1 || c.CPUs > 96 || c.CPUs > 1 && c.CPUs%2 != 0 {
		return fmt.Sprintf("has %d CPUs", c.CPUs), "1, or an even number up to 96"
	}
	// In tenths of a GiB.
	least, most := max(3840, c.CPUs*9*1024/10), c.CPUs*65*1024/10
	if c.Memory < least || c.Memory > most || c.Memory%256 != 0 {
		return fmt.Sprintf("has %d MiB of memory for %d CPUs", c.Memory, c.CPUs), fmt.Sprintf("%d to %d, a multiple of 256", least, most)
	}
	return "", ""
}
