package dashboard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// New is the dashboard of what a source names.
func New(s Source) Dashboard {
	return Dashboard{DisplayName: "License platform", MosaicLayout: place([]section{
		s.objectives(), s.armor(), s.edge(), s.ingress(), s.workload(), s.application(), s.data(), s.evidence(),
	})}
}

func (s Source) objectives() section {
	var first []Widget
	for _, slo := range s.Objectives {
		first = append(first, burn(slo))
	}
	if s.Check != "" {
		by := []string{"metric.label.checker_location"}
		first = append(first, chart("Reached from outside", "share of checks",
			google("uptime", "${metric.labels.checker_location}", by, fmt.Sprintf(`metric.label."check_id"=%q`, s.Check)).passed()))
	}
	// A path in the repository leads nowhere from the console.
	form := "- %s: `%s%s`\n"
	if strings.HasPrefix(s.Folder, "https://") {
		form = "- [%s](%s%s)\n"
	}
	var playbooks strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.Playbooks)) {
		fmt.Fprintf(&playbooks, form, name, s.Folder, s.Playbooks[name])
	}
	return section{"Service level objectives", "How fast the error budgets are spent, and which incidents are open", [][]Widget{first, {
		{Title: "Open incidents", IncidentList: &IncidentList{PolicyNames: s.Policies}},
		{Title: "Playbooks", Text: &Text{Content: playbooks.String(), Format: "MARKDOWN"}},
	}}}
}

func (s Source) armor() section {
	policy := fmt.Sprintf(`resource.label."policy_name"=%q`, s.SecurityPolicy)
	by := []string{"metric.label.blocked"}
	return section{"1 Cloud Armor", "What is refused at Google's edge, and what rules in preview would refuse", [][]Widget{{
		chart("Requests by decision", "a second", stacked(google("armor", "refused: ${metric.labels.blocked}", by, policy).rate())),
		chart("Requests that rules in preview match", "a second", stacked(google("armorPreview", "would refuse: ${metric.labels.blocked}", by, policy).rate())),
		{Title: "Refusals, with their rule", LogsPanel: &LogsPanel{
			Filter: fmt.Sprintf(`resource.type="http_load_balancer" AND jsonPayload.enforcedSecurityPolicy.name=%q AND jsonPayload.enforcedSecurityPolicy.outcome="DENY"`,
				s.SecurityPolicy),
			ResourceNames: []string{"projects/" + s.Project},
		}},
	}}}
}

// backend selects the license API's backend of the shared load balancer.
func (s Source) backend() string {
	return fmt.Sprintf(`resource.label."backend_target_name"=monitoring.regex.full_match(%q)`, s.Backend.Pattern())
}

func (s Source) edge() section {
	widgets := []Widget{
		chart("Time until the client has the answer", "milliseconds", google("latencies", "", nil, s.backend()).percentiles()...),
	}
	if s.Check != "" {
		widgets = append(widgets, limited(
			chart("The certificate's days left", "days", google("certificate", "days", nil, fmt.Sprintf(`metric.label."check_id"=%q`, s.Check)).lowest()), "CertificateExpiring", s.Thresholds.WithDefaults().CertificateDays))
	}
	return section{"2 Network and TLS", "What clients of the license host see", [][]Widget{widgets}}
}

func (s Source) ingress() section {
	return section{"3 Unified ingress", "The license API's backend behind the shared address", [][]Widget{{
		chart("Requests by class of answer", "a second",
			stacked(google("requests", "${metric.labels.response_code_class}", []string{"metric.label.response_code_class"}, s.backend()).rate())),
		chart("Time of the backend", "milliseconds", google("backendLatencies", "", nil, s.backend()).percentiles()...),
	}}}
}

func (s Source) workload() section {
	where := []string{fmt.Sprintf(`resource.label."namespace_name"=%q`, s.Workload.Namespace), fmt.Sprintf(`resource.label."container_name"=%q`, s.Container)}
	by := []string{"resource.label.pod_name"}
	const legend = "${resource.labels.pod_name}"
	return section{"4 Workload", "The API's pods", [][]Widget{{
		limited(chart("Processor, of what the pod requests", "share", google("cpu", legend, by, where...).highest()), "request", 1),
		limited(chart("Memory, of its limit", "share", google("memory", legend, by, where...).highest()), "limit", 1),
		chart("Restarts", "a second", google("restarts", legend, by, where...).rate()),
	}}}
}
