package gcp

import (
	"context"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeFirewall is a firewall rule of a VPC network.
const TypeFirewall = "gcp:compute/firewall:Firewall"

func (w *Cloud) firewall() provider.Kind {
	return provider.Kind{
		Type: TypeFirewall, NameProperty: "name", ID: global("firewalls"),
		Free:     "networks and their rules are free",
		Computed: []string{"selfLink", "creationTimestamp"},
		Check: func(d *provider.Draft) []provider.Failure {
			var failures []provider.Failure
			if d.Inputs.Text("direction") != "EGRESS" && !d.Inputs.Has("sourceRanges") && !d.Inputs.Has("sourceTags") && !d.Inputs.Has("sourceServiceAccounts") {
				failures = append(failures, provider.Refuse("sourceRanges", "one of sourceTags, sourceRanges, or sourceServiceAccounts must be defined"))
			}
			if d.Inputs.Text("direction") == "EGRESS" && d.Inputs.Has("sourceRanges") {
				failures = append(failures, provider.Refuse("sourceRanges", "Error 400: Invalid value for field 'resource.sourceRanges': sourceRanges cannot be used with direction EGRESS"))
			}
			return failures
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			d.Outputs["selfLink"] = computeLink + global("firewalls")(d)
			fallback(d, "direction", "INGRESS")
			fallback(d, "priority", float64(1000))
			return nil
		},
	}
}
