package apptest

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

// Newcomer builds the Go program of docs/client.md as a newcomer does, in an empty folder, and
// returns its path. The module in root replaces the one that would be downloaded; its
// dependencies are in the cache, because its tests were built.
func Newcomer(tb testing.TB, root string) string {
	tb.Helper()
	document, err := os.ReadFile(filepath.Join(root, "docs", "client.md"))
	require.NoError(tb, err)
	_, rest, found := strings.Cut(string(document), "```go\n")
	require.True(tb, found)
	program, _, _ := strings.Cut(rest, "```")
	_, body, found := strings.Cut(program, "func main() {\n")
	require.True(tb, found)
	assert.LessOrEqual(tb, strings.Count(body, "\n"), 12, "ten lines, and the end of main")

	dir := tb.TempDir()
	module, err := filepath.Abs(root)
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	ctx, cancel := context.WithTimeout(tb.Context(), 5*time.Minute)
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
		require.NoError(tb, err, "go %v: %s", arguments, output)
	}
	return filepath.Join(dir, "hold")
}
