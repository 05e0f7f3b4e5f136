// Package docs_test checks that the documents speak of things that exist.
package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
	playbooks, err := filepath.Glob(filepath.Join("playbooks", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, playbooks)
	alerts, err := os.ReadFile(filepath.Join("..", "observe", "alert", "alert.go"))
	require.NoError(t, err)

	for _, playbook := range playbooks {
		assert.Contains(t, string(alerts), `"`+filepath.Base(playbook)+`"`, "nobody would find it")
	}
}
