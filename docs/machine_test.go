package docs_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/app/apptest/program"
)

// local says whether a block can be run on this machine as it stands: it speaks
// to no cloud but the embedded one.
func local(t *testing.T, b block) bool {
	t.Helper()
	found, functions := commands(t, b)
	for _, c := range found {
		switch {
		case slices.Contains([]string{"gcloud", "kubectl", "pulumi", "git"}, c.words[0]):
			return false
		case strings.Contains(c.String(), "./ops/incident") && c.value("--stack") != "local":
			return false
		case c.words[0] == "curl" && !slices.Contains(functions, "api") && c.value("--cacert") == "":
			return false
		}
	}
	return true
}

// TestEveryBlockThatNeedsNoCloudRunsAsItStands pastes the blocks one after the
// other into a copy of the project, as a reader would.
func TestEveryBlockThatNeedsNoCloudRunsAsItStands(t *testing.T) {
	if testing.Short() {
		t.Skip("brings a whole stack up; left out by -short")
	}
	r := newReader(t)
	t.Cleanup(func() { _, _ = r.run(context.Background(), "make down") })
	// What an answer has to hold, so that a block that prints an error page fails.
	answers := map[string][]string{
		"/v1/licenses/demo/acquire": {`"leaseId"`}, "/v1/licenses/demo/borrow": {"204", `"keys"`}, "./ops/incident": {"lockdown", "timeline"},
		"go run ./local preview": {"to update"}, "./k8s/isolation": {"ok"},
	}
	ran := 0
	for _, document := range documents(t) {
		ready := false // every document may be the first that somebody reads
		for _, b := range blocks(t, document) {
			if b.language != "sh" || !local(t, b) {
				continue
			}
			if !ready {
				output, err := r.run(t.Context(), "make up")
				require.NoError(t, err, "before %s: %s", document, output)
				ready = true
			}
			ran++
			output, err := r.run(t.Context(), b.text)
			require.NoError(t, err, "%s:%d\n%s\n%s", b.document, b.line, b.text, output)
			for part, wanted := range answers {
				for _, text := range wanted {
					if strings.Contains(b.text, part) {
						assert.Contains(t, output, text, "%s:%d", b.document, b.line)
					}
				}
			}
		}
	}
	assert.GreaterOrEqual(t, ran, 6, "the README's, the API's and the drills")
}

// reader is somebody with a fresh clone.
type reader struct {
	dir         string
	environment []string
}

// newReader copies the project's files. The tests and checks of the whole project
// are not run here again: make only says what it would do for them.
func newReader(t *testing.T) *reader {
	t.Helper()
	dir, bin := filepath.Join(t.TempDir(), "clone"), t.TempDir()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	require.NoError(t, err)
	for _, name := range strings.Split(strings.TrimRight(string(names), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		require.NoError(t, err)
		info, err := os.Stat(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, info.Mode().Perm()))
	}
	maker, err := exec.LookPath("make")
	require.NoError(t, err)
	script := fmt.Sprintf("#!/bin/sh\ncase \"$1\" in test|check|race|drills|faults|vulncheck) exec %s -n \"$@\" ;; *) exec %s \"$@\" ;; esac\n", maker, maker)
	program.Write(t, filepath.Join(bin, "make"), []byte(script))
	return &reader{dir: dir, environment: append(os.Environ(),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), fmt.Sprintf("EDGE_PORT=%d", port.Free(t)),
		"GOFLAGS=-buildvcs=false",
	)}
}

func (r *reader) run(ctx context.Context, text string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", text)
	shell.Dir, shell.Env = r.dir, r.environment
	shell.WaitDelay = 10 * time.Second
	output, err := shell.CombinedOutput()
	return string(output), err
}
