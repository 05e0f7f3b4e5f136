package constraint_test

import (
	"fmt"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	objectiveDocs = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives"
	serviceDocs   = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services/create"
	objectiveSDK  = "https://www.pulumi.com/registry/packages/gcp/api-docs/monitoring/slo/"
	filterDocs    = "https://cloud.google.com/monitoring/api/v3/filters"
	lookbackDocs  = "https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/alerting-on-budget-burn-rate#alert-lookbacks"
	selectorDocs  = "https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/timeseries-selectors"
	uptimeDocs    = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.uptimeCheckConfigs"
	checkerDocs   = "https://cloud.google.com/monitoring/uptime-checks/introduction"
	dashboardDocs = "https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards"
)

func objectiveRows() []row {
	const bad, total = "requestBasedSli.goodTotalRatio.badServiceFilter", "requestBasedSli.goodTotalRatio.totalServiceFilter"
	service := made{gcp.TypeMonitoredService, "service", map[string]any{"serviceId": "api"}}
	objective := map[string]any{
		"service": "api", "sloId": "availability", "goal": 0.995, "rollingPeriodDays": 28,
		"requestBasedSli": map[string]any{"goodTotalRatio": map[string]any{
			"badServiceFilter":   `metric.type="a.googleapis.com/b" AND resource.type="c" AND metric.label.d="e"`,
			"totalServiceFilter": `metric.type="a.googleapis.com/b" AND resource.type="c"`,
		}},
	}
	refused := func(what string, change changes, says, source string) row {
		return row{what: what, typ: gcp.TypeObjective, right: objective, given: []made{service}, change: change, says: says, source: source}
	}
	return append([]row{
		refused("an objective of 100 %", changes{"goal": 1.0}, "at most 0.9999", objectiveDocs),
		refused("an objective over a quarter", changes{"rollingPeriodDays": 90}, "in the range (1 - 30)", objectiveSDK),
		refused("an objective over a rolling and a calendar period", changes{"calendarPeriod": "MONTH"}, "only one of `rollingPeriodDays,calendarPeriod` can be specified", objectiveDocs),
		refused("an objective without an indicator", changes{"requestBasedSli": nil}, "one of `basicSli,requestBasedSli,windowsBasedSli` must be specified", objectiveDocs),
		refused("a ratio of good, bad and all", changes{"requestBasedSli.goodTotalRatio.goodServiceFilter": `metric.type="a" AND resource.type="c"`}, "exactly 2 of", objectiveDocs),
		refused("a ratio of one thing", changes{bad: nil}, "exactly 2 of", objectiveDocs),
		refused("an indicator without a resource type", changes{total: `metric.type="a.googleapis.com/b"`}, "resource.type once, and does 0 times", filterDocs),
		{
			what: "an objective of a service that does not exist", typ: gcp.TypeObjective, right: objective, when: onCreate,
			lacking: []made{service}, says: "services/api not found", source: objectiveDocs,
		},
		{
			what: "a monitored service with a space in its id", typ: gcp.TypeMonitoredService, right: service.inputs,
			change: changes{"serviceId": "license api"}, says: "doesn't match regexp", source: serviceDocs,
		},
	}, append(burnRows(service, objective), append(uptimeRows(), dashboardRows()...)...)...)
}

func burnRows(service made, objective map[string]any) []row {
	burning := func(filter string) map[string]any {
		return map[string]any{"combiner": "OR", "displayName": "alert", "conditions": threshold(changes{"conditionThreshold.filter": filter, "conditionThreshold.duration": "0s"})}
	}
	of := func(name, lookback string) string {
		return fmt.Sprintf(`select_slo_burn_rate("projects/%s/services/api/serviceLevelObjectives/%s", %q)`, project, name, lookback)
	}
	right := burning(of("availability", "24h"))
	there := []made{service, {gcp.TypeObjective, "objective", objective}}
	refused := func(what, filter, says, source string) row {
		return row{what: what, typ: gcp.TypeAlertPolicy, right: right, given: there, change: burning(filter), says: says, source: source}
	}
	missing := refused("an alert on an objective that does not exist", of("another", "1h"), "serviceLevelObjectives/another not found", selectorDocs)
	missing.when = onCreate
	return []row{
		refused("a burn rate over three days", of("availability", "72h"), "at most 24h", lookbackDocs),
		refused("a burn rate without its lookback", fmt.Sprintf("select_slo_burn_rate(%q)", "projects/p/services/api/serviceLevelObjectives/availability"), "Invalid time-series selector", selectorDocs),
		refused("a threshold without a metric", `resource.type="c"`, "metric.type once, and does 0 times", filterDocs),
		missing,
	}
}

func uptimeRows() []row {
	check := map[string]any{
		"displayName": "outside", "timeout": "10s", "period": "60s", "selectedRegions": []any{"USA_OREGON", "USA_IOWA", "EUROPE"},
		"monitoredResource": map[string]any{"type": "uptime_url", "labels": map[string]any{"project_id": project, "host": "licenses.coditect.ai"}},
		"httpCheck":         map[string]any{"path": "/health", "useSsl": true, "validateSsl": true},
	}
	refused := func(what string, change changes, says, source string) row {
		return row{what: what, typ: gcp.TypeUptimeCheck, right: check, change: change, says: says, source: source}
	}
	return []row{
		refused("an uptime check every two minutes", changes{"period": "120s"}, "expected period to be one of", uptimeDocs),
		refused("an uptime check that waits two minutes", changes{"timeout": "120s"}, "between 1 and 60 seconds", uptimeDocs),
		refused("an uptime check by two checkers", changes{"selectedRegions": []any{"USA_OREGON", "EUROPE"}}, "at least 3 locations, got 2", checkerDocs),
		refused("an uptime check from a region without checkers", changes{"selectedRegions": []any{"AFRICA"}}, "Invalid value at", uptimeDocs),
		refused("an uptime check of a URL instead of a host", changes{"monitoredResource.labels.host": "https://licenses.coditect.ai"}, "is not a host", uptimeDocs),
		refused("an uptime check without a host", changes{"monitoredResource.labels.host": nil}, "needs the label host", uptimeDocs),
		refused("an uptime check of nothing", changes{"monitoredResource": nil}, "one of `monitoredResource,resourceGroup,syntheticMonitor` must be specified", uptimeDocs),
		refused("an uptime check by GET with a body", changes{"httpCheck.body": "eA=="}, "neither body nor content_type", uptimeDocs),
	}
}

func dashboardRows() []row {
	board := func(tile string) map[string]any {
		return map[string]any{"dashboardJson": `{"displayName":"d","mosaicLayout":{"columns":12,"tiles":[` + tile + `]}}`}
	}
	right := board(`{"width":12,"height":1,"widget":{"title":"t","text":{"content":"c","format":"MARKDOWN"}}}`)
	refused := func(what, tile, says string) row {
		return row{what: what, typ: gcp.TypeDashboard, right: right, change: changes{"dashboardJson": board(tile)["dashboardJson"]}, says: says, source: dashboardDocs}
	}
	return []row{
		refused("a dashboard that is no JSON", `{`, "contains an invalid JSON"),
		refused("a widget that dashboards do not have", `{"width":1,"height":1,"widget":{"gauge":{}}}`, `unknown field "gauge"`),
		refused("a format of text that does not exist", `{"width":1,"height":1,"widget":{"text":{"format":"HTML"}}}`, "invalid value for enum"),
		refused("a tile that leaves the grid", `{"xPos":6,"width":7,"height":1,"widget":{"text":{"content":"c"}}}`, "not contained within the 12 columns"),
		refused("a tile without a height", `{"width":1,"widget":{"text":{"content":"c"}}}`, "must be at least 1"),
		refused("a tile that shows nothing", `{"width":1,"height":1,"widget":{"title":"t"}}`, "has no content"),
		refused("a chart without a query", `{"width":1,"height":1,"widget":{"xyChart":{"dataSets":[{}]}}}`, "without a query"),
		{
			what: "a grid of 24 columns", typ: gcp.TypeDashboard, right: right, source: dashboardDocs,
			change: changes{"dashboardJson": `{"displayName":"d","mosaicLayout":{"columns":24,"tiles":[]}}`}, says: "between 1 and 12",
		},
	}
}
