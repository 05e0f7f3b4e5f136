package lifetime_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
			w := newWorld(t, name)
			_, err := w.up(t)
			require.NoError(t, err)
			for _, layer := range []string{"data", "identity", "observe"} {
				w.set(t, layer, []string{"deletionProtection"}, false)
			}
			for _, s := range stack.unprotected {
				w.set(t, s.section, s.path, s.value)
			}
			changes, err := w.up(t)
			require.NoError(t, err)
			assert.Zero(t, changes["delete"]+changes["replace"], "only the protection changes")
			require.NoError(t, w.open(t).Destroy(t.Context(), func(engine.Step) {}))

			if name == "prod" {
				w.set(t, "kubernetes", []string{"ingress", "giveBack"}, false)
			}
			refused := w.open(t).Preview(t.Context(), func(engine.Step) {})
			require.ErrorContains(t, refused, "another data.keys.ring", "the preview refuses it already")
			told := w.obey(t, refused)
			for range len(remedies()) {
				if _, err = w.up(t); err == nil {
					break
				}
				t.Log(err)
				told = append(told, w.obey(t, err)...)
			}
			require.NoError(t, err, "each failed update says what to set")
			assert.ElementsMatch(t, stack.told, told)
			changes, err = w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes)
		})
	}
}

// obey sets what an error tells to set, and returns the words.
func (w *world) obey(t *testing.T, problem error) (told []string) {
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
