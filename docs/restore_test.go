package docs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// TestARestoredDatabaseIsMigratedAgain: a backup may be older than the schema that the pods
// need, and a Job that has succeeded stays as it is, whatever the database holds.
func TestARestoredDatabaseIsMigratedAgain(t *testing.T) {
	t.Parallel()
	job := stacktest.Deploy(t, "prod").Of("kubernetes:batch/v1:Job")
	require.Len(t, job, 1)
	selector := "--selector=app=" + job[0].Get("metadata.labels").(map[string]any)["app"].(string)
	found := 0
	for _, b := range every(t, "sh") {
		all, _ := commands(t, b)
		var lines []string
		for _, c := range all {
			lines = append(lines, c.String())
		}
		at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "gcloud sql backups restore ") })
		if at < 0 {
			continue
		}
		found++
		rest := strings.Join(lines[at:], "\n")
		assert.Regexp(t, `(?s)\nkubectl --namespace=coditect-app delete jobs `+selector+`\n.*\npulumi up --stack prod --refresh$`, rest, "%s:%d", b.document, b.line)
		assert.Contains(t, rest, "pulumi config set --secret migrationPassword", "the roles, and their passwords, are those of the backup")
	}
	assert.Positive(t, found)
}
