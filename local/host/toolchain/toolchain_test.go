package toolchain

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/program"
)

func TestAPulumiFitsFromThePinnedVersionToTheNextMajor(t *testing.T) {
	t.Parallel()
	for text, fits := range map[string]bool{
		"v3.250.0": true, "3.274.1": true, "v3.249.9": false, "v4.0.0": false, "v3.250.0-dev": false, "": false, "command not found": false,
	} {
		_, ok := fitting(text)
		assert.Equal(t, fits, ok, "version %q", text)
	}
}

func TestAProgramThatIsNoPulumiDoesNotFit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pulumi")
	program.Write(t, path, []byte("#!/bin/sh\necho v3.1.0\n"))
	_, ok := fits(t.Context(), path)
	assert.False(t, ok)
	program.Write(t, path, []byte("#!/bin/sh\necho v3.250.0\n"))
	version, ok := fits(t.Context(), path)
	assert.True(t, ok)
	assert.Equal(t, Version, version.String())
}

func TestEachMissingPackageIsNamedOnce(t *testing.T) {
	t.Parallel()
	none := func(string) (string, error) { return "", errors.New("not found") }
	elsewhere := filepath.Join(t.TempDir(), "initdb")
	require.NoError(t, os.WriteFile(elsewhere, nil, 0o755))
	asked := []need{
		{program: "initdb", pkg: "postgresql", places: filepath.Dir(elsewhere) + "/none"},
		{program: "postgres", pkg: "postgresql"},
		{program: "redis-server", pkg: "redis-server"},
	}
	assert.Equal(t, []string{"postgresql", "redis-server"}, missing(asked, none))
	asked[0].places, asked[1].places = filepath.Dir(elsewhere)+"/*", elsewhere
	assert.Equal(t, []string{"redis-server"}, missing(asked, none))
}
