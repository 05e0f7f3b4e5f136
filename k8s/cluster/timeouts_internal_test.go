package cluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAChangeOfTheNodesHasTimeForEachOfThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		perZone int
		want    time.Duration
	}{
		"few nodes":   {1, 2 * time.Hour},
		"twelve":      {4, 2 * time.Hour},
		"thirteen up": {5, 150 * time.Minute},
		"very many":   {100, 50 * time.Hour},
	} {
		assert.Equal(t, c.want, Settings{MaxNodes: c.perZone}.updateTimeout(), name)
	}
}
