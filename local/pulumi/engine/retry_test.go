package engine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
	"github.com/coditect-ai/license-platform/stack/retry"
)

// errNotYet is what Google says of a service agent that is still being made.
var errNotYet = errors.New("googleapi: Error 400: Service account service-1@compute-system.iam.gserviceaccount.com does not exist., badRequest")

// grantType is a type that meets a service agent too early.
const grantType = "gcp:test/grantIAMMember:GrantIAMMember"

// grant declares one grant, and tries again.
func grant(ctx *pulumi.Context) error {
	if err := retry.Register(ctx, retry.Options{Pause: time.Millisecond}); err != nil {
		return err
	}
	var google struct{ pulumi.ProviderResourceState }
	if err := ctx.RegisterResource("pulumi:providers:gcp", "gcp", pulumi.Map{"project": pulumi.String("p")}, &google); err != nil {
		return err
	}
	var made thingResource
	return ctx.RegisterResource(grantType, "one", pulumi.Map{"name": pulumi.String("one"), "size": pulumi.Int(3)}, &made, pulumi.Provider(&google))
}

func TestAnUpdateGoesOnWhenGoogleWasNotReadyYet(t *testing.T) {
	t.Parallel()
	kind := thing()
	kind.Type = grantType
	var tried atomic.Int32
	kind.Ensure = func(context.Context, store.Resource) error {
		if tried.Add(1) < 4 {
			return errNotYet
		}
		return nil
	}
	w := newFixtureOf(t, kind)
	_, err := w.open(t, grant).Up(t.Context(), func(engine.Step) {})
	require.NoError(t, err, "one update is enough")
	assert.Equal(t, int32(4), tried.Load())
	assert.Len(t, w.store.List(), 1)
	require.NoError(t, w.open(t, grant).Destroy(t.Context(), func(engine.Step) {}), "a destroy needs no hook")
}

func TestAnUpdateDoesNotTryAgainWhatStaysWrong(t *testing.T) {
	t.Parallel()
	kind := thing()
	kind.Type = grantType
	var tried atomic.Int32
	kind.Ensure = func(context.Context, store.Resource) error {
		tried.Add(1)
		return errors.New("googleapi: Error 403: you may not")
	}
	w := newFixtureOf(t, kind)
	_, err := w.open(t, grant).Up(t.Context(), func(engine.Step) {})
	require.ErrorContains(t, err, "you may not")
	assert.Equal(t, int32(1), tried.Load())
}

func TestAnUpdateWaitsUntilTheLoadBalancerLetsGoOfTheOldPolicy(t *testing.T) {
	t.Parallel()
	kind := thing()
	kind.Type = "gcp:compute/securityPolicy:SecurityPolicy"
	inUse := errors.New("googleapi: Error 400: The security_policy resource 'p/old' is already being used by 'p/backendServices/k8s1', resourceInUseByAnotherResource")
	var tried atomic.Int32
	var uses atomic.Bool
	uses.Store(true)
	kind.Refusal = func(store.Resource) error {
		if tried.Add(1); uses.Load() && tried.Load() < 4 {
			return inUse
		}
		return nil
	}
	w := newFixtureOf(t, kind)
	named := func(name string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			if err := retry.Register(ctx, retry.Options{Pause: time.Millisecond}); err != nil {
				return err
			}
			var google struct{ pulumi.ProviderResourceState }
			if err := ctx.RegisterResource("pulumi:providers:gcp", "gcp", pulumi.Map{"project": pulumi.String("p")}, &google); err != nil {
				return err
			}
			return ctx.RegisterResource(kind.Type, "policy", pulumi.Map{"name": pulumi.String(name), "size": pulumi.Int(3)}, &thingResource{}, pulumi.Provider(&google))
		}
	}
	_, err := w.open(t, named("old")).Up(t.Context(), func(engine.Step) {})
	require.NoError(t, err)
	_, err = w.open(t, named("new")).Up(t.Context(), func(engine.Step) {})
	require.NoError(t, err, "one update is enough")
	assert.Equal(t, int32(4), tried.Load())
	left := w.store.List()
	require.Len(t, left, 1)
	assert.Equal(t, "p/new", left[0].ID)

	tried.Store(0)
	err = w.open(t, named("new")).Destroy(t.Context(), func(engine.Step) {})
	require.ErrorContains(t, err, "is already being used", "a destroy without the program says why all the same")
}
