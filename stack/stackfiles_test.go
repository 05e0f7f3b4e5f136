package stack_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func TestRegionProjectAndDomainStandInAStacksFileOnce(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.Stacks(t) {
		text, err := os.ReadFile(filepath.Join(stacktest.Root(t), "Pulumi."+name+".yaml"))
		require.NoError(t, err)
		var values []string
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(line, "#")
			// An address of somebody, at the domain or in the project, is a name of its own.
			values = append(values, regexp.MustCompile(`\S+@\S+`).ReplaceAllString(line, ""))
		}
		content := strings.Join(values, "\n")
		for _, key := range []string{"project", "region", "domain"} {
			value := regexp.MustCompile(`(?m)^ +` + key + `: (\S+)`).FindStringSubmatch(content)
			require.NotNil(t, value, "%s %s", name, key)
			assert.Len(t, regexp.MustCompile(`(^|[\s"/])`+regexp.QuoteMeta(value[1])+`\b`).FindAllString(content, -1), 1, "%s: %s", name, key)
		}
	}
}
