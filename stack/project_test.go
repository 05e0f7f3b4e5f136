package stack_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/stack"
	"github.com/coditect-ai/license-platform/stack/strict"
)

func TestThePulumiProjectDeclaresEverySettingWithItsTypeAndWhereItIsDescribed(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "Pulumi.yaml"))
	require.NoError(t, err)
	var project struct {
		Config map[string]struct {
			Type        string `json:"type"`
			Description string `json:"description"`
		} `json:"config"`
	}
	require.NoError(t, yaml.Unmarshal(content, &project))

	place := regexp.MustCompile(`\(([a-z0-9/.]+)\)$`)
	settings := reflect.TypeFor[stack.Settings]()
	for i := range settings.NumField() {
		key := strict.Key(settings.Field(i))
		if key == "endpoints" { // set by the embedded cloud only, and a required key would be missing elsewhere
			assert.NotContains(t, project.Config, key)
			continue
		}
		declared, found := project.Config[key]
		require.True(t, found, "Pulumi.yaml does not declare %s", key)
		assert.Equal(t, "object", declared.Type, key)
		where := place.FindStringSubmatch(declared.Description)
		if assert.NotNil(t, where, "the description of %s does not end with its folder", key) {
			_, err := os.Stat(filepath.Join("..", where[1]))
			assert.NoError(t, err, key)
		}
		delete(project.Config, key)
	}
	assert.Empty(t, project.Config, "Pulumi.yaml declares what is no setting")
}
