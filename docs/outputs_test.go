package docs_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func TestEveryOutputIsDescribedAndEveryDescribedOneExists(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("operations.md")
	require.NoError(t, err)
	table := regexp.MustCompile(`(?s)\| Output \| What it is \|\n(.*?)\n\n`).FindSubmatch(text)
	require.NotNil(t, table)

	var described []string
	for _, row := range regexp.MustCompile(`(?m)^\| (`+"`[^|]*`"+`) \|`).FindAllSubmatch(table[1], -1) {
		for _, name := range regexp.MustCompile("`([A-Za-z]+)`").FindAllSubmatch(row[1], -1) {
			described = append(described, string(name[1]))
		}
	}
	for _, name := range stacktest.Stacks(t) {
		assert.ElementsMatch(t, slices.Collect(maps.Keys(stacktest.Deploy(t, name).Outputs().Inputs())), described, name)
	}
}
