package gcp

import (
	"strings"

	"github.com/coditect-ai/license-platform/emulator/provider"
)

// TypeRecordSet is a set of records in a Cloud DNS zone.
const TypeRecordSet = "gcp:dns/recordSet:RecordSet"

func (w *Cloud) recordSet() provider.Kind {
	return provider.Kind{
		Type: TypeRecordSet,
		Free: "records are part of their zone",
		Own:  true,
		// What exists is deleted in the same change
		// (google-beta/services/dns/resource_dns_record_set.go, Create).
		Adopt: takeUp,
		ID: func(d *provider.Draft) string {
			return "projects/" + d.Project() + "/managedZones/" + last(d.Inputs.Text("managedZone")) + "/rrsets/" + d.Inputs.Text("name") + "/" + d.Inputs.Text("type")
		},
		Check: func(d *provider.Draft) []provider.Failure {
			if name := d.Inputs.Text("name"); name != "" && !strings.HasSuffix(name, ".") {
				return []provider.Failure{provider.Refuse("name", "Error 400: Invalid value for 'entity.change.additions[0].name': '%s': must end with a dot", name)}
			}
			return nil
		},
	}
}
