package constraint_test

import (
	"slices"

	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

const (
	clusterSDK   = "https://www.pulumi.com/registry/packages/gcp/api-docs/container/cluster/"
	diskQuota    = "https://github.com/terraform-google-modules/terraform-google-kubernetes-engine/issues/1795"
	dataplaneV2  = "https://cloud.google.com/kubernetes-engine/docs/how-to/dataplane-v2"
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
