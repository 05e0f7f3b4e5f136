package kubernetes_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/stack/retry"
)

func TestAPodMonitoringIsMadeOnlyWhenItsWebhookAnswers(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	answers := false
	c.world.OperatorAnswers = func() bool { return answers }
	monitoring := object("monitoring.googleapis.com/v1", "PodMonitoring", map[string]any{"spec": map[string]any{
		"selector": map[string]any{"matchLabels": map[string]any{"app": "api"}}, "endpoints": []any{map[string]any{"port": "metrics", "interval": "30s"}},
	}})
	_, err := c.create(kubernetes.TypePodMonitoring, monitoring)
	require.ErrorContains(t, err, `no endpoints available for service "gmp-operator"`)
	assert.True(t, retry.IsTransient(kubernetes.TypePodMonitoring, err.Error()), "the stack tries it again")
	assert.Empty(t, c.store.List(kubernetes.TypePodMonitoring))
	answers = true
	_, err = c.create(kubernetes.TypePodMonitoring, monitoring)
	require.NoError(t, err)
}
