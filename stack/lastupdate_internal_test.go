package stack

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// halfWritten is an engine whose state cannot be read the first times.
type halfWritten struct{ times, asked int }

func (h *halfWritten) NewResource(pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return "", nil, errors.New("nothing is declared")
}

func (h *halfWritten) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if h.asked++; h.asked <= h.times {
		return nil, errors.New("failed to load checkpoint: EOF")
	}
	return resource.NewPropertyMapFromMap(map[string]any{"outputs": map[string]any{"cluster": "licenses"}}), nil
}

func TestTheLastUpdateIsReadAgainWhenItsStateIsHalfWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		times   int
		cluster string
		failure string
	}{
		"whole at once":     {0, "licenses", ""},
		"whole the third":   {2, "licenses", ""},
		"never whole again": {100, "", "read the outputs of the last update: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine := &halfWritten{times: c.times}
			err := pulumi.RunErr(func(ctx *pulumi.Context) error {
				found, err := readLastUpdate(ctx)
				assert.Equal(t, c.cluster, found.Cluster)
				return err
			}, pulumi.WithMocks("license-platform", "dev", engine))
			if c.failure == "" {
				require.NoError(t, err)
				assert.Equal(t, c.times+1, engine.asked)
				return
			}
			require.ErrorContains(t, err, c.failure)
			assert.Equal(t, lastUpdateTries, engine.asked)
		})
	}
}

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
