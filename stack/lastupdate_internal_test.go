package stack

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAStackStaysInItsProjectAndRegion(t *testing.T) {
	t.Parallel()
	here := Platform{Project: "coditect-licenses-dev", Region: "us-central1"}
	for name, c := range map[string]struct {
		last string
		keys []string
	}{
		"before the first update":      {"", nil},
		"where it is":                  {"coditect-licenses-dev:us-central1:stores-1a2b3c4", nil},
		"in another project":           {"another-project:us-central1:stores-1a2b3c4", []string{"platform.project"}},
		"in another region":            {"coditect-licenses-dev:europe-west1:stores-1a2b3c4", []string{"platform.region"}},
		"in another place altogether":  {"another-project:europe-west1:stores-1a2b3c4", []string{"platform.project", "platform.region"}},
		"where nobody knows the place": {"stores-1a2b3c4", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var keys []string
			for _, p := range (lastUpdate{SQLConnectionName: c.last}).moved(here) {
				keys = append(keys, p.Key)
				assert.Contains(t, p.Why, "was ")
				assert.NotEmpty(t, p.Allowed)
			}
			assert.Equal(t, c.keys, keys)
		})
	}
}
