package stack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func TestEveryCommittedStackDeploys(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.Stacks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := stacktest.Deploy(t, name)
			require.NotEmpty(t, made.Of("kubernetes:apps/v1:Deployment"))
			assert.Len(t, made.Pushed, 2, "the image is published once, and marked once it runs")
		})
	}
}
