package cloudide

import (
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// The IDE's own private zone, by which its pods find its database.
const (
	Zone         = "coditect-internal"
	ZoneDomain   = "internal.coditect.ai."
	DatabaseName = "db." + ZoneDomain
)

// zones are the IDE's private zone and its record.
func zones(at gcp.Addresses, network string) []store.Resource {
	zone := "projects/" + Project + "/managedZones/" + Zone
	return []store.Resource{
		resource(gcp.TypeManagedZone, zone,
			map[string]any{
				"name": Zone, "project": Project, "dnsName": ZoneDomain, "visibility": "private",
				"privateVisibilityConfig": map[string]any{"networks": []any{map[string]any{"networkUrl": computeLink + network}}},
			}, nil),
		resource(gcp.TypeRecordSet, zone+"/rrsets/"+DatabaseName+"/A",
			map[string]any{
				"managedZone": Zone, "project": Project, "name": DatabaseName, "type": "A", "ttl": float64(60),
				"rrdatas": []any{databaseAddress(at).String()},
			}, nil),
	}
}
