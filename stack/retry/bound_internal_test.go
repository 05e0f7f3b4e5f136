package retry

import (
	"context"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

func TestADeletionWaitsForALoadBalancerForSomeMinutesAndNotForEver(t *testing.T) {
	t.Parallel()
	failed := func(operation, message string, times int) *pulumi.ErrorHookArgs {
		return &pulumi.ErrorHookArgs{Type: "gcp:compute/sSLPolicy:SSLPolicy", FailedOperation: operation, Errors: slices.Repeat([]string{message}, times)}
	}
	used := "googleapi: Error 400: The ssl_policy resource 'x' is already being used by 'y', resourceInUseByAnotherResource"
	early := "googleapi: Error 403: Compute Engine API has not been used in project 1. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
	assert.True(t, shouldRetry(context.Background(), failed("delete", used, releaseAttempts-1), 0))
	assert.False(t, shouldRetry(context.Background(), failed("delete", used, releaseAttempts), 0))
	assert.True(t, shouldRetry(context.Background(), failed("create", early, releaseAttempts), 0), "an API may take longer")
	assert.False(t, shouldRetry(context.Background(), failed("create", early, attempts), 0))
	assert.False(t, shouldRetry(context.Background(), failed("delete", used, 0), 0))
}
