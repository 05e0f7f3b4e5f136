// Package docs_test checks that the documents speak of things that exist.
package docs_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func TestEveryDeviationIsCompleteAndNamesAFileThatExists(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("deviations.md")
	require.NoError(t, err)

	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| The design says") {
			continue
		}
		rows++
		require.Len(t, cells, 4, "says, fails, declares, file: %s", line)
		assert.FileExists(t, filepath.Join("..", strings.TrimSpace(cells[3])), line)
	}
	assert.NotZero(t, rows)
}

func TestEveryPlaybookBelongsToAnAlert(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	link := regexp.MustCompile(`docs/playbooks/([a-z-]+\.md)$`)
	for _, stack := range stacktest.Stacks(t) {
		for _, policy := range stacktest.Deploy(t, stack).Of("gcp:monitoring/alertPolicy:AlertPolicy") {
			match := link.FindStringSubmatch(policy.Text("documentation.content"))
			if assert.NotNil(t, match, "%s of %s names no playbook", policy.Name, stack) {
				named[filepath.Join("playbooks", match[1])] = true
			}
		}
	}
	written, err := filepath.Glob(filepath.Join("playbooks", "*.md"))
	require.NoError(t, err)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(named)), written, "the alerts' on the left, those that are written on the right")
}

func TestEveryPlaybookSaysWhatItMeansWhatToCheckToDoAndToUndo(t *testing.T) {
	t.Parallel()
	written, err := filepath.Glob(filepath.Join("playbooks", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, written)
	for _, playbook := range written {
		text, err := os.ReadFile(playbook)
		require.NoError(t, err)
		headings := regexp.MustCompile(`(?m)^#+ .*$`).FindAllString(string(text), -1)
		require.Len(t, headings, 5, playbook)
		assert.Equal(t, []string{"## What it means", "## Check", "## Act", "## Undo"}, headings[1:], playbook)
		name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(playbook), ".md"), "-", "")
		assert.Equal(t, "# "+name, strings.ToLower(headings[0]), "a playbook has its alert's name")
	}
}
