package dashboard

import (
	"fmt"
	"time"

	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/observe/objective"
)

// Source is what the dashboard shows.
type Source struct {
	// Project is the Google Cloud project's id.
	Project string
	// Workload and Container select the API's pods and their metrics.
	Workload  alert.Workload
	Container string
	// Backend selects the load balancer's requests.
	Backend objective.Backend
	// SecurityPolicy is the name of the Cloud Armor policy.
	SecurityPolicy string
	// SQLInstance and Redis are the names of the instances.
	SQLInstance, Redis string
	// LogBucket is the name of the log bucket and of the sink that fills it.
	LogBucket string
	// Check is the id of the uptime check; empty without one.
	Check string
	// Objectives are the service level objectives of the license API.
	Objectives []DeclaredObjective
	// Thresholds are where the alerts on the API's own metrics fire.
	Thresholds alert.Thresholds
	// Policies are the alert policies, alertPolicies/ID.
	Policies []string
	// Playbooks are the alerts' by their names, below Folder.
	Playbooks map[string]string
	Folder    string
}

// DeclaredObjective is an objective that is declared in Cloud Monitoring.
type DeclaredObjective struct {
	// Name is its full name: projects/P/services/S/serviceLevelObjectives/O.
	Name string
	objective.Objective
}

// own selects the API's own series of a metric.
func (s Source) own(metric, more string) string {
	return fmt.Sprintf("%s{namespace=%q,job=%q%s}", metric, s.Workload.Namespace, s.Workload.Job, more)
}

// quantiles are three lines of one of the API's own histograms.
func (s Source) quantiles(histogram, more string) []DataSet {
	var sets []DataSet
	for _, percent := range []int{50, 95, 99} {
		sets = append(sets, line(fmt.Sprintf("p%d", percent),
			fmt.Sprintf("histogram_quantile(%g, sum by (le) (rate(%s[5m])))", float64(percent)/100, s.own(histogram+"_bucket", more))))
	}
	return sets
}

// google selects series of one of Google's metrics.
func google(name, legend string, by []string, where ...string) series {
	return series{metric: GoogleMetrics()[name], legend: legend, by: by, where: where}
}

// burn draws the burn rate of an objective's error budget.
func burn(p DeclaredObjective) Widget {
	w := chart(p.Summary, "times too fast")
	for _, lookback := range []time.Duration{time.Hour, 6 * time.Hour} {
		w.Chart.DataSets = append(w.Chart.DataSets, DataSet{
			Legend: fmt.Sprintf("over %gh", lookback.Hours()), PlotType: "LINE",
			Query: Query{Filter: &Filter{Filter: objective.BurnRate{Objective: p.Name, Lookback: lookback}.Filter(), Aggregation: &Aggregation{Period: period, Aligner: "ALIGN_MEAN"}}},
		})
	}
	for _, a := range p.Alerts() {
		w = limited(w, a.Name, a.BurnRate)
	}
	return w
}
