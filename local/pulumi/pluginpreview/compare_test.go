package pluginpreview_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/local/pulumi/pluginpreview"
)

func TestPlansAreComparedByWhatIsDeclared(t *testing.T) {
	t.Parallel()
	stack := "urn:pulumi:dev::license-platform::pulumi:pulumi:Stack::license-platform-dev"
	implied := "urn:pulumi:dev::license-platform::pulumi:providers:gcp::default_7_38_0"
	engine := "urn:pulumi:dev::license-platform::pulumi:providers:pulumi::default"
	one, two := "urn:pulumi:dev::license-platform::gcp:test/thing:Thing::one", "urn:pulumi:dev::license-platform::gcp:test/thing:Thing::two"
	assert.Equal(t, pluginpreview.Difference{}, pluginpreview.Compare([]string{stack, implied, engine, one}, []string{one}))
	assert.Equal(t, pluginpreview.Difference{Missing: []string{one}, Unexpected: []string{two}}, pluginpreview.Compare([]string{stack, two}, []string{one}))
}
