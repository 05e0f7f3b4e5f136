package plan

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePlanRemembersTheOptionsThatDecideWhatAnUpdateDoes(t *testing.T) {
	t.Parallel()
	cloud := &cloud{stack: "dev"}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := ctx.RegisterResource("test:index:Plain", "plain", pulumi.Map{}, &pulumi.CustomResourceState{}); err != nil {
			return err
		}
		return ctx.RegisterResource("test:index:Kept", "kept", pulumi.Map{}, &pulumi.CustomResourceState{},
			pulumi.Protect(true), pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"size", "kind"}),
			pulumi.ReplaceOnChanges([]string{"action"}), pulumi.DeleteBeforeReplace(true),
			pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "960s", Update: "30s", Delete: "60s"}))
	}, pulumi.WithMocks(project, "dev", cloud))
	require.NoError(t, err)
	made := Plan{Resources: cloud.resources}
	kept, found := made.Find("test:index:Kept", "kept")
	require.True(t, found)
	assert.Equal(t, []string{
		"protected", "retained", "ignores changes of size, kind", "replaced on changes of action", "deleted before it is replaced",
		"create waits 960s", "update waits 30s", "delete waits 60s",
	}, kept.Options())
	plain, found := made.Find("test:index:Plain", "plain")
	require.True(t, found)
	assert.Empty(t, plain.Options())
}
