package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/ops/checklist"
)

func run(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := command(&out)
	c.SetArgs(arguments)
	err := c.Execute()
	return out.String(), err
}

func TestTheChecklistCanBeReadAndPasses(t *testing.T) {
	t.Parallel()
	for format, part := range map[string]string{
		"text":     "stack prod: 100/100",
		"markdown": "| Cloud Armor policy deployed and active | pass | `gcp:compute/securityPolicy:SecurityPolicy armor`",
		"summary":  "Security checklist: **100/100",
	} {
		out, err := run(t, "checklist", "--stack", "prod", "--format", format)
		require.NoError(t, err)
		assert.Contains(t, out, part)
	}
	out, err := run(t, "checklist", "--format", "json")
	require.NoError(t, err)
	var report checklist.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	assert.Equal(t, "prod", report.Stack)
	assert.NotEmpty(t, report.Skipped)
}

func TestAFailedItemFailsTheCommandAndIsNamed(t *testing.T) {
	t.Parallel()
	elsewhere := t.TempDir()
	for _, name := range []string{"go.mod", "Pulumi.yaml", "Pulumi.prod.yaml"} {
		content, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		weaker := strings.Replace(string(content), "emails: [security@coditect.ai]", "emails: []", 1)
		require.NoError(t, os.WriteFile(filepath.Join(elsewhere, name), []byte(weaker), 0o600))
	}
	out, err := run(t, "checklist", "--stack", "prod", "--format", "summary", "--settings", elsewhere)
	require.ErrorIs(t, err, errItemFailed)
	assert.ErrorContains(t, err, "observability.alerts")
	assert.Contains(t, out, ":x: Prometheus alerts configured")
}

func TestTheCostCanBeRead(t *testing.T) {
	t.Parallel()
	out, err := run(t, "cost", "--stack", "dev")
	require.NoError(t, err)
	assert.Contains(t, out, "3 to 9 of e2-standard-2")
}

func TestMistakesAreExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments []string
		says      string
	}{
		{[]string{"checklist", "--stack", "production"}, `stack "production" is not known, as there is no Pulumi.production.yaml; there are dev, local, prod`},
		{[]string{"cost", "--format", "pdf"}, `--format "pdf" is not known`},
		{[]string{"cost", "--settings", "/"}, "there is no go.mod at or above /"},
		{[]string{"cost", "prod"}, `unknown command "prod"`},
	} {
		_, err := run(t, c.arguments...)
		assert.ErrorContains(t, err, c.says)
	}
}
