package ingress

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
)

func TestAnUpdateRefusesToLeaveAnIngressThatIsNotGivenBack(t *testing.T) {
	t.Parallel()
	args := &Args{Settings: Settings{Name: "coditect-unified-ingress", Adopt: true}}
	of := func(name string) resource.PropertyMap {
		return resource.NewPropertyMapFromMap(map[string]any{"metadata": map[string]any{"name": name}})
	}
	assert.ErrorContains(t, args.judgeDeletion(of("another"), true), "kubernetes.ingress.giveBack: true")
	assert.ErrorContains(t, args.judgeDeletion(nil, true), "kubernetes.ingress.giveBack: true", "what cannot be told is refused")
	assert.NoError(t, args.judgeDeletion(of("coditect-unified-ingress"), true), "its replacement keeps the Ingress")
	assert.NoError(t, args.judgeDeletion(of("another"), false), "an update that has begun ends")
	args.Settings.Adopt = false
	assert.ErrorContains(t, args.judgeDeletion(of("coditect-unified-ingress"), true), "kubernetes.ingress.giveBack: true", "an Ingress of one's own of that name does not have its fields")
	assert.ErrorContains(t, args.judgeDeletion(of("coditect-unified-ingress"), false), "kubernetes.ingress.giveBack: true", "no patch takes its place, so an update without a preview refuses it, too")
}
