package data

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAKeyStaysAsItWasMade(t *testing.T) {
	t.Parallel()
	encrypts, signs := madeKey{"cmek-sql", Software, "2592000"}, madeKey{"license-signing", HSM, "2592000"}
	for name, c := range map[string]struct {
		settings Settings
		made     []madeKey
		says     []string
	}{
		"no key is there yet":         {Settings{}, nil, nil},
		"as it is set":                {Settings{Signing: SigningSettings{Protection: HSM}}, []madeKey{encrypts, signs}, nil},
		"what is not known":           {Settings{}, []madeKey{{name: "cmek-sql"}}, nil},
		"the keys that encrypt":       {Settings{Keys: KeySettings{Protection: HSM}}, []madeKey{encrypts}, []string{"data.keys.protection"}},
		"the key that signs":          {Settings{}, []madeKey{encrypts, signs}, []string{"data.signing.protection"}},
		"how long they can come back": {Settings{Keys: KeySettings{DestroySeconds: aDay}, Signing: SigningSettings{Protection: HSM}}, []madeKey{encrypts, signs}, []string{"data.keys.destroySeconds"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var says []string
			for _, p := range c.settings.withDefaults().compare(c.made) {
				says = append(says, p.Key)
			}
			assert.Equal(t, c.says, says)
		})
	}
}

func TestKeysThatWereMadeInAnotherWayAreNamed(t *testing.T) {
	t.Parallel()
	wanted := Settings{Keys: KeySettings{Protection: HSM}}.withDefaults()
	found := wanted.compare([]madeKey{{"cmek-sql", Software, ""}, {"cmek-logs", HSM, ""}, {"cmek-redis", Software, ""}})
	require.Len(t, found, 1)
	assert.Contains(t, found[0].Why, "was SOFTWARE when cmek-sql, cmek-redis was made")
	assert.Contains(t, found[0].Allowed, "another data.keys.ring beside it")
}
