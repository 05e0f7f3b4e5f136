package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func run(t *testing.T, environment map[string]string, arguments ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := command(&out, func(name string) string { return environment[name] })
	c.SetArgs(arguments)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestAReportHoldsThePreviewTheInventoryAndTheChecklist(t *testing.T) {
	t.Parallel()
	preview := file(t, "p", "  ~ gcp:compute/securityPolicyRule:SecurityPolicyRule\n```\nResources:\n    1 to update\n    94 unchanged\n")
	out, err := run(t, nil, "report", "--stack", "prod", "--preview", preview,
		"--inventory", file(t, "i", "-  priority: 1\n+  priority: 2\n"), "--checklist", file(t, "c", "Security checklist: **100/100**.\n"))
	require.NoError(t, err)
	assert.Contains(t, out, "## Stack prod")
	assert.Contains(t, out, "Preview: 1 to update, 94 unchanged")
	assert.Contains(t, out, "```diff\n-  priority: 1")
	assert.Contains(t, out, "**100/100**")
	assert.Contains(t, out, "````text\n", "a fence in the preview cannot close the report's")
}

func TestAStackWithoutChangesSaysSo(t *testing.T) {
	t.Parallel()
	out, err := run(t, nil, "report", "--stack", "dev", "--preview", "not-there", "--inventory", file(t, "i", ""))
	require.NoError(t, err)
	assert.Contains(t, out, "The reviewed inventory does not change.")
	assert.Contains(t, out, "no changes are counted")
}

func TestDriftIsToldFromAFailure(t *testing.T) {
	t.Parallel()
	out, err := run(t, nil, "drift", "--stack", "prod", "--preview", file(t, "p", "error: no changes were expected but changes were proposed\n"))
	require.NoError(t, err)
	assert.Contains(t, out, "Stack prod differs from the program")
	out, err = run(t, nil, "drift", "--stack", "prod", "--preview", file(t, "p", "error: could not refresh\n"))
	require.NoError(t, err)
	assert.Contains(t, out, "Stack prod could not be compared")
}

func TestWhatWasFoundIsPublished(t *testing.T) {
	t.Parallel()
	var written []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "[]")
			return
		}
		body, _ := io.ReadAll(r.Body)
		written = append(written, r.Method+" "+r.URL.Path+" "+string(body))
	}))
	defer server.Close()
	environment := map[string]string{"GITHUB_API_URL": server.URL, "GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "t"}

	_, err := run(t, environment, "comment", "--pull-request", "7", file(t, "prod.md", "about prod"), file(t, "dev.md", "about dev"))
	require.NoError(t, err)
	require.Len(t, written, 1)
	assert.Contains(t, written[0], "/issues/7/comments")
	assert.Contains(t, written[0], "about prod")
	assert.Contains(t, written[0], "about dev")

	drift := filepath.Dir(file(t, "drift-prod.md", "prod differs"))
	_, err = run(t, environment, "issue", "--checks", "success", "--reports", drift)
	require.NoError(t, err)
	assert.Contains(t, written[1], "prod differs")

	_, err = run(t, environment, "issue", "--checks", "failure", "--reports", t.TempDir())
	require.NoError(t, err)
	assert.Contains(t, written[2], `A check itself ended with \"failure\"`)

	_, err = run(t, environment, "issue", "--checks", "success", "--reports", t.TempDir())
	require.NoError(t, err)
	assert.Len(t, written, 3, "nothing differs, and no issue is open")
}

func TestOutsideOfAWorkflowTheCommandSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := run(t, nil, "comment", "--pull-request", "7", file(t, "r.md", "x"))
	require.ErrorContains(t, err, "GITHUB_REPOSITORY and GITHUB_TOKEN must be set")
}

func TestALongPreviewIsCut(t *testing.T) {
	t.Parallel()
	out, err := run(t, nil, "report", "--stack", "prod", "--preview", file(t, "p", strings.Repeat("x", 100_000)))
	require.NoError(t, err)
	assert.Less(t, len(out), 20_000)
	assert.Contains(t, out, "cut; the whole text")
}

func TestOnlyTheNewestCommitIsDeployed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/repos/o/r/commits/main", r.URL.Path)
		_, _ = io.WriteString(w, `{"sha":"new"}`)
	}))
	t.Cleanup(server.Close)
	environment := map[string]string{"GITHUB_API_URL": server.URL, "GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "secret"}
	_, err := run(t, environment, "newest", "--commit", "new")
	require.NoError(t, err)
	_, err = run(t, environment, "newest", "--commit", "old")
	assert.ErrorContains(t, err, "commit old is not deployed: main has a newer one, new")
}
