package client_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest"
)

func TestANewcomerHoldsASeatWithTheProgramOfTheDocument(t *testing.T) {
	t.Parallel()
	program := apptest.Newcomer(t, filepath.Join("..", ".."))
	w := newFixture(t)
	w.set(func(w *fixture) { w.device = "device-7f3a" })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, program)
	run.Env = append(os.Environ(), "LICENSE_SERVER="+w.url, "LICENSE_TOKEN=token")
	output, err := run.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "held until 2026-11-23 12:01:00")
	assert.Contains(t, string(output), "released: <nil>")
	assert.Equal(t, []string{"acquire", "jwks.json", "release"}, w.called())
}
