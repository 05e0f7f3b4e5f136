package lifetime_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// TestDrillOfAStackThatGoesOnWithTheOldKeys does what docs/destroy.md says below "Go on with the
// old keys".
func TestDrillOfAStackThatGoesOnWithTheOldKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the lives of two stacks; make drills runs it")
	}
	for name, unprotected := range map[string][]setting{
		"dev":  {{"kubernetes", []string{"cluster", "deletionProtection"}, false}},
		"prod": {{"kubernetes", []string{"ingress", "giveBack"}, true}},
	} {
		t.Run(name, func(t *testing.T) {
			withLanguage(t)
			w := newFixture(t, name)
			before := w.cloud.Store.List()
			w.liveAndEnd(t, unprotected)
			if name == "prod" {
				w.set(t, "kubernetes", []string{"ingress", "giveBack"}, false)
			}
			for words, s := range remedies() {
				if !strings.Contains(words, "ring") {
					w.set(t, s.section, s.path, s.value)
				}
			}
			keys := len(w.cloud.Store.List(gcp.TypeCryptoKey))
			refused := w.open(t).Preview(t.Context(), func(engine.Step) {})
			require.ErrorContains(t, refused, "how to go on with the old ring, is in docs/destroy.md")

			_, problem := w.up(t)
			require.ErrorContains(t, problem, "keyRings/")
			commands := w.heal(t, problem)
			assert.Equal(t, 1, commands, "the ring")
			require.NoError(t, w.open(t).Preview(t.Context(), func(engine.Step) {}), "only the ring is refused in a preview")
			for range keys {
				_, problem = w.up(t)
				require.Error(t, problem)
				if strings.Contains(problem.Error(), "is not enabled, current state is: DESTROY_SCHEDULED") {
					break
				}
				commands += w.heal(t, problem)
			}
			require.ErrorContains(t, problem, "is not enabled", "the versions were not restored yet")

			w.restoreVersions(t)
			_, more := w.untilItGetsThrough(t)
			assert.Equal(t, keys+1, commands+more, "each key, and the ring")
			assert.Len(t, w.cloud.Store.List(gcp.TypeCryptoKey), keys, "no key was made anew")
			assert.NotContains(t, w.leftOver(t, before), gcp.TypeCryptoKey)
			for _, key := range w.cloud.Store.List(gcp.TypeCryptoKey) {
				outputs := provider.Properties(key.Outputs)
				if encrypts := outputs.Text("purpose") == "ENCRYPT_DECRYPT"; encrypts {
					assert.NotEmpty(t, outputs.Text("rotationPeriod"), "%s rotates again", key.ID)
					assert.Equal(t, "ENABLED", outputs.Text("primaries.0.state"), key.ID)
				}
			}
			changes, err := w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes)
		})
	}
}

// restoreVersions does what gcloud kms keys versions restore and enable do.
func (w *fixture) restoreVersions(t *testing.T) {
	t.Helper()
	for _, key := range w.cloud.Store.List(gcp.TypeCryptoKey) {
		primaries, _ := key.Outputs["primaries"].([]any)
		for _, primary := range primaries {
			primary.(map[string]any)["state"] = "ENABLED"
		}
		require.NoError(t, w.cloud.Store.Put(key))
	}
}
