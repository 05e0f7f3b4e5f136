// Package stacktest plans the stacks for tests, which fail when that does.
package stacktest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/setting/stackfile"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// Stacks are all that have settings in the module's root.
func Stacks(t testing.TB) []string {
	t.Helper()
	return stackfile.Names(Root(t))
}

// OnCalico moves prod to a cluster that enforces NetworkPolicies with Calico.
func OnCalico() plan.Change {
	return func(r *plan.Run) {
		plan.Set("kubernetes.networkPolicies.dataplane", "calico")(r)
		plan.Found("gcp:container/getCluster:getCluster", map[string]any{
			"datapathProvider": "", "networkPolicies": []any{map[string]any{"enabled": true, "provider": "CALICO"}},
			"servicesIpv4Cidr": "10.30.0.0/20",
		})(r)
	}
}

// Deploy runs the program for a stack and fails the test unless it succeeds.
func Deploy(t testing.TB, name string, changes ...plan.Change) *plan.Plan {
	t.Helper()
	made, err := Try(t, name, changes...)
	require.NoError(t, err)
	return made
}

// Try runs the program for a stack; the plan holds what was declared before an
// error.
func Try(t testing.TB, name string, changes ...plan.Change) (*plan.Plan, error) {
	t.Helper()
	return plan.Make(Root(t), name, changes...)
}

// Root is the module's root.
func Root(t testing.TB) string {
	t.Helper()
	root, err := plan.Root(".")
	require.NoError(t, err)
	return root
}
