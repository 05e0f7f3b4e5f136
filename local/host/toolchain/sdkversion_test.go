package toolchain_test

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/local/host/toolchain"
)

func TestAProviderHasTheVersionOfTheSDKThatTheProgramWasBuiltWith(t *testing.T) {
	t.Parallel()
	program := &debug.BuildInfo{Deps: []*debug.Module{
		{Path: "github.com/pulumi/pulumi-gcp/sdk/v7", Version: "v7.1.2"}, {Path: "github.com/pulumi/pulumi-kubernetes/sdk/v4", Version: "v4.3.4"},
	}}
	assert.Equal(t, "7.1.2", toolchain.SDKVersion("gcp", program))
	assert.Equal(t, "4.3.4", toolchain.SDKVersion("kubernetes", program))
	assert.Equal(t, toolchain.UnknownVersion, toolchain.SDKVersion("gcp", &debug.BuildInfo{}), "a test's binary does not say")
	assert.Equal(t, toolchain.UnknownVersion, toolchain.SDKVersion("gcp", nil))
}
