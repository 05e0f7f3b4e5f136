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

var (
	// fenced is a block, which is no running text.
	fenced = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	// tool is a command of another tool in running text; a variable may stand before it.
	tool = regexp.MustCompile("`((?:[A-Z_]+=[^`\\s]+ )?(?:gcloud|kubectl|pulumi) [^`]+)`")
)

// inline are the commands of Google's, Kubernetes' and Pulumi's tools in the running text
// of a document, each as a block of its own.
func inline(t *testing.T, document string) []block {
	t.Helper()
	content, err := os.ReadFile(document)
	require.NoError(t, err)
	text := fenced.ReplaceAllStringFunc(string(content), func(b string) string { return strings.Repeat("\n", strings.Count(b, "\n")) })
	var all []block
	for _, at := range tool.FindAllStringSubmatchIndex(text, -1) {
		line := strings.Join(strings.Fields(text[at[2]:at[3]]), " ")
		if strings.HasPrefix(line, "kubectl") && filepath.Base(document) == "local.md" {
			continue // the embedded cloud's own
		}
		all = append(all, block{document: document, language: "sh", text: line, line: 1 + strings.Count(text[:at[0]], "\n")})
	}
	return all
}

// TestEveryCommandOfAnotherToolInRunningTextExists: `pulumi history` was taken away with
// version 3.0 (https://github.com/pulumi/pulumi/pull/6724), and playbooks went on naming it.
func TestEveryCommandOfAnotherToolInRunningTextExists(t *testing.T) {
	t.Parallel()
	named := 0
	for _, document := range documents(t) {
		for _, b := range inline(t, document) {
			found, _ := commands(t, b)
			for _, c := range found {
				named++
				checks()[c.words[0]](t, c)
			}
		}
	}
	assert.Greater(t, named, 50)
}
