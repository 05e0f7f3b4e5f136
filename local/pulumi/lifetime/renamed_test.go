package lifetime_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// TestDrillOfAnotherNameInTheCluster gives the Ingress and the namespace other names.
func TestDrillOfAnotherNameInTheCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a stack; make drills runs it")
	}
	w := newFixture(t, "dev")
	_, err := w.up(t)
	require.NoError(t, err)
	for _, changed := range []string{"ingress", "namespace"} {
		w.set(t, "kubernetes", []string{changed, "name"}, "another")
		require.NoError(t, w.open(t).Preview(t.Context(), func(engine.Step) {}))
		_, err := w.up(t)
		require.NoError(t, err, changed)
		changes, err := w.up(t)
		require.NoError(t, err)
		assert.Empty(t, changes, changed)
	}
}

// TestDrillOfNamesThatStay gives what a stack has made other names, which a preview refuses
// before anything is touched.
func TestDrillOfNamesThatStay(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the lives of two stacks; make drills runs it")
	}
	for stack, names := range map[string][]struct {
		change setting
		says   string
	}{
		"dev": {
			{setting{"kubernetes", []string{"cluster", "name"}, "license-other"}, `kubernetes.cluster.name = "license-other": was license-dev in the last update`},
			{setting{"network", []string{"edgeAddress", "name"}, "license-other"}, `network.edgeAddress.name = "license-other": was license-dev in the last update`},
			{setting{"network", []string{"nodesRange"}, "10.11.0.0/20"}, `network.nodesRange = "10.11.0.0/20": was 10.10.0.0/20 when license-dev was made`},
			{setting{"platform", []string{"project"}, "another-one"}, `platform.project = "another-one": was coditect-licenses-dev when the database was made`},
		},
		"prod": {
			{setting{"network", []string{"privateServicesRangeName"}, "coditect-services"}, `network.privateServicesRangeName = "coditect-services": the platform has reserved`},
		},
	} {
		t.Run(stack, func(t *testing.T) {
			w := newFixture(t, stack)
			_, err := w.up(t)
			require.NoError(t, err)
			for _, name := range names {
				w.settings = map[string]any{}
				w.set(t, name.change.section, name.change.path, name.change.value)
				if stack == "prod" {
					w.set(t, "network", []string{"privateServicesRange"}, "")
					w.set(t, "network", []string{"stayingPrivateServicesRanges"}, []any{})
				}
				require.ErrorContains(t, w.open(t).Preview(t.Context(), func(engine.Step) {}), name.says)
			}
			w.settings = map[string]any{}
			changes, err := w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes)
		})
	}
}

// TestDrillOfARangeThatStays brings prod up in the range of others, and then wants one of its own.
func TestDrillOfARangeThatStays(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the life of a stack; make drills runs it")
	}
	w := newFixture(t, "prod")
	section := func(own, named string, staying ...any) {
		w.set(t, "network", []string{"privateServicesRange"}, own)
		w.set(t, "network", []string{"privateServicesRangeName"}, named)
		w.set(t, "network", []string{"stayingPrivateServicesRanges"}, append([]any{}, staying...))
	}
	section("", "coditect-services")
	_, err := w.up(t)
	require.NoError(t, err)
	section("10.60.0.0/20", "", "coditect-services")
	refused := w.open(t).Preview(t.Context(), func(engine.Step) {})
	require.ErrorContains(t, refused, `network.privateServicesRange = "10.60.0.0/20": does not have 10.50.`)
	require.ErrorContains(t, refused, "network.privateServicesRangeName: coditect-services, and no network.privateServicesRange")

	section("", "coditect-services")
	changes, err := w.up(t)
	require.NoError(t, err)
	assert.Empty(t, changes)
}
