package provider

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAProviderHasTheVersionOfTheSDKThatTheProgramWasBuiltWith(t *testing.T) {
	t.Parallel()
	program := &debug.BuildInfo{Deps: []*debug.Module{
		{Path: "github.com/pulumi/pulumi-gcp/sdk/v7", Version: "v7.1.2"}, {Path: "github.com/pulumi/pulumi-kubernetes/sdk/v4", Version: "v4.3.4"},
	}}
	assert.Equal(t, "7.1.2", versionOf("gcp", program))
	assert.Equal(t, "4.3.4", versionOf("kubernetes", program))
	assert.Equal(t, unknownVersion, versionOf("gcp", &debug.BuildInfo{}), "a test's binary does not say")
}
