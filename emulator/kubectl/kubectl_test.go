package kubectl_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/kubectl"
)

func manifest(t *testing.T, text string) apiserver.Object {
	t.Helper()
	object := apiserver.Object{}
	require.NoError(t, yaml.UnmarshalStrict([]byte("apiVersion: networking.k8s.io/v1\nkind: Ingress\n"+text), &object))
	return object
}

func at(object any, path ...string) any {
	for _, key := range path {
		inner, _ := object.(map[string]any)
		object = inner[key]
	}
	return object
}

const theirs = `
metadata: {name: shared, namespace: app, labels: {team: ide}, annotations: {theirs: one}}
spec:
  tls: [{secretName: ide}]
  rules: [{host: ide.example}]
`

func TestAClientSideApplyKeepsWhatOthersAddedExceptInLists(t *testing.T) {
	t.Parallel()
	live, err := kubectl.Apply(nil, manifest(t, theirs))
	require.NoError(t, err)
	live, err = apiserver.Apply(live, manifest(t, `
metadata: {name: shared, namespace: app, annotations: {ours: two}}
spec: {rules: [{host: ide.example}, {host: ours.example}]}
`), "us", true)
	require.NoError(t, err)
	assert.Equal(t, "one", at(live, "metadata", "annotations", "theirs"))
	assert.Len(t, at(live, "spec", "tls"), 1)
	assert.Equal(t, []apiserver.Owner{{Manager: "us", Operation: "Apply"}, {Manager: kubectl.ManagerClientSide, Operation: "Update"}}, apiserver.Owners(live))

	live, err = kubectl.Apply(live, manifest(t, theirs))
	require.NoError(t, err)
	assert.Equal(t, "two", at(live, "metadata", "annotations", "ours"), "a key of somebody else's stays")
	assert.Len(t, at(live, "spec", "rules"), 1, "a list is as the manifest has it")
}

func TestAServerSideApplyNamesItsConflicts(t *testing.T) {
	t.Parallel()
	live, err := apiserver.Apply(nil, manifest(t, `
metadata: {name: shared, namespace: app, annotations: {a: ours}}
spec: {rules: [{host: ours.example}]}
`), "us", true)
	require.NoError(t, err)
	changed := manifest(t, `
metadata: {name: shared, namespace: app, annotations: {a: theirs}}
spec: {rules: [{host: ide.example}]}
`)
	_, err = kubectl.ApplyServerSide(live, changed, false)
	require.ErrorContains(t, err, "2 conflicts")
	require.ErrorContains(t, err, `conflicts with "us"`)
	require.ErrorContains(t, err, ".spec.rules")
	live, err = kubectl.ApplyServerSide(live, changed, true)
	require.NoError(t, err)
	assert.Equal(t, "theirs", at(live, "metadata", "annotations", "a"))
}

func TestWhoTakesOverFieldsAndAppliesWithoutThemRemovesThem(t *testing.T) {
	t.Parallel()
	live, err := kubectl.Apply(nil, manifest(t, theirs))
	require.NoError(t, err)
	live, err = kubectl.Annotate(live, "more", "three")
	require.NoError(t, err)
	ours := manifest(t, "metadata: {name: shared, namespace: app}\nspec: {rules: [{host: ide.example}]}\n")
	kept, err := apiserver.Apply(live, ours, "us", true)
	require.NoError(t, err)
	assert.Equal(t, "three", at(kept, "metadata", "annotations", "more"))

	taken := apiserver.Rename(kept, []apiserver.Owner{{Manager: "kubectl", Operation: "Update"}}, "us")
	lost, err := apiserver.Apply(taken, ours, "us", true)
	require.NoError(t, err)
	assert.Nil(t, at(lost, "metadata", "annotations", "more"))
	assert.Nil(t, at(lost, "metadata", "labels", "team"))
	assert.Nil(t, at(lost, "spec", "tls"))
	assert.Equal(t, "three", at(kept, "metadata", "annotations", "more"), "the object that was renamed is as before")
}
