package lifetime_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

func TestDrillOfAnAddressThatSomebodyElseHas(t *testing.T) {
	if testing.Short() {
		t.Skip("previews a whole stack; make drills runs it")
	}
	w := newFixture(t, "dev")
	theirs := map[string]any{"name": "license-dev", "address": "203.0.113.7", "addressType": "EXTERNAL", "project": "coditect-licenses-dev"}
	require.NoError(t, w.cloud.Store.Put(store.Resource{
		Type: gcp.TypeGlobalAddress, ID: "projects/coditect-licenses-dev/global/addresses/license-dev", Inputs: theirs, Outputs: theirs,
	}))
	refused := w.open(t).Preview(t.Context(), func(engine.Step) {})
	require.ErrorContains(t, refused, "the address license-dev exists already, and this stack does not have it (203.0.113.7): set network.edgeAddress.adopt: true")
	w.set(t, "network", []string{"edgeAddress", "name"}, "license-ours")
	require.NoError(t, w.open(t).Preview(t.Context(), func(engine.Step) {}))
}

func TestDrillOfALogSinkThatSomebodyElseHas(t *testing.T) {
	if testing.Short() {
		t.Skip("previews a whole stack; make drills runs it")
	}
	w := newFixture(t, "dev")
	exists := func(destination string) {
		theirs := map[string]any{"name": "license-platform", "destination": destination, "project": "coditect-licenses-dev"}
		require.NoError(t, w.cloud.Store.Put(store.Resource{
			Type: gcp.TypeLogSink, ID: "projects/coditect-licenses-dev/sinks/license-platform", Inputs: theirs, Outputs: theirs,
		}))
	}
	exists("storage.googleapis.com/their-archive")
	refused := w.open(t).Preview(t.Context(), func(engine.Step) {})
	require.ErrorContains(t, refused, "the log sink license-platform exists already, and this stack does not have it (it leads into storage.googleapis.com/their-archive): set another observe.bucket")
	exists("logging.googleapis.com/projects/coditect-licenses-dev/locations/us-central1/buckets/license-platform")
	require.NoError(t, w.open(t).Preview(t.Context(), func(engine.Step) {}), "what an update left that was cut off")
}
