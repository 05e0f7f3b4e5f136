package alerts

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryQueryOfAPlaybookCanBePasted: it parses, and what it reads is exported.
func TestEveryQueryOfAPlaybookCanBePasted(t *testing.T) {
	t.Parallel()
	known := both(exported(t), writtenByGoogle())
	playbooks, err := filepath.Glob(filepath.Join("..", "..", "docs", "playbooks", "*.md"))
	require.NoError(t, err)
	query := regexp.MustCompile("`([^`\n]*\\{(?:job|monitored_resource)=[^`]*)`")
	found := 0
	for _, playbook := range playbooks {
		text, err := os.ReadFile(playbook)
		require.NoError(t, err)
		for _, match := range query.FindAllStringSubmatch(string(text), -1) {
			found++
			expression, err := parser.NewParser(parser.Options{}).ParseExpr(match[1])
			if !assert.NoError(t, err, "%s: %s", playbook, match[1]) {
				continue
			}
			parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
				if selector, is := node.(*parser.VectorSelector); is {
					assert.Contains(t, known, selector.Name, "%s reads what nobody exports", playbook)
				}
				return nil
			})
		}
	}
	assert.Greater(t, found, 8)
}
