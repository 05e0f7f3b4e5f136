package client_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestANewcomerHoldsASeatWithTheProgramOfTheDocument(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "client.md"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(document), "```go\n")
	require.True(t, found)
	program, _, _ := strings.Cut(rest, "```")
	_, body, found := strings.Cut(program, "func main() {\n")
	require.True(t, found)
	assert.LessOrEqual(t, strings.Count(body, "\n"), 12, "ten lines, and the end of main")

	// An empty folder, in which this module stands for the one that would be downloaded; what
	// it needs is in the cache, since this test was built.
	dir := t.TempDir()
	module, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for _, arguments := range [][]string{
		{"mod", "init", "example.com/hold"},
		{"mod", "edit", "-replace", "github.com/coditect-ai/license-platform=" + module, "-require", "github.com/coditect-ai/license-platform@v0.0.0"},
		{"build", "-o", "hold", "."},
	} {
		command := exec.CommandContext(ctx, "go", arguments...)
		command.Dir = dir
		command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off")
		output, err := command.CombinedOutput()
		require.NoError(t, err, "go %v: %s", arguments, output)
	}

	w := newWorld(t)
	w.set(func(w *world) { w.device = "device-7f3a" })
	run := exec.CommandContext(ctx, filepath.Join(dir, "hold"))
	run.Env = append(os.Environ(), "LICENSE_SERVER="+w.url, "LICENSE_TOKEN=token")
	output, err := run.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "held until 2026-11-23 12:01:00")
	assert.Contains(t, string(output), "released: <nil>")
	assert.Equal(t, []string{"acquire", "jwks.json", "release"}, w.called())
}
