package declared_test

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
)

func TestTheRecorderRemembersTheOptionsThatDecideWhatAnUpdateDoes(t *testing.T) {
	t.Parallel()
	made := &declared.Recorder{}
	require.NoError(t, made.Run(func(ctx *pulumi.Context) error {
		plain := &pulumi.CustomResourceState{}
		if err := ctx.RegisterResource("test:index:Plain", "plain", pulumi.Map{}, plain); err != nil {
			return err
		}
		return ctx.RegisterResource("test:index:Kept", "kept", pulumi.Map{}, &pulumi.CustomResourceState{},
			pulumi.Protect(true), pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"size", "kind"}),
			pulumi.ReplaceOnChanges([]string{"action"}), pulumi.DeleteBeforeReplace(true), pulumi.DeletedWith(plain),
			pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "960s", Update: "30s", Delete: "60s"}))
	}))
	assert.Equal(t, []string{
		"protected", "retained", "ignores changes of size, kind", "replaced on changes of action", "deleted before it is replaced", "deleted with plain",
		"create waits 960s", "update waits 30s", "delete waits 60s",
	}, made.One(t, "test:index:Kept", "kept").Options())
	assert.Empty(t, made.One(t, "test:index:Plain", "plain").Options())
}

func TestACopyOfAResourceCanBeChangedAndTheResourceStays(t *testing.T) {
	t.Parallel()
	text := resource.NewProperty[string]
	r := declared.Resource{Properties: resource.PropertyMap{"a": resource.NewProperty(resource.PropertyMap{"b": resource.MakeSecret(text("x")), "c": text("y")})}}
	changed, ok := r.With("a.c", "z")
	require.True(t, ok)
	assert.Equal(t, "z", changed.Get("a.c"))
	removed, ok := r.With("a.c", nil)
	require.True(t, ok)
	assert.Nil(t, removed.Get("a.c"))
	assert.Equal(t, "y", r.Get("a.c"))
	assert.Equal(t, "x", r.Get("a.b"))
	assert.Equal(t, map[string]any{"a": map[string]any{"b": "[secret]", "c": "y"}}, r.Shown())
	_, ok = r.With("a[", 1)
	assert.False(t, ok)
}

func TestAnEditChangesWhatIsRememberedAndMade(t *testing.T) {
	t.Parallel()
	made := &declared.Recorder{Edit: func(r declared.Resource) declared.Resource {
		edited, _ := r.With("size", "large")
		return edited
	}}
	require.NoError(t, made.Run(func(ctx *pulumi.Context) error {
		return ctx.RegisterResource("test:index:Disk", "disk", pulumi.Map{"size": pulumi.String("small")}, &pulumi.CustomResourceState{})
	}))
	assert.Equal(t, "large", made.One(t, "test:index:Disk", "disk").Text("size"))
}

// refusing is a cloud that makes nothing at all.
type refusing struct{ declared.Echo }

func (refusing) Make(declared.Resource) (string, resource.PropertyMap, error) {
	return "", nil, errors.New("the quota is used up")
}

func TestARefusalNamesTheResourceWhichIsRemembered(t *testing.T) {
	t.Parallel()
	made := &declared.Recorder{Cloud: refusing{}}
	err := made.Run(func(ctx *pulumi.Context) error {
		return ctx.RegisterResource("test:index:Disk", "disk", pulumi.Map{}, &pulumi.CustomResourceState{})
	})
	require.ErrorContains(t, err, `test:index:Disk "disk": the quota is used up`)
	assert.Len(t, made.Of("test:index:Disk"), 1)
}
