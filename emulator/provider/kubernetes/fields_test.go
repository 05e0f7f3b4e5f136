package kubernetes_test

import (
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/kubectl"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// theirs is an Ingress of somebody who uses kubectl, with more than rules.
func theirs() map[string]any {
	made := ingress(map[string]any{"kubernetes.io/ingress.class": "gce", "theirs": "yes"}, path("Prefix"))
	made["metadata"].(map[string]any)["labels"] = map[string]any{"team": "ide"}
	spec := made["spec"].(map[string]any)
	spec["tls"] = []any{map[string]any{"secretName": "ide"}}
	spec["defaultBackend"] = map[string]any{"service": map[string]any{"name": "api", "port": map[string]any{"number": 80}}}
	return made
}

// ours is what a program declares of it: the rules with one more, and an
// annotation.
func ours(annotations map[string]any) map[string]any {
	return ingress(annotations, path("Prefix"), path("Exact"))
}

// shared is a cluster with their Ingress in it, and a provider that may take over
// what exists.
func shared(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t)
	live, err := kubectl.Apply(nil, theirs())
	require.NoError(t, err)
	require.NoError(t, c.store.Put(store.Resource{Type: kubernetes.TypeIngress, ID: "app/it", Inputs: theirs(), Outputs: live}))
	_, err = c.server.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: c.wire(map[string]any{"upsertExistingObjects": true})})
	require.NoError(t, err)
	return c
}

func (c *cluster) update(typ string, before, after map[string]any) (provider.Properties, error) {
	response, err := c.server.Update(c.t.Context(), &pulumirpc.UpdateRequest{
		Id: "app/it", Urn: urn(typ), OldInputs: c.wire(before), Olds: c.wire(before), News: c.wire(after),
	})
	if err != nil {
		return nil, err
	}
	decoded, err := plugin.UnmarshalProperties(response.GetProperties(), plugin.MarshalOptions{})
	require.NoError(c.t, err)
	return decoded.Mappable(), nil
}

func (c *cluster) live() provider.Properties {
	present, exists := c.store.Get(kubernetes.TypeIngress, "app/it")
	require.True(c.t, exists)
	return present.Outputs
}

// kept asserts that everything of theirs is there.
func (c *cluster) kept() {
	c.t.Helper()
	live := c.live()
	assert.Equal(c.t, "yes", live.Object("metadata.annotations")["theirs"])
	assert.NotEmpty(c.t, live.Object("metadata.annotations")["kubectl.kubernetes.io/last-applied-configuration"])
	assert.Equal(c.t, "ide", live.Text("metadata.labels.team"))
	assert.Len(c.t, live.List("spec.tls"), 1)
	assert.Equal(c.t, "api", live.Text("spec.defaultBackend.service.name"))
}

func forced(more map[string]any) map[string]any {
	all := map[string]any{"pulumi.com/patchForce": "true"}
	maps.Copy(all, more)
	return all
}

func TestTheFirstUpdateOfAnAdoptedObjectRemovesWhatKubectlSetOnIt(t *testing.T) {
	t.Parallel()
	c := shared(t)
	_, err := c.create(kubernetes.TypeIngress, ours(forced(nil)))
	require.NoError(t, err)
	c.kept()
	_, err = c.update(kubernetes.TypeIngress, ours(forced(nil)), ours(forced(map[string]any{"ours": "yes"})))
	require.NoError(t, err)
	live := c.live()
	assert.Equal(t, "yes", live.Object("metadata.annotations")["ours"])
	assert.NotContains(t, live.Object("metadata.annotations"), "theirs")
	assert.Empty(t, live.Object("metadata.labels"))
	assert.Empty(t, live.List("spec.tls"))
	assert.Empty(t, live.Object("spec.defaultBackend"))
}

func TestAPatchKeepsWhatOthersSet(t *testing.T) {
	t.Parallel()
	c := shared(t)
	first, second := ours(forced(nil)), ours(forced(map[string]any{"ours": "yes"}))
	_, err := c.create(kubernetes.TypeIngressPatch, first)
	require.NoError(t, err)
	for _, step := range []func(){
		func() {},
		func() { // kubectl annotate
			live, err := kubectl.Annotate(c.live(), "later", "yes")
			require.NoError(t, err)
			c.put(live)
		},
		func() { // kubectl apply: the rule of ours goes, what is not in a list stays
			live, err := kubectl.Apply(c.live(), theirs())
			require.NoError(t, err)
			c.put(live)
			assert.Len(t, live["spec"].(map[string]any)["rules"].([]any)[0].(map[string]any)["http"].(map[string]any)["paths"], 1)
		},
		func() { // kubectl apply --server-side
			_, err := kubectl.ApplyServerSide(c.live(), theirs(), false)
			require.ErrorContains(t, err, "conflict")
		},
	} {
		step()
		_, err = c.update(kubernetes.TypeIngressPatch, first, second)
		require.NoError(t, err)
		c.kept()
		assert.Len(t, c.live().List("spec.rules.0.http.paths"), 2)
		assert.Equal(t, "yes", c.live().Object("metadata.annotations")["ours"])
	}
	assert.Equal(t, "yes", c.live().Object("metadata.annotations")["later"])
	_, err = c.update(kubernetes.TypeIngressPatch, second, first)
	require.NoError(t, err)
	assert.NotContains(t, c.live().Object("metadata.annotations"), "ours", "what a patch declares no more goes")
	c.kept()
}

func (c *cluster) put(live map[string]any) {
	present, _ := c.store.Get(kubernetes.TypeIngress, "app/it")
	present.Outputs = live
	require.NoError(c.t, c.store.Put(present))
}

func TestAPatchWithoutForceConflictsWithTheOwner(t *testing.T) {
	t.Parallel()
	_, err := shared(t).create(kubernetes.TypeIngressPatch, ours(nil))
	require.ErrorContains(t, err, `conflict with "kubectl-client-side-apply"`)
	require.ErrorContains(t, err, ".spec.rules")
}

func TestDeletingAPatchTakesTheRulesWithIt(t *testing.T) {
	t.Parallel()
	c := shared(t)
	_, err := c.create(kubernetes.TypeIngressPatch, ours(forced(nil)))
	require.NoError(t, err)
	_, err = c.server.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: "app/it", Urn: urn(kubernetes.TypeIngressPatch)})
	require.NoError(t, err)
	c.kept()
	assert.Empty(t, c.live().List("spec.rules"), "rules are one list with one owner: ours, since the patch")
}

func TestARefreshOfAPatchComparesWhatItDeclares(t *testing.T) {
	t.Parallel()
	c := shared(t)
	declared := ours(forced(nil))
	_, err := c.create(kubernetes.TypeIngressPatch, declared)
	require.NoError(t, err)
	read := func(inputs map[string]any) provider.Properties {
		response, err := c.server.Read(t.Context(), &pulumirpc.ReadRequest{Id: "app/it", Urn: urn(kubernetes.TypeIngressPatch), Inputs: c.wire(inputs)})
		require.NoError(t, err)
		decoded, err := plugin.UnmarshalProperties(response.GetInputs(), plugin.MarshalOptions{})
		require.NoError(t, err)
		return decoded.Mappable()
	}
	assert.Equal(t, c.wire(declared).AsMap(), c.wire(read(declared)).AsMap(), "what others declare is no difference")
	live, err := kubectl.Apply(c.live(), theirs())
	require.NoError(t, err)
	c.put(live)
	assert.Len(t, read(declared).List("spec.rules.0.http.paths"), 1)
	whole := read(map[string]any{})
	assert.Equal(t, "ide", whole.Text("metadata.labels.team"), "an import takes everything")
	assert.Empty(t, whole.List("metadata.managedFields"))
}
