package constraint_test

import (
	"slices"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	clusterSDK   = "https://www.pulumi.com/registry/packages/gcp/api-docs/container/cluster/"
	diskQuota    = "https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/issues/1795"
	dataplaneV2  = "https://cloud.google.com/kubernetes-engine/docs/how-to/dataplane-v2"
	masterRange  = "https://cloud.google.com/kubernetes-engine/docs/how-to/private-clusters#restrictions"
	mayReach     = "https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks#limitations"
	clusterSizes = "https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips#cluster_sizing"
	admissionSDK = "https://www.pulumi.com/registry/packages/gcp/api-docs/binaryauthorization/policy/"
)

func clusterRows() []row {
	const typ = gcp.TypeCluster
	cluster := map[string]any{
		"name": "cluster", "location": region, "datapathProvider": "ADVANCED_DATAPATH", "deletionProtection": false,
		"privateClusterConfig": map[string]any{"enablePrivateNodes": true, "masterIpv4CidrBlock": "172.16.0.0/28"},
		"databaseEncryption":   map[string]any{"state": "ENCRYPTED"},
	}
	admission := map[string]any{"defaultAdmissionRule": map[string]any{"enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG", "evaluationMode": "ALWAYS_DENY"}}
	return slices.Concat(encrypted("Secrets of a cluster", typ, "databaseEncryption.keyName", "container-engine-robot", cluster), []row{
		{
			what: "Dataplane V2 together with Calico's network policy", typ: typ, right: cluster,
			change: changes{"networkPolicy.enabled": true}, says: "DatapathProvider=ADVANCED_DATAPATH is not allowed", source: dataplaneV2,
		},
		{
			what: "Autopilot without its node pool", typ: typ, right: cluster,
			change: changes{"enableAutopilot": true, "removeDefaultNodePool": true}, says: "conflicts with enableAutopilot", source: clusterSDK,
		},
		{
			what: "a network for the control plane that is no /28", typ: typ, right: cluster,
			change: changes{"privateClusterConfig.masterIpv4CidrBlock": "172.16.0.0/24"}, says: "between 28 and 28 significant bits", source: clusterSDK,
		},
		{
			what: "a network for the control plane on Docker's addresses", typ: typ, right: cluster,
			change: changes{"privateClusterConfig.masterIpv4CidrBlock": "172.17.0.16/28"}, says: "must not overlap with 172.17.0.0/16", source: masterRange,
		},
		{
			what: "a public network that may reach a control plane without a public address", typ: typ,
			right:  with(cluster, changes{"privateClusterConfig.enablePrivateEndpoint": true, "masterAuthorizedNetworksConfig.cidrBlocks": mayReachFrom("10.0.0.0/8")}),
			change: changes{"masterAuthorizedNetworksConfig.cidrBlocks": mayReachFrom("73.89.231.174/32")}, says: "is not a reserved network, which is required for private endpoints",
			source: "https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/issues/153",
		},
		{
			what: "more than 100 networks that may reach a control plane", typ: typ,
			right:  with(cluster, changes{"masterAuthorizedNetworksConfig.cidrBlocks": slices.Repeat(mayReachFrom("8.8.8.8/32"), 100)}),
			change: changes{"masterAuthorizedNetworksConfig.cidrBlocks": slices.Repeat(mayReachFrom("8.8.8.8/32"), 101)}, says: "The limit is 100", source: mayReach,
		},
		{
			what: "a range for Services that is wider than a /16", typ: typ, right: in(cluster, "services"), when: onCreate,
			given: []made{network(), ranged()}, change: changes{"ipAllocationPolicy.servicesSecondaryRangeName": "wide"}, says: "wide (10.128.0.0/12). The range can be a /16 at most", source: clusterSizes,
		},
		{
			what: "nodes with machines of the fourth generation and Persistent Disks", typ: gcp.TypeNodePool, when: onCreate,
			right:  map[string]any{"name": "nodes", "cluster": "cluster", "location": region, "nodeConfig": map[string]any{"machineType": "n4-standard-2", "diskType": "hyperdisk-balanced"}},
			change: changes{"nodeConfig.diskType": "pd-balanced"}, says: "[pd-balanced, n4-standard-2] features are not compatible for creating instance",
			source: "https://github.com/astronomer/astronomer/issues/2463",
		},
		{
			what: "nodes with an older machine type and Hyperdisk", typ: gcp.TypeNodePool, when: onCreate,
			right:  map[string]any{"name": "nodes", "cluster": "cluster", "location": region, "nodeConfig": map[string]any{"machineType": "e2-standard-2", "diskType": "pd-balanced"}},
			change: changes{"nodeConfig.diskType": "hyperdisk-balanced"}, says: "hyperdisk-balanced disk type cannot be used by e2-standard-2 machine type",
			source: "https://github.com/rancher/harvester-cloud/issues/249",
		},
		{
			what: "destroying a cluster that is protected, as it is by default", typ: typ, right: cluster, when: onDelete,
			change: changes{"deletionProtection": nil}, says: "deletion_protection is set to true", source: clusterSDK,
		},
		{
			what: "a cluster of a name in use", typ: typ, right: with(cluster, changes{"name": "other"}), when: onCreate,
			given: []made{{typ, "first", cluster}}, change: changes{"name": "cluster"}, says: "already exists", source: clusterSDK,
		},
		{
			what: "first nodes whose disks are more SSD than a new project may have", typ: typ, right: with(cluster, changes{"initialNodeCount": 1, "nodeConfig.diskType": "pd-standard"}), when: onCreate,
			change: changes{"nodeConfig.diskType": nil}, says: `resource "SSD_TOTAL_GB": request requires '300.0' and is short '50.0'`, source: diskQuota,
		},
		{
			what: "attested images without an attestor", typ: gcp.TypeAdmissionPolicy, right: admission,
			change: changes{"defaultAdmissionRule.evaluationMode": "REQUIRE_ATTESTATION"}, says: "if and only if evaluation_mode is REQUIRE_ATTESTATION", source: admissionSDK,
		},
		{
			what: "an admission rule that does not exist", typ: gcp.TypeAdmissionPolicy, right: admission,
			change: changes{"defaultAdmissionRule.enforcementMode": "WARN"}, says: "expected defaultAdmissionRule.enforcementMode to be one of", source: admissionSDK,
		},
	})
}

// mayReachFrom are the authorized networks of a control plane.
func mayReachFrom(cidr string) []any { return []any{map[string]any{"cidrBlock": cidr}} }

// ranged is a subnet with ranges for Services, one of them too wide.
func ranged() made {
	subnet := subnet()
	subnet.inputs["secondaryIpRanges"] = []any{
		map[string]any{"rangeName": "services", "ipCidrRange": "10.64.0.0/16"}, map[string]any{"rangeName": "wide", "ipCidrRange": "10.128.0.0/12"},
	}
	return subnet
}

// in puts a cluster into the subnet of ranged, with a range for its Services. Its first nodes
// have no SSD.
func in(cluster map[string]any, services string) map[string]any {
	return with(cluster, changes{
		"subnetwork": "projects/" + project + "/regions/" + region + "/subnetworks/subnet", "ipAllocationPolicy.servicesSecondaryRangeName": services,
		"initialNodeCount": 1, "nodeConfig.diskType": "pd-standard",
	})
}
