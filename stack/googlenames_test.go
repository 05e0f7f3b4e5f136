package stack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// The provider makes up the names that a program leaves out, where the type has such a
// name (NameProperty of its kind).
func TestEveryGoogleResourceIsNamedOnPurpose(t *testing.T) {
	kinds := memory.Kinds()
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		named := 0
		for _, r := range made.InCloud() {
			property := kinds[r.Type].NameProperty
			switch {
			case !strings.HasPrefix(r.Type, "gcp:") || property == "":
			case r.Type == sqlInstance: // the name of a deleted one is blocked for a week
				assert.Nil(t, r.Get(property), "%s %s", r.Type, r.Name)
			default:
				named++
				assert.NotEmpty(t, r.Get(property), "%s %s would be named by the provider", r.Type, r.Name)
			}
		}
		assert.Greater(t, named, 10)
	})
}
