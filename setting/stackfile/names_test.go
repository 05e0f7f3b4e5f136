package stackfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/setting/stackfile"
)

func TestStacksAreNamedByTheirFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, file := range []string{"Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.a.b.yaml", "Other.dev.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), nil, 0o600))
	}
	assert.Equal(t, []string{"a.b", "staging"}, stackfile.Names(dir))
	assert.Empty(t, stackfile.Names(t.TempDir()))
	assert.Subset(t, stackfile.Names("../.."), []string{"dev", "local", "prod"})
}
