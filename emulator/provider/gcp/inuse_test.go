package gcp

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

func TestWhatTheLoadBalancerUsesIsNotDeleted(t *testing.T) {
	t.Parallel()
	w := &Cloud{Store: store.New(), UsedBy: func(typ, name string) string {
		if name == "used" {
			return "projects/p/global/users/of-" + typ
		}
		return ""
	}}
	for _, kind := range []provider.Kind{w.securityPolicy(), w.sslPolicy(), w.globalAddress()} {
		used := store.Resource{Type: kind.Type, ID: "projects/p/global/things/used", Outputs: map[string]any{"name": "used"}}
		free := store.Resource{Type: kind.Type, ID: "projects/p/global/things/free", Outputs: map[string]any{"name": "free"}}
		require.ErrorContains(t, kind.Refusal(used), "'projects/p/global/things/used' is already being used by 'projects/p/global/users/of-"+kind.Type+"'")
		assert.NoError(t, kind.Refusal(free))
	}
}

func TestAPolicysRulesGoWithIt(t *testing.T) {
	t.Parallel()
	w := &Cloud{Store: store.New()}
	for _, id := range []string{"p/securityPolicies/a/priority/1", "p/securityPolicies/a/priority/2", "p/securityPolicies/ab/priority/1"} {
		require.NoError(t, w.Store.Put(store.Resource{Type: TypeSecurityPolicyRule, ID: id}))
	}
	require.NoError(t, w.securityPolicy().Remove(t.Context(), store.Resource{Type: TypeSecurityPolicy, ID: "p/securityPolicies/a"}))
	left := w.Store.List(TypeSecurityPolicyRule)
	require.Len(t, left, 1)
	assert.Equal(t, "p/securityPolicies/ab/priority/1", left[0].ID)
}
