package dashboard

import (
	"fmt"
	"strings"
)

// period is what a filter's points are aligned to.
const period = "60s"

// line draws one line a series of PromQL.
func line(legend, promQL string) DataSet {
	return DataSet{Legend: legend, PlotType: "LINE", Query: Query{PromQL: promQL}}
}

// stacked draws areas on top of each other.
func stacked(d DataSet) DataSet {
	d.PlotType = "STACKED_AREA"
	return d
}

// chart is a chart without thresholds, with the unit of its axis.
func chart(title, axis string, sets ...DataSet) Widget {
	return Widget{Title: title, Chart: &Chart{DataSets: sets, YAxis: Axis{Label: axis, Scale: "LINEAR"}}}
}

// limited adds a line that must not be crossed.
func limited(w Widget, label string, value float64) Widget {
	w.Chart.Thresholds = append(w.Chart.Thresholds, Threshold{Label: label, Value: value})
	return w
}

// series selects the series of one of Google's metrics.
type series struct {
	metric GoogleMetric
	// where are more terms of the filter, for example resource.label."x"="y".
	where []string
	// legend names a line.
	legend string
	// by are the labels that a line has, the others are summed up.
	by []string
}

func (s series) filter() string {
	terms := append([]string{fmt.Sprintf("metric.type=%q", s.metric.Type), fmt.Sprintf("resource.type=%q", s.metric.Resource)}, s.where...)
	return strings.Join(terms, " AND ")
}

func (s series) drawn(legend, aligner, reducer string) DataSet {
	return DataSet{Legend: legend, PlotType: "LINE", Query: Query{Filter: &Filter{
		Filter:      s.filter(),
		Aggregation: &Aggregation{Period: period, Aligner: aligner, Reducer: reducer, GroupBy: s.by},
	}}}
}

// rate is how often a counter counts a second.
func (s series) rate() DataSet { return s.drawn(s.legend, "ALIGN_RATE", "REDUCE_SUM") }

// highest is the highest of all gauges.
func (s series) highest() DataSet { return s.drawn(s.legend, "ALIGN_MEAN", "REDUCE_MAX") }

// lowest is the lowest of all gauges.
func (s series) lowest() DataSet { return s.drawn(s.legend, "ALIGN_MIN", "REDUCE_MIN") }

// passed is the share of true values.
func (s series) passed() DataSet { return s.drawn(s.legend, "ALIGN_FRACTION_TRUE", "REDUCE_MEAN") }

// percentiles are three lines of a distribution.
func (s series) percentiles() []DataSet {
	var sets []DataSet
	for _, p := range []string{"50", "95", "99"} {
		sets = append(sets, s.drawn("p"+p, "ALIGN_DELTA", "REDUCE_PERCENTILE_"+p))
	}
	return sets
}
