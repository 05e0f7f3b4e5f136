package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The forms in which running text names something of the program.
var (
	// inSection is "`replicas.max` or `cpu` in `license-platform:api`".
	inSection = regexp.MustCompile("((?:`[a-z][A-Za-z]*(?:\\.[a-z][A-Za-z]*)*`[^`\n.;:]{0,30})+)\\b(?:in|of) `license-platform:([a-z]+)`")
	quoted    = regexp.MustCompile("`([^`]*)`")
	// series is a metric in an expression.
	series = regexp.MustCompile(`\b((?:license|http|kms|dependency)_[a-z_]+)[{\[(]`)
	// target and internal are commands.
	target   = regexp.MustCompile("`make ([a-z-]+)[^`]*`")
	internal = regexp.MustCompile("`(?:go run \\./local|bin/local) ([a-z-]+)[^`]*`")
)

// texts are the documents with their content.
func texts(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, document := range documents(t) {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		all[document] = string(content)
	}
	return all
}

func TestEveryFieldThatRunningTextNamesOfASectionExists(t *testing.T) {
	t.Parallel()
	named := 0
	for document, text := range texts(t) {
		for _, match := range inSection.FindAllStringSubmatch(text, -1) {
			for _, field := range quoted.FindAllStringSubmatch(match[1], -1) {
				named++
				assert.True(t, settingExists(match[2]+"."+field[1]), "%s names %s of license-platform:%s", document, field[1], match[2])
			}
		}
	}
	assert.Greater(t, named, 4)
	assert.False(t, settingExists("api.resources"), "it was named once, and never existed")
}

func TestEveryMetricThatTheDocumentsNameIsExported(t *testing.T) {
	t.Parallel()
	exported := source(t, filepath.Join(root, "app"))
	named := 0
	for document, text := range texts(t) {
		for _, match := range series.FindAllStringSubmatch(text, -1) {
			named++
			name := match[1]
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				name = strings.TrimSuffix(name, suffix)
			}
			assert.Contains(t, exported, `"`+name+`"`, "%s names the metric %s", document, match[1])
		}
	}
	assert.Greater(t, named, 2)
}

func TestEveryCommandInRunningTextExists(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	commands := source(t, filepath.Join(root, "local"))
	named := 0
	for document, text := range texts(t) {
		for _, match := range target.FindAllStringSubmatch(text, -1) {
			named++
			assert.Regexp(t, `(?m)^`+match[1]+`:`, string(makefile), "%s names make %s", document, match[1])
		}
		for _, match := range internal.FindAllStringSubmatch(text, -1) {
			named++
			assert.Regexp(t, `Use:\s+"`+regexp.QuoteMeta(match[1])+`[" ]`, commands, "%s names local %s", document, match[1])
		}
	}
	assert.Greater(t, named, 20)
}
