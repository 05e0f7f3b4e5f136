package workload

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAWaitCoversEveryRolloutThatIsFine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings                         Settings
		rolloutTimeout, progressDeadline time.Duration
	}{
		"the smallest":                {Settings{Replicas: Replicas{1, 1}, DrainSeconds: 2, ShutdownSeconds: 10}, 10 * time.Minute, 10 * time.Minute},
		"twelve pods that settle":     {Settings{Replicas: Replicas{3, 12}, SettleSeconds: 60}, 32*time.Minute + 35*time.Second, 10*time.Minute + 35*time.Second},
		"three pods that settle long": {Settings{Replicas: Replicas{3, 3}, SettleSeconds: 300}, 26*time.Minute + 35*time.Second, 14*time.Minute + 35*time.Second},
		"pods that leave slowly":      {Settings{Replicas: Replicas{1, 2}, DrainSeconds: 565}, 19 * time.Minute, 18 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.rolloutTimeout, c.settings.rolloutTimeout())
			assert.Equal(t, c.progressDeadline, c.settings.progressDeadline())
			ideal := time.Duration(c.settings.Replicas.Max*c.settings.SettleSeconds) * time.Second
			assert.Greater(t, c.settings.rolloutTimeout(), ideal+c.settings.terminationTime())
		})
	}
}

func TestATimeoutGrowsWithPodsSettlingAndDraining(t *testing.T) {
	t.Parallel()
	base := Settings{Replicas: Replicas{2, 10}, SettleSeconds: 60}
	more, longer, slower := base, base, base
	more.Replicas.Max, longer.SettleSeconds, slower.DrainSeconds = 11, 61, 61
	assert.Equal(t, base.rolloutTimeout()+2*time.Minute, more.rolloutTimeout())
	assert.Equal(t, base.rolloutTimeout()+10*time.Second, longer.rolloutTimeout())
	assert.Equal(t, base.rolloutTimeout()+time.Second, slower.rolloutTimeout())
	assert.Equal(t, "1955s", inSeconds(Settings{Replicas: Replicas{3, 12}, SettleSeconds: 60}.rolloutTimeout()))
}
