package lifetime_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// TestDrillOfKeysThatAreWantedInAnotherWay changes settings that Cloud KMS never changes, and
// then does what the refusal says.
func TestDrillOfKeysThatAreWantedInAnotherWay(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through the lives of three stacks; make drills runs it")
	}
	for name, c := range map[string]struct {
		change, instead setting
		says            string
	}{
		"another protection of the encryption keys": {
			setting{"data", []string{"keys", "protection"}, "HSM"}, setting{"data", []string{"keys", "ring"}, "license-again"}, `data.keys.protection = "HSM": was SOFTWARE when cmek-`,
		},
		"another protection of the signing key": {
			setting{"data", []string{"signing", "protection"}, "HSM"}, setting{"data", []string{"signing", "key"}, "license-again"}, `data.signing.protection = "HSM": was SOFTWARE when license-signing was made`,
		},
		"another time in which keys can be restored": {
			setting{"data", []string{"keys", "destroySeconds"}, 86400}, setting{"data", []string{"keys", "ring"}, "license-again"}, "data.keys.destroySeconds = 86400: was 2592000 when cmek-",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, "dev")
			_, err := w.up(t)
			require.NoError(t, err)
			w.set(t, c.change.section, c.change.path, c.change.value)
			refused := w.open(t).Preview(t.Context(), func(engine.Step) {})
			require.ErrorContains(t, refused, c.says)
			instead := c.instead.section + "." + strings.Join(c.instead.path, ".")
			require.ErrorContains(t, refused, "another "+instead)

			w.set(t, c.instead.section, c.instead.path, c.instead.value)
			require.NoError(t, w.open(t).Preview(t.Context(), func(engine.Step) {}))
			_, err = w.up(t)
			require.NoError(t, err)
			changes, err := w.up(t)
			require.NoError(t, err)
			assert.Empty(t, changes)
		})
	}
}
