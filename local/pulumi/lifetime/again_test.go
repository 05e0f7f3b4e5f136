package lifetime_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// setting is a setting of the stack's file, and another value of it.
type setting struct {
	section string
	path    []string
	value   any
}

// remedies are what the second stack in a project has to set, by the words with which it is told so.
func remedies() map[string]setting {
	return map[string]setting{
		"another data.keys.ring":            {"data", []string{"keys", "ring"}, "license-again"},
		"another observe.bucket":            {"observe", []string{"bucket"}, "license-again"},
		"set identity.existingConfig: true": {"identity", []string{"existingConfig"}, true},
	}
}

// TestDrillOfAStackThatIsDestroyedAndMadeAgain does what docs/destroy.md says, and then brings
// a stack up again in the project where the first one left what Google keeps.
func TestDrillOfAStackThatIsDestroyedAndMadeAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the lives of two stacks; make drills runs it")
	}
	for name, stack := range map[string]struct {
		// unprotected are the settings of the destroy, told the remedies that are needed after it.
		unprotected []setting
		told        []string
	}{
		"dev": {
			[]setting{{"kubernetes", []string{"cluster", "deletionProtection"}, false}, {"network", []string{"edgeAddress", "deletionProtection"}, false}},
			slices.Sorted(maps.Keys(remedies())),
		},
		"prod": {
			[]setting{{"kubernetes", []string{"ingress", "giveBack"}, true}},
			[]string{"another data.keys.ring", "another observe.bucket"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, name)
			w.liveAndEnd(t, stack.unprotected)
			if name == "prod" {
				w.set(t, "kubernetes", []string{"ingress", "giveBack"}, false)
			}
			refused := w.open(t).Preview(t.Context(), func(engine.Step) {})
			require.ErrorContains(t, refused, "another data.keys.ring", "the preview refuses it already")
			told, err := w.obey(t, refused), error(nil)
			for range len(remedies()) {
				if _, err = w.up(t); err == nil {
					break
				}
				t.Log(err)
				told = append(told, w.obey(t, err)...)
			}
			require.NoError(t, err, "each failed update says what to set")
			assert.ElementsMatch(t, stack.told, told)
			changes, err := w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes)
		})
	}
}

// liveAndEnd brings the stack up and destroys it, as docs/destroy.md says.
func (w *fixture) liveAndEnd(t *testing.T, unprotected []setting) {
	t.Helper()
	_, err := w.up(t)
	require.NoError(t, err)
	for _, layer := range []string{"data", "identity", "observe"} {
		w.set(t, layer, []string{"deletionProtection"}, false)
	}
	for _, s := range unprotected {
		w.set(t, s.section, s.path, s.value)
	}
	changes, err := w.up(t)
	require.NoError(t, err)
	assert.Zero(t, changes["delete"]+changes["replace"], "only the protection changes")
	err = w.open(t).Destroy(t.Context(), func(engine.Step) {})
	if w.hasNetwork(t) {
		require.ErrorContains(t, err, "peerings/servicenetworking-googleapis-com")
		w.unpeer(t)
		err = w.open(t).Destroy(t.Context(), func(engine.Step) {})
	}
	require.NoError(t, err)
}

// hasNetwork tells whether the network is the stack's own.
func (w *fixture) hasNetwork(t *testing.T) bool {
	t.Helper()
	settings, _ := w.committed(t)["license-platform:network"].(map[string]any)
	return settings["adopt"] != true
}

// unpeer does what gcloud compute networks peerings delete does.
func (w *fixture) unpeer(t *testing.T) {
	t.Helper()
	for _, r := range w.cloud.Store.List(gcp.TypeDatabaseInstance, gcp.TypeRedisInstance) {
		require.Empty(t, r.URN, "the database and the cache are gone")
	}
	for _, connection := range w.cloud.Store.List(gcp.TypeConnection) {
		if strings.HasSuffix(provider.Properties(connection.Inputs).Text("network"), "/license-"+w.name) {
			require.NoError(t, w.cloud.Store.Delete(connection.Type, connection.ID))
		}
	}
}

// obey sets what an error tells to set, and returns the words.
func (w *fixture) obey(t *testing.T, problem error) (told []string) {
	t.Helper()
	for words, s := range remedies() {
		if strings.Contains(problem.Error(), words) {
			w.set(t, s.section, s.path, s.value)
			told = append(told, words)
		}
	}
	require.NotEmpty(t, told, problem)
	return told
}
