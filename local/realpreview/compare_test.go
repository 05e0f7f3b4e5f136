package realpreview_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/local/realpreview"
)

func TestPlansAreComparedByWhatIsDeclared(t *testing.T) {
	t.Parallel()
	stack := "urn:pulumi:dev::license-platform::pulumi:pulumi:Stack::license-platform-dev"
	implied := "urn:pulumi:dev::license-platform::pulumi:providers:gcp::default_7_38_0"
	one, two := "urn:pulumi:dev::license-platform::gcp:test/thing:Thing::one", "urn:pulumi:dev::license-platform::gcp:test/thing:Thing::two"
	assert.Equal(t, realpreview.Difference{}, realpreview.Compare([]string{stack, implied, one}, []string{one}))
	assert.Equal(t, realpreview.Difference{Missing: []string{one}, Unexpected: []string{two}}, realpreview.Compare([]string{stack, two}, []string{one}))
}
