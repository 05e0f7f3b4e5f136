package stack_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// A plan fails where what was made differs from what is declared; these are values that
// Google and Kubernetes write in another way.
func TestNoUpdateChangesWhatTheLastOneMade(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]plan.Change{
		"a processor in thousandths":    plan.Set("api.cpu", "1000m"),
		"a part of a processor":         plan.Set("api.cpu", "0.5"),
		"less than a thousandth":        plan.Set("api.cpu", "100.5m"),
		"memory that is a round number": plan.Set("api.memory", "1024Mi"),
		"memory in bytes":               plan.Set("api.memory", "268435456"),
		"rules that only log":           plan.Set("armor.preview", true),
		"a redirect of plain HTTP":      plan.Set("kubernetes.ingress.redirectHttp", true),
	} {
		for _, stack := range []string{"dev", "local"} {
			t.Run(stack+", "+name, func(t *testing.T) {
				t.Parallel()
				_, err := plan.Make(stacktest.Root(t), stack, change)
				require.NoError(t, err)
			})
		}
	}
}
