package cloudide

import (
	"net/netip"
	"net/url"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// Names of what the IDE has of Google's managed services.
const (
	// PrivateServices is the range that is peered with them.
	PrivateServices = "coditect-services"
	// Database is the Cloud SQL instance that has its address in it.
	Database = "coditect-db"
)

// databaseAddress is the first one of the range that Google gives to anybody.
func databaseAddress(at gcp.Addresses) netip.Addr {
	return at.TheirPrivateServices.Addr().Next().Next()
}

// privateServices are the range, the network's only connection to Google's managed
// services, and a database behind it.
func privateServices(at gcp.Addresses, network string) []store.Resource {
	reserved := at.TheirPrivateServices
	name := "projects/" + Project + "/global/addresses/" + PrivateServices
	return []store.Resource{
		resource(gcp.TypeGlobalAddress, name,
			map[string]any{
				"name": PrivateServices, "project": Project, "addressType": "INTERNAL", "purpose": "VPC_PEERING",
				"network": network, "prefixLength": float64(reserved.Bits()),
			},
			map[string]any{"address": reserved.Addr().String(), "selfLink": computeLink + name}),
		resource(gcp.TypeConnection, url.PathEscape(network)+":servicenetworking.googleapis.com",
			map[string]any{"network": network, "service": "servicenetworking.googleapis.com", "reservedPeeringRanges": []any{PrivateServices}},
			map[string]any{"peering": "servicenetworking-googleapis-com"}),
		resource(gcp.TypeDatabaseInstance, Database,
			map[string]any{
				"name": Database, "project": Project, "region": Region, "databaseVersion": "POSTGRES_16", "deletionProtection": true,
				"settings": map[string]any{"tier": "db-custom-1-3840", "ipConfiguration": map[string]any{"privateNetwork": network, "allocatedIpRange": PrivateServices}},
			},
			map[string]any{"privateIpAddress": databaseAddress(at).String(), "connectionName": Project + ":" + Region + ":" + Database}),
	}
}
