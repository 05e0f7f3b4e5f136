package gcp

import (
	"context"
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeManagedZone is a Cloud DNS zone.
const TypeManagedZone = "gcp:dns/managedZone:ManagedZone"

func (w *Cloud) managedZone() provider.Kind {
	return provider.Kind{
		Type: TypeManagedZone, NameProperty: "name",
		ID: func(d *provider.Draft) string {
			return "projects/" + d.Project() + "/managedZones/" + d.Inputs.Text("name")
		},
		Computed: []string{"managedZoneId", "nameServers", "creationTime", "effectiveLabels", "pulumiLabels"},
		Check: func(d *provider.Draft) []provider.Failure {
			if name := d.Inputs.Text("dnsName"); name != "" && !strings.HasSuffix(name, ".") {
				return []provider.Failure{provider.Refuse("dnsName", "Error 400: Invalid value for 'entity.managedZone.dnsName': '%s': must end with a dot", name)}
			}
			return nil
		},
		Compute: func(_ context.Context, d *provider.Draft) error {
			fallback(d, "managedZoneId", "4520918300000000001")
			fallback(d, "nameServers", []any{"ns-gcp-private.googledomains.com."})
			fallback(d, "visibility", "public")
			return nil
		},
	}
}
