package plan

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Names of the IDE's world, as the stacks' settings have them.
const (
	theirNetwork    = "coditect-vpc"
	theirSubnetwork = "coditect-subnet"
	theirRange      = "coditect-services"
	theirNodes      = "gke-nodes@coditect-cloud-infra.iam.gserviceaccount.com"
)

// TheirPipeline is exempted from the audit log of Secret Manager.
const TheirPipeline = "serviceAccount:coditect-ci@coditect-cloud-infra.iam.gserviceaccount.com"

// existing is what a look-up finds in the project that the IDE lives in.
func existing(function, name string) (answer resource.PropertyMap, known bool) {
	network := "projects/p/global/networks/" + theirNetwork
	var found map[string]any
	switch function[strings.LastIndex(function, ":")+1:] {
	case "getNetwork":
		id := "projects/p/global/networks/" + name
		found = map[string]any{"id": id, "name": name, "selfLink": "https://www.googleapis.com/compute/v1/" + id}
	case "getSubnetwork":
		found = map[string]any{"id": "projects/p/regions/r/subnetworks/" + name, "name": name, "network": network, "privateIpGoogleAccess": true}
	case "getAddresses":
		found = map[string]any{"addresses": []any{map[string]any{"name": theirRange}}}
	case "getGlobalAddress":
		found = map[string]any{"name": name, "address": "34.8.51.57", "addressType": "EXTERNAL", "status": "IN_USE"}
		if name == theirRange {
			found = map[string]any{"name": name, "address": "10.50.0.0", "prefixLength": 20, "addressType": "INTERNAL", "purpose": "VPC_PEERING", "network": network}
		}
	case "getManagedZones":
		found = map[string]any{"managedZones": []any{map[string]any{"name": "coditect-internal", "dnsName": "internal.coditect.ai.", "visibility": "private"}}}
	case "getCluster":
		found = map[string]any{
			"name": name, "endpoint": "192.0.2.10", "masterAuths": []any{map[string]any{"clusterCaCertificate": "Q0E="}},
			"network": network, "subnetwork": "projects/p/regions/r/subnetworks/" + theirSubnetwork, "datapathProvider": "ADVANCED_DATAPATH", "servicesIpv4Cidr": "10.30.0.0/20",
			"workloadIdentityConfigs": []any{map[string]any{"workloadPool": "coditect-cloud-infra.svc.id.goog"}},
			"nodePools":               []any{NodePool(theirNodes, "GKE_METADATA")},
			"fleets":                  []any{map[string]any{"membership": membership, "membershipId": "member", "membershipLocation": "us-central1", "preRegistered": true, "project": "p"}},
		}
	case "getIamPolicy":
		found = map[string]any{"policyData": `{"auditConfigs": [{"service": "secretmanager.googleapis.com", "auditLogConfigs": [` +
			`{"logType": "DATA_READ", "exemptedMembers": ["` + TheirPipeline + `"]}, {"logType": "ADMIN_READ"}]}]}`}
	case "getProject":
		found = map[string]any{"number": "123456789012"}
	case "getProjectCmekSettings":
		found = map[string]any{"serviceAccountId": "cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com"}
	default:
		return nil, false
	}
	return resource.NewPropertyMapFromMap(found), true
}

// membership is how a fleet names the cluster.
const membership = "//gkehub.googleapis.com/projects/p/locations/us-central1/memberships/member"

// NodePool is a pool as a cluster's look-up has it: its nodes' service account, and
// what their metadata server gives to pods.
func NodePool(account, metadata string) map[string]any {
	return map[string]any{"name": "default-pool", "nodeConfigs": []any{map[string]any{
		"serviceAccount": account, "workloadMetadataConfigs": []any{map[string]any{"mode": metadata}},
	}}}
}
