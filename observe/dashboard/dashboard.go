package dashboard

import (
	"encoding/json"
	"fmt"
)

// Dashboard is a dashboard of Cloud Monitoring, as far as this one needs it.
type Dashboard struct {
	DisplayName  string `json:"displayName"`
	MosaicLayout Mosaic `json:"mosaicLayout"`
}

// Mosaic is a grid with tiles on it.
type Mosaic struct {
	// Columns is the grid's width, 1 to 12.
	Columns int    `json:"columns"`
	Tiles   []Tile `json:"tiles"`
}

// Tile is a widget and its place on the grid, from the top left. A zero is left out,
// because the API leaves it out of its answers: otherwise every preview would show a
// false difference.
type Tile struct {
	X      int    `json:"xPos,omitempty"`
	Y      int    `json:"yPos,omitempty"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Widget Widget `json:"widget"`
}

// Widget is one of a chart, a text, a heading, the open incidents, or log entries.
type Widget struct {
	Title        string         `json:"title"`
	Chart        *Chart         `json:"xyChart,omitempty"`
	Text         *Text          `json:"text,omitempty"`
	Section      *SectionHeader `json:"sectionHeader,omitempty"`
	IncidentList *IncidentList  `json:"incidentList,omitempty"`
	LogsPanel    *LogsPanel     `json:"logsPanel,omitempty"`
}

// Chart draws series over time.
type Chart struct {
	DataSets   []DataSet   `json:"dataSets"`
	Thresholds []Threshold `json:"thresholds,omitempty"`
	YAxis      Axis        `json:"yAxis"`
}

// DataSet is what a chart draws.
type DataSet struct {
	// Legend names a series; ${metric.labels.NAME} stands for a label.
	Legend string `json:"legendTemplate,omitempty"`
	// PlotType is LINE or STACKED_AREA.
	PlotType string `json:"plotType"`
	Query    Query  `json:"timeSeriesQuery"`
}

// Query is PromQL or a filter, with the unit of what it returns.
type Query struct {
	PromQL string  `json:"prometheusQuery,omitempty"`
	Filter *Filter `json:"timeSeriesFilter,omitempty"`
	Unit   string  `json:"unitOverride,omitempty"`
}

// Filter selects series and puts them together.
type Filter struct {
	Filter      string       `json:"filter"`
	Aggregation *Aggregation `json:"aggregation,omitempty"`
}

// Aggregation makes one series of several.
// https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aggregation
type Aggregation struct {
	Period  string   `json:"alignmentPeriod"`
	Aligner string   `json:"perSeriesAligner"`
	Reducer string   `json:"crossSeriesReducer,omitempty"`
	GroupBy []string `json:"groupByFields,omitempty"`
}

// Threshold is a line across a chart.
type Threshold struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
}

// Axis is a chart's vertical axis.
type Axis struct {
	Label string `json:"label,omitempty"`
	Scale string `json:"scale"`
}

// Text is Markdown.
type Text struct {
	Content string `json:"content"`
	Format  string `json:"format"`
}

// SectionHeader is a heading.
type SectionHeader struct {
	Subtitle string `json:"subtitle"`
}

// IncidentList shows the open incidents of policies, alertPolicies/ID.
type IncidentList struct {
	PolicyNames []string `json:"policyNames"`
}

// LogsPanel shows log entries.
type LogsPanel struct {
	Filter        string   `json:"filter"`
	ResourceNames []string `json:"resourceNames"`
}

// JSON is the dashboard in the form of the API.
func (d Dashboard) JSON() (string, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("writing dashboard %q: %w", d.DisplayName, err)
	}
	return string(text), nil
}
