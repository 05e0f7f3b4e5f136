package provider_test

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// check returns the inputs as the provider completes them.
func (w *fixture) check(t *testing.T, olds, news resource.PropertyMap) resource.PropertyMap {
	t.Helper()
	response, err := w.client.Check(t.Context(), &pulumirpc.CheckRequest{
		Urn: boxURN, Olds: wire(t, olds), News: wire(t, news), RandomSeed: []byte("0123456789abcdef0123456789abcdef"),
	})
	require.NoError(t, err)
	require.Empty(t, response.GetFailures())
	return unwire(t, response.GetInputs())
}

func TestAResourceWithAMadeUpNameIsReplacedBeforeTheOldOneGoes(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	shaped := func(form string, more map[string]any) resource.PropertyMap {
		inputs := map[string]any{"size": 3, "shape": map[string]any{"form": form}}
		for key, value := range more {
			inputs[key] = value
		}
		return properties(inputs)
	}
	for title, c := range map[string]struct {
		given map[string]any
		first bool
	}{
		"a made-up name":        {nil, false},
		"the program's own one": {map[string]any{"name": "n"}, true},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			before := w.check(t, nil, shaped("round", c.given))
			after := w.check(t, before, shaped("square", c.given))
			assert.Equal(t, before["name"], after["name"], "an update keeps the name")
			diff, err := w.client.Diff(t.Context(), &pulumirpc.DiffRequest{
				Id: "p/" + before["name"].StringValue(), Urn: boxURN, OldInputs: wire(t, before), News: wire(t, after),
			})
			require.NoError(t, err)
			assert.Equal(t, []string{"shape"}, diff.GetReplaces())
			assert.Equal(t, c.first, diff.GetDeleteBeforeReplace())
		})
	}
}

func TestARefreshKnowsAMadeUpNameAgain(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	inputs := w.check(t, nil, properties(map[string]any{"size": 3}))
	made, err := w.create(t, boxURN, inputs)
	require.NoError(t, err)
	read, err := w.client.Read(t.Context(), &pulumirpc.ReadRequest{Id: made.GetId(), Urn: boxURN, Inputs: wire(t, inputs)})
	require.NoError(t, err)
	assert.Equal(t, inputs, unwire(t, read.GetInputs()), "nothing differs")
	present, exists := w.store.Get(boxType, made.GetId())
	require.True(t, exists)
	assert.Equal(t, map[string]any{"name": inputs["name"].StringValue(), "size": 3.0}, present.Inputs, "the mark is no property")
}

func TestTheNameOfADeletedResourceIsFreeAfterItsTime(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	inputs := properties(map[string]any{"name": "n", "size": 3})
	made, err := w.create(t, boxURN, inputs)
	require.NoError(t, err)
	_, err = w.client.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: made.GetId(), Urn: boxURN})
	require.NoError(t, err)
	assert.Empty(t, w.store.List(), "it does not exist")
	_, err = w.create(t, boxURN, inputs)
	require.ErrorContains(t, err, "cannot be used again for 7 days")

	require.NoError(t, w.store.DeleteAndKeepName(boxType, "p/n", time.Now().AddDate(0, 0, -8)))
	_, err = w.create(t, boxURN, inputs)
	require.NoError(t, err)
	_, gone := w.store.DeletedAt(boxType, "p/n")
	assert.False(t, gone)
}
