package gcp

import (
	"strconv"

	"github.com/coditect-ai/license-platform/local/provider"
)

func (w *World) alertPolicy() provider.Kind {
	id := numbered("alertPolicies")
	return provider.Kind{
		Type: "gcp:monitoring/alertPolicy:AlertPolicy", ID: id,
		Required:  []string{"combiner", "conditions", "displayName"},
		Immutable: []string{"project"},
		Computed:  []string{"name", "creationRecords"},
		Compute:   named(id),
		Check: func(d *provider.Draft) []provider.Failure {
			failures := append(oneOf(d, "combiner", "AND", "OR", "AND_WITH_MATCHING_RESOURCE"), oneOf(d, "severity", "CRITICAL", "ERROR", "WARNING")...)
			conditions := d.Inputs.List("conditions")
			if len(conditions) > 6 {
				failures = append(failures, provider.Refuse("conditions", "Error 400: a policy may have up to six conditions, has %d", len(conditions)))
			}
			for i := range conditions {
				at := "conditions." + strconv.Itoa(i)
				if !d.Inputs.Has(at + ".displayName") {
					failures = append(failures, provider.Refuse(at+".displayName", "Error 400: Field alert_policy.conditions[%d].display_name is required", i))
				}
				// One policy can hold one PromQL condition only.
				if d.Inputs.Has(at+".conditionPrometheusQueryLanguage") && len(conditions) > 1 {
					failures = append(failures, provider.Refuse(at, "Error 400: a policy with a PromQL condition can have no other condition"))
				}
			}
			return failures
		},
	}
}
