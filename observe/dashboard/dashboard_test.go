package dashboard_test

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/observe/dashboard"
	"github.com/coditect-ai/license-platform/observe/objective"
)

// source is a stack with everything, or without the uptime check.
func source(check string) dashboard.Source {
	backend := objective.Backend{Namespace: "coditect-app", Service: "license-api", Port: 80}
	var objectives []dashboard.DeclaredObjective
	for _, o := range objective.All(backend, objective.Settings{}) {
		objectives = append(objectives, dashboard.DeclaredObjective{Name: "projects/1/services/license-api/serviceLevelObjectives/" + o.Name, Objective: o})
	}
	return dashboard.Source{
		Project: "acme", Workload: alert.Workload{Namespace: "coditect-app", Job: "license-api"}, Container: "license-api", Backend: backend,
		SecurityPolicy: "armor", SQLInstance: "db", Redis: "redis", LogBucket: "logs",
		Check: check, Objectives: objectives, Policies: []string{"alertPolicies/1"},
		Playbooks: map[string]string{"AvailabilityBurnFast": "availability-burn.md"}, Folder: "https://example.com/docs/playbooks/",
	}
}

// both are the dashboards with and without an uptime check.
func both(t *testing.T, check func(*testing.T, dashboard.Dashboard)) {
	t.Helper()
	for name, id := range map[string]string{"with a check": "license-api-1", "without": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, dashboard.New(source(id)))
		})
	}
}

func TestTilesLieOnTheGridAndOnNoOtherTile(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, d dashboard.Dashboard) {
		assert.Equal(t, 12, d.MosaicLayout.Columns)
		taken := map[[2]int]string{}
		for _, tile := range d.MosaicLayout.Tiles {
			title := tile.Widget.Title
			assert.Positive(t, tile.Width, title)
			assert.Positive(t, tile.Height, title)
			assert.LessOrEqual(t, tile.X+tile.Width, d.MosaicLayout.Columns, "%s leaves the grid", title)
			for x := tile.X; x < tile.X+tile.Width; x++ {
				for y := tile.Y; y < tile.Y+tile.Height; y++ {
					assert.Empty(t, taken[[2]int{x, y}], "%s lies on it", title)
					taken[[2]int{x, y}] = title
				}
			}
		}
	})
}

func TestEveryWidgetShowsOneThingAndHasATitle(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, d dashboard.Dashboard) {
		for _, tile := range d.MosaicLayout.Tiles {
			text, err := json.Marshal(tile.Widget)
			require.NoError(t, err)
			var parts map[string]any
			require.NoError(t, json.Unmarshal(text, &parts))
			assert.NotEmpty(t, parts["title"])
			assert.Len(t, parts, 2, "a title and one content: %s", tile.Widget.Title)
			if tile.Widget.Chart == nil {
				continue
			}
			assert.NotEmpty(t, tile.Widget.Chart.DataSets, tile.Widget.Title)
			for _, set := range tile.Widget.Chart.DataSets {
				assert.NotEqual(t, set.Query.PromQL == "", set.Query.Filter == nil, "%s: PromQL or a filter", tile.Widget.Title)
			}
		}
	})
}

func TestAllSevenLayersAreShownInTheirOrder(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, d dashboard.Dashboard) {
		var sections []string
		for _, tile := range d.MosaicLayout.Tiles {
			if tile.Widget.Section != nil {
				sections = append(sections, tile.Widget.Title)
			}
		}
		assert.Equal(t, []string{
			"Service level objectives", "1 Cloud Armor", "2 Network and TLS", "3 Unified ingress", "4 Workload", "5 Identity and application", "6 Data", "7 Observability",
		}, sections)
	})
}

func TestEveryMetricOfGoogleIsListedWithItsPageAndEveryListedOneIsShown(t *testing.T) {
	t.Parallel()
	known := regexp.MustCompile(`metric\.type="([^"]+)" AND resource\.type="([^"]+)"`)
	shown := map[[2]string]bool{}
	for _, tile := range dashboard.New(source("license-api-1")).MosaicLayout.Tiles {
		if tile.Widget.Chart == nil {
			continue
		}
		for _, set := range tile.Widget.Chart.DataSets {
			if set.Query.Filter == nil {
				continue
			}
			if regexp.MustCompile(`^select_slo_burn_rate\("projects/1/services/license-api/serviceLevelObjectives/license-[a-z]+", "[16]h"\)$`).MatchString(set.Query.Filter.Filter) {
				continue
			}
			found := known.FindStringSubmatch(set.Query.Filter.Filter)
			require.NotNil(t, found, set.Query.Filter.Filter)
			shown[[2]string{found[1], found[2]}] = true
		}
	}
	listed := map[[2]string]bool{}
	for name, metric := range dashboard.GoogleMetrics() {
		assert.Regexp(t, `^https://cloud\.google\.com/monitoring/api/metrics_`, metric.Source, name)
		listed[[2]string{metric.Type, metric.Resource}] = true
	}
	assert.Equal(t, listed, shown)
}

func TestTheDashboardLeadsToThePlaybooksAndTheIncidents(t *testing.T) {
	t.Parallel()
	text, err := dashboard.New(source("")).JSON()
	require.NoError(t, err)
	assert.True(t, json.Valid([]byte(text)))
	assert.Contains(t, text, `[AvailabilityBurnFast](https://example.com/docs/playbooks/availability-burn.md)`)
	assert.Contains(t, text, `"policyNames":["alertPolicies/1"]`)
	assert.NotContains(t, text, `"xPos":0`, "the API leaves zeros out, and a preview would show them as a change")
}
