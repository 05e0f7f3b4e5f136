package docs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// placeless says that a command does not say which stack, project or namespace it means, so
// that the tool takes whichever was chosen last on this machine: in another project a query
// shows nothing, and an update changes another stack.
func placeless(c command) bool {
	has := func(parts ...string) bool {
		return slices.ContainsFunc(c.words, func(word string) bool {
			return slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(word, part) })
		})
	}
	switch words := c.String(); {
	case c.words[0] == "pulumi":
		return c.value("--stack") == "" && c.words[1] != "login" && c.words[1] != "plugin" && !strings.HasPrefix(words, "pulumi stack init ")
	case c.words[0] == "kubectl":
		return !has("-n", "--namespace") && c.words[1] != "config"
	case c.words[0] == "gcloud" && c.words[1] == "projects": // the project is the first argument
		return len(c.words) < 4 || strings.HasPrefix(c.words[3], "-")
	case c.words[0] == "gcloud" && c.words[1] != "auth":
		// A bucket's address and the full name of a key, which stands in a variable, hold it.
		return !has("--project", "gs://", "--keyring=$", "--key=$", "$")
	}
	return false
}

func TestEveryCommandOfABlockSaysWhichStackProjectOrNamespaceItMeans(t *testing.T) {
	t.Parallel()
	for _, b := range every(t, "sh") {
		all, _ := commands(t, b)
		for _, c := range all {
			assert.False(t, placeless(c), "%s:%d: %s", c.document, c.line, c)
		}
	}
	for _, line := range []string{"pulumi up", "gcloud logging read x", "kubectl get pods", "gcloud projects get-iam-policy --format=json"} {
		assert.True(t, placeless(command{words: strings.Fields(line)}), line)
	}
}

// TestAPlaybookIsForProdAlsoInItsRunningText: at night a person types what stands there.
func TestAPlaybookIsForProdAlsoInItsRunningText(t *testing.T) {
	t.Parallel()
	playbooks, err := filepath.Glob(filepath.Join("playbooks", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, playbooks)
	for _, playbook := range playbooks {
		text, err := os.ReadFile(playbook)
		require.NoError(t, err)
		assert.Contains(t, string(text), "## Check\n\nThe commands are for `prod`. [Get ready](../operations.md#answer-an-alert) first:", playbook)
		for _, b := range append(blocks(t, playbook), inline(t, playbook)...) {
			all, _ := commands(t, b)
			for _, c := range all {
				assert.False(t, placeless(c), "%s:%d: %s", c.document, c.line, c)
				if stack := c.value("--stack"); stack != "" {
					assert.Equal(t, "prod", stack, "%s:%d: %s", c.document, c.line, c)
				}
			}
		}
	}
}

// TestWhoeverUsesGcloudSignsInToIt: the credentials for libraries are no sign-in of gcloud's,
// nor of the plugin by which Pulumi and kubectl reach a cluster
// (https://cloud.google.com/sdk/gcloud/reference/auth/application-default/login).
func TestWhoeverUsesGcloudSignsInToIt(t *testing.T) {
	t.Parallel()
	found := 0
	for _, b := range every(t, "sh") {
		all, _ := commands(t, b)
		var lines []string
		for _, c := range all {
			lines = append(lines, c.String())
		}
		if at := slices.Index(lines, "gcloud auth application-default login"); at >= 0 {
			found++
			assert.Contains(t, lines[:at], "gcloud auth login", "%s:%d", b.document, b.line)
		}
	}
	assert.Equal(t, 3, found)
}
