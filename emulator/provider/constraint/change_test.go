package constraint_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

// settled says what a change of a type's properties does.
type settled struct {
	typ string
	// replaces cannot change in place, updates can.
	replaces, updates []string
	source            string
}

// once is a property that can change in one direction only.
type once struct {
	typ, path      string
	from, to, back any // to is an update, back a replacement
	what           string
}

// words splits a list of properties.
func words(text string) []string { return strings.Fields(text) }

func oneWay() []once {
	return []once{
		{gcp.TypeSubnetwork, "ipCidrRange", "10.0.0.0/20", "10.0.0.0/16", "10.0.0.0/24", "a narrower range"},
		{gcp.TypeDatabaseInstance, "settings.diskSize", 20, 50, 10, "a smaller disk"},
		{gcp.TypeRedisInstance, "redisVersion", "REDIS_6_X", "REDIS_7_2", "REDIS_5_0", "an older version"},
	}
}

// onceOn are switches, by type: each can be turned on in place, and turning it off
// replaces the resource.
func onceOn() map[string]string {
	return map[string]string{gcp.TypeCluster: "enableL4IlbSubsetting"}
}

// diff asks what the engine is told about a change of one value.
func (w *fixture) diff(typ, path string, from, to any) *pulumirpc.DiffResponse {
	w.t.Helper()
	change := func(value any) made {
		return made{typ, "it", put(map[string]any{"name": "it", "metadata": map[string]any{"name": "it"}}, strings.Split(path, "."), value)}
	}
	response, err := w.server(typ).Diff(w.t.Context(), &pulumirpc.DiffRequest{
		Id: "an-id", Urn: change(from).urn(), OldInputs: w.wire(change(from).inputs), News: w.wire(change(to).inputs),
	})
	require.NoError(w.t, err)
	require.Equal(w.t, pulumirpc.DiffResponse_DIFF_SOME, response.GetChanges(), "%s: %s", typ, path)
	return response
}

func TestAChangeReplacesOrUpdatesAsTheProviderDocuments(t *testing.T) {
	t.Parallel()
	for _, s := range slices.Concat(settledGoogle(), settledKubernetes()) {
		t.Run(s.typ, func(t *testing.T) {
			t.Parallel()
			require.True(t, strings.HasPrefix(s.source, "https://"))
			w := newFixture(t)
			for _, path := range s.replaces {
				top, _, _ := strings.Cut(path, ".")
				assert.Equal(t, []string{top}, w.diff(s.typ, path, "a", "b").GetReplaces(), "a change of %s replaces", path)
			}
			for _, path := range s.updates {
				assert.Empty(t, w.diff(s.typ, path, "a", "b").GetReplaces(), "a change of %s is an update", path)
			}
		})
	}
	for _, o := range oneWay() {
		t.Run(o.what, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			assert.Empty(t, w.diff(o.typ, o.path, o.from, o.to).GetReplaces())
			assert.NotEmpty(t, w.diff(o.typ, o.path, o.from, o.back).GetReplaces())
		})
	}
	for typ, path := range onceOn() {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			assert.Empty(t, w.diff(typ, path, false, true).GetReplaces())
			assert.Equal(t, []string{path}, w.diff(typ, path, true, false).GetReplaces())
		})
	}
}

// TestEveryPropertyThatAStackDeclaresIsSettled: what a change of it does is in the
// table above, and the provider knows its type.
func TestEveryPropertyThatAStackDeclaresIsSettled(t *testing.T) {
	t.Parallel()
	known := map[string][]string{}
	for _, s := range slices.Concat(settledGoogle(), settledKubernetes()) {
		require.NotContains(t, known, s.typ, "twice in the table")
		known[s.typ] = []string{"apiVersion", "kind"} // what makes an object one of its type
		for _, path := range slices.Concat(s.replaces, s.updates) {
			top, _, _ := strings.Cut(path, ".")
			known[s.typ] = append(known[s.typ], top)
		}
	}
	for _, o := range oneWay() {
		top, _, _ := strings.Cut(o.path, ".")
		known[o.typ] = append(known[o.typ], top)
	}
	for typ, path := range onceOn() {
		known[typ] = append(known[typ], path)
	}
	w := newFixture(t)
	provided := append(w.google.Kinds(), w.kubernetes.Kinds()...)
	declared := inventory(t)
	require.Greater(t, len(declared), 50)
	for _, typ := range slices.Sorted(maps.Keys(declared)) {
		assert.Contains(t, provided, typ, "a stack declares what the embedded cloud does not know")
		for _, property := range declared[typ] {
			assert.Contains(t, known[typ], property, "%s: is a change of %s an update or a replacement?", typ, property)
		}
	}
}

func settledKubernetes() []settled {
	const source = "https://github.com/pulumi/pulumi-kubernetes/blob/v4.33.0/provider/pkg/provider/diff.go"
	object := func(typ, replaces, updates string) settled {
		return settled{
			typ:      typ,
			replaces: append(words("metadata.name metadata.namespace"), words(replaces)...),
			updates:  append(words("metadata.labels metadata.annotations"), words(updates)...),
			source:   source,
		}
	}
	return []settled{
		object(kubernetes.TypeNamespace, "", ""),
		object("kubernetes:core/v1:ServiceAccount", "", "automountServiceAccountToken"),
		object(kubernetes.TypeConfigMap, "data binaryData", ""),
		object(kubernetes.TypeSecret, "data stringData type", ""),
		object(kubernetes.TypeService, "spec.clusterIP", "spec.ports spec.selector"),
		object("kubernetes:core/v1:ResourceQuota", "spec.scopes", "spec.hard"),
		object(kubernetes.TypeDeployment, "spec.selector", "spec.template spec.replicas spec.strategy"),
		object(kubernetes.TypeJob, "spec.template spec.selector spec.completions spec.parallelism", "spec.activeDeadlineSeconds"),
		object(kubernetes.TypeAutoscaler, "", "spec"),
		object(kubernetes.TypeIngress, "", "spec"),
		object(kubernetes.TypeIngressPatch, "", "spec"),
		object(kubernetes.TypeNetworkPolicy, "", "spec"),
		object("kubernetes:policy/v1:PodDisruptionBudget", "", "spec"),
		object("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "roleRef", "subjects"),
		object(configType, "", "spec"),
		object(frontendType, "", "spec"),
		object(certificateType, "", "spec"),
		object("kubernetes:monitoring.googleapis.com/v1:PodMonitoring", "", "spec"),
	}
}
