package kubernetes_test

import (
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

// scale sets the number of pods as somebody does who is no program of Pulumi's.
func (c *cluster) scale(who string, replicas int64) {
	c.t.Helper()
	present, exists := c.store.Get(kubernetes.TypeDeployment, "app/it")
	require.True(c.t, exists)
	live := present.Outputs
	next := map[string]any{}
	for key, value := range live {
		next[key] = value
	}
	spec := map[string]any{"replicas": replicas}
	for key, value := range live["spec"].(map[string]any) {
		if key != "replicas" {
			spec[key] = value
		}
	}
	next["spec"] = spec
	scaled, err := apiserver.Update(live, next, who)
	require.NoError(c.t, err)
	present.Outputs = scaled
	require.NoError(c.t, c.store.Put(present))
}

func TestANumberOfPodsThatNobodyDeclaresFallsToOneUnlessItsChangesAreIgnored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		who    string
		ignore []string
		want   int32
	}{
		"set with kubectl":                       {"kubectl-patch", nil, 1},
		"set with kubectl, and ignored":          {"kubectl-patch", []string{"spec.replicas"}, 6},
		"set by the autoscaler":                  {"kube-controller-manager", nil, 6},
		"set by the autoscaler, and ignored":     {"kube-controller-manager", []string{"spec.replicas"}, 6},
		"set by a console, which nobody handles": {"console", []string{"spec.replicas"}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newCluster(t)
			before, after := deployment(nil, nil), deployment(map[string]any{"image": "127.77.8.13:5000/p/r/api@sha256:def"}, nil)
			_, err := k.create(kubernetes.TypeDeployment, before)
			require.NoError(t, err)
			k.scale(c.who, 6)
			for _, step := range []struct{ before, after map[string]any }{{before, after}, {after, before}, {before, after}} {
				_, err = k.server.Update(t.Context(), &pulumirpc.UpdateRequest{
					Id: "app/it", Urn: urn(kubernetes.TypeDeployment), IgnoreChanges: c.ignore,
					OldInputs: k.wire(step.before), Olds: k.wire(step.before), News: k.wire(step.after),
				})
				require.NoError(t, err)
				assert.Equal(t, c.want, k.kubelet.replicas["it"])
			}
			k.scale("kube-controller-manager", 4)
			_, err = k.server.Update(t.Context(), &pulumirpc.UpdateRequest{
				Id: "app/it", Urn: urn(kubernetes.TypeDeployment), IgnoreChanges: c.ignore,
				OldInputs: k.wire(after), Olds: k.wire(after), News: k.wire(before),
			})
			require.NoError(t, err)
			assert.Equal(t, int32(4), k.kubelet.replicas["it"], "the autoscaler may change it again")
		})
	}
}
