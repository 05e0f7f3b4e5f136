package alerts

import (
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/observe/dashboard"
)

func TestEveryMetricOfTheDashboardIsOneThatTheAPIExports(t *testing.T) {
	t.Parallel()
	known := exported(t)
	shown := map[string]bool{}
	made := dashboard.New(dashboard.Source{Workload: alert.Workload{Namespace: "coditect-app", Job: "license-api"}})
	for _, tile := range made.MosaicLayout.Tiles {
		if tile.Widget.Chart == nil {
			continue
		}
		for _, set := range tile.Widget.Chart.DataSets {
			if set.Query.PromQL == "" {
				continue
			}
			expression, err := parser.NewParser(parser.Options{}).ParseExpr(set.Query.PromQL)
			require.NoError(t, err, tile.Widget.Title)
			parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
				selector, ok := node.(*parser.VectorSelector)
				if !ok {
					return nil
				}
				shown[selector.Name] = true
				names, there := known[selector.Name]
				if !assert.True(t, there, "%s reads %s, which the API does not export", tile.Widget.Title, selector.Name) {
					return nil
				}
				ours := 0
				for _, matcher := range selector.LabelMatchers {
					switch matcher.Name {
					case "__name__":
					case "namespace", "job":
						ours++
					default:
						assert.True(t, names[matcher.Name], "%s selects %s by %s, which it does not have", tile.Widget.Title, selector.Name, matcher.Name)
					}
				}
				assert.Equal(t, 2, ours, "%s: another workload may export %s too", tile.Widget.Title, selector.Name)
				return nil
			})
		}
	}
	assert.GreaterOrEqual(t, len(shown), 10)
}
