package attack

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRunsOfOneMinuteShareNoClientAddress(t *testing.T) {
	t.Parallel()
	const ofOneRun = 3500
	run := func(at time.Time) map[netip.Addr]bool {
		target, all := &Target{next: firstAddress(at)}, map[netip.Addr]bool{}
		for range ofOneRun {
			all[target.address()] = true
		}
		return all
	}
	began := time.Date(2026, 12, 1, 5, 0, 0, 0, time.UTC)
	first := run(began)
	assert.Len(t, first, ofOneRun)
	benchmarks := netip.MustParsePrefix("198.18.0.0/15")
	for address := range first {
		assert.True(t, benchmarks.Contains(address), "%s", address)
	}
	for later := 4 * time.Second; later <= time.Minute; later += time.Second {
		for address := range run(began.Add(later)) {
			assert.False(t, first[address], "%s later %s is used again", later, address)
		}
	}
}
