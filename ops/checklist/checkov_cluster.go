package checklist

import (
	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// inCluster is a requirement of the cluster of a stack that creates one.
func inCluster(path string, want Want, broken any) Requirement {
	return Requirement{Type: gcp.TypeCluster, When: gcp.TypeCluster, Path: path, Want: want, Break: broken}
}

// onNodes is a requirement of every node pool of a stack that creates a cluster.
func onNodes(path string, want Want, broken any) Requirement {
	return Requirement{Type: gcp.TypeNodePool, When: gcp.TypeCluster, Path: path, Want: want, Break: broken}
}

func checkovCluster() []Item {
	return []Item{
		check("CKV_GCP_1", "Ensure Stackdriver Logging is set to Enabled on Kubernetes Engine Clusters",
			inCluster("loggingConfig.enableComponents", lists("SYSTEM_COMPONENTS"), []any{})),
		check("CKV_GCP_7", "Ensure Legacy Authorization is set to Disabled on Kubernetes Engine Clusters",
			inCluster("enableLegacyAbac", unset(), true)),
		check("CKV_GCP_8", "Ensure Stackdriver Monitoring is set to Enabled on Kubernetes Engine Clusters",
			inCluster("monitoringConfig.enableComponents", lists("SYSTEM_COMPONENTS"), []any{})),
		check("CKV_GCP_9", "Ensure 'Automatic node repair' is enabled for Kubernetes Clusters",
			onNodes("management.autoRepair", is(true), false)),
		check("CKV_GCP_10", "Ensure 'Automatic node upgrade' is enabled for Kubernetes Clusters",
			onNodes("management.autoUpgrade", is(true), false)),
		check("CKV_GCP_12", "Ensure Network Policy is enabled on Kubernetes Engine Clusters",
			inCluster("datapathProvider", is("ADVANCED_DATAPATH"), "LEGACY_DATAPATH")),
		check("CKV_GCP_13", "Ensure client certificate authentication to Kubernetes Engine Clusters is disabled",
			inCluster("masterAuth.clientCertificateConfig.issueClientCertificate", is(false), true)),
		check("CKV_GCP_18", "Ensure GKE Control Plane is not public",
			Requirement{
				Type: gcp.TypeCluster, When: gcp.TypeCluster, Path: "masterAuthorizedNetworksConfig.cidrBlocks", Want: custom("lists networks, and not all of the internet", notTheInternet),
				Break: []any{map[string]any{"cidrBlock": allowEverywhere}},
			}),
		check("CKV_GCP_20", "Ensure master authorized networks is set to enabled in GKE clusters",
			inCluster("masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled", is(false), true),
			inCluster("masterAuthorizedNetworksConfig.cidrBlocks", someItems(), []any{})),
		check("CKV_GCP_21", "Ensure Kubernetes Clusters are configured with Labels",
			Requirement{Type: googleProvider, When: gcp.TypeCluster, Path: "defaultLabels", Want: custom("labels everything", labelled), Break: map[string]any{}}),
		check("CKV_GCP_22", "Ensure Container-Optimized OS (cos) is used for Kubernetes Engine Clusters Node image",
			onNodes("nodeConfig.imageType", matches(`^COS`), "UBUNTU_CONTAINERD")),
		check("CKV_GCP_23", "Ensure Kubernetes Cluster is created with Alias IP ranges enabled",
			inCluster("ipAllocationPolicy.clusterSecondaryRangeName", given(), nil)),
		check("CKV_GCP_25", "Ensure Kubernetes Cluster is created with Private cluster enabled",
			inCluster("privateClusterConfig.masterIpv4CidrBlock", given(), nil)),
		check("CKV_GCP_61", "Enable VPC Flow Logs and Intranode Visibility",
			inCluster("enableIntranodeVisibility", is(true), false)),
		check("CKV_GCP_64", "Ensure clusters are created with Private Nodes",
			inCluster("privateClusterConfig.enablePrivateNodes", is(true), false)),
		check("CKV_GCP_66", "Ensure use of Binary Authorization",
			inCluster("binaryAuthorization.evaluationMode", is("PROJECT_SINGLETON_POLICY_ENFORCE"), "DISABLED")),
		check("CKV_GCP_67", "Ensure legacy Compute Engine instance metadata APIs are Disabled",
			onNodes(`nodeConfig.metadata["disable-legacy-endpoints"]`, is("true"), "false")),
		check("CKV_GCP_68", "Ensure Secure Boot for Shielded GKE Nodes is Enabled",
			onNodes("nodeConfig.shieldedInstanceConfig.enableSecureBoot", is(true), false)),
		check("CKV_GCP_69", "Ensure the GKE Metadata Server is Enabled",
			onNodes("nodeConfig.workloadMetadataConfig.mode", is("GKE_METADATA"), "GCE_METADATA"),
			inCluster("workloadIdentityConfig.workloadPool", given(), nil)),
		check("CKV_GCP_70", "Ensure the GKE Release Channel is set",
			inCluster("releaseChannel.channel", oneOf("RAPID", "REGULAR", "STABLE"), "UNSPECIFIED")),
		check("CKV_GCP_71", "Ensure Shielded GKE Nodes are Enabled",
			inCluster("enableShieldedNodes", is(true), false)),
		check("CKV_GCP_72", "Ensure Integrity Monitoring for Shielded GKE Nodes is Enabled",
			onNodes("nodeConfig.shieldedInstanceConfig.enableIntegrityMonitoring", is(true), false)),
		check("CKV_GCP_123", "GKE Don't Use NodePools in the Cluster configuration",
			inCluster("nodePools", unset(), []any{map[string]any{"name": "inline"}}),
			inCluster("removeDefaultNodePool", is(true), false)),
		check("CKV2_GCP_1", "Ensure GKE clusters are not running using the Compute Engine default service account",
			onNodes("nodeConfig.serviceAccount", matches(`^[a-z0-9-]+@[a-z0-9-]+\.iam\.gserviceaccount\.com$`), "1-compute@developer.gserviceaccount.com")),
		check("CKV2_GCP_19", "Ensure GCP Kubernetes engine clusters have 'alpha cluster' feature disabled",
			inCluster("enableKubernetesAlpha", unset(), true)),
	}
}

// notTheInternet: somewhere, but not everywhere, may call the control plane.
func notTheInternet(s Subject) bool {
	blocks, ok := s.Value.([]any)
	for _, item := range blocks {
		if block, is := item.(map[string]any); !is || block["cidrBlock"] == allowEverywhere {
			return false
		}
	}
	return ok
}

// publicMembers are the members that no grant may have.
func public() Want { return noneOf("allUsers", "allAuthenticatedUsers") }

func grants(typ, path string, want Want, broken any) Requirement {
	return Requirement{Type: typ, When: typ, Path: path, Want: want, Break: broken}
}

func checkovRest() []Item {
	const defaultAccount = `(-compute@developer|@appspot)\.gserviceaccount\.com$`
	const impersonates = `^roles/(iam\.serviceAccount(Admin|KeyAdmin|User|TokenCreator)|iam\.workloadIdentityUser|owner|editor)$`
	return []Item{
		check("CKV_GCP_41", "Ensure that IAM users are not assigned the Service Account User or Service Account Token Creator roles at project level",
			grants(gcp.TypeProjectMember, "role", noneOf("roles/iam.serviceAccountUser", "roles/iam.serviceAccountTokenCreator"), "roles/iam.serviceAccountUser")),
		check("CKV_GCP_42", "Ensure that Service Account has no Admin privileges",
			grants(gcp.TypeProjectMember, "role", unlike(`(?i)^roles/(.*admin|owner|editor)$`), "roles/cloudsql.admin")),
		check("CKV_GCP_46", "Ensure Default Service account is not used at a project level",
			grants(gcp.TypeProjectMember, "member", unlike(defaultAccount), "serviceAccount:1-compute@developer.gserviceaccount.com")),
		check("CKV_GCP_49", "Ensure roles do not impersonate or manage Service Accounts used at project level",
			grants(gcp.TypeProjectMember, "role", unlike(impersonates), "roles/iam.serviceAccountTokenCreator")),
		check("CKV_GCP_117", "Ensure basic roles are not used at project level",
			grants(gcp.TypeProjectMember, "role", noneOf("roles/owner", "roles/editor", "roles/viewer"), "roles/editor")),
		check("CKV_GCP_43", "Ensure KMS encryption keys are rotated within a period of 90 days",
			Requirement{Type: gcp.TypeCryptoKey, Only: symmetric, Path: "rotationPeriod", Want: custom("is at most 90 days", atMostDays(90)), Break: "31536000s"}),
		check("CKV_GCP_82", "Ensure KMS keys are protected from deletion",
			Requirement{Type: gcp.TypeCryptoKey, Path: protect, Want: is(true), Break: false, Spare: disposable}),
		check("CKV_GCP_112", "Ensure KMS policy should not allow public access", grants(gcp.TypeCryptoKeyMember, "member", public(), "allUsers")),
		check("CKV2_GCP_6", "Ensure that Cloud KMS cryptokeys are not anonymously or publicly accessible",
			grants(gcp.TypeCryptoKeyMember, "member", public(), "allAuthenticatedUsers")),
		check("CKV_GCP_84", "Ensure Artifact Registry Repositories are encrypted with Customer Supplied Encryption Keys (CSEK)",
			Requirement{Type: gcp.TypeRepository, Path: "kmsKeyName", Want: given()}),
		check("CKV_GCP_101", "Ensure that Artifact Registry repositories are not anonymously or publicly accessible",
			grants(gcp.TypeRepositoryMember, "member", public(), "allUsers")),
		check("CKV_GCP_95", "Ensure Memorystore for Redis has AUTH enabled",
			Requirement{Type: gcp.TypeRedisInstance, Path: "authEnabled", Want: is(true), Break: false}),
		check("CKV_GCP_97", "Ensure Memorystore for Redis uses intransit encryption",
			Requirement{Type: gcp.TypeRedisInstance, Path: "transitEncryptionMode", Want: is("SERVER_AUTHENTICATION"), Break: "DISABLED"}),
		check("CKV2_GCP_5", "Ensure that Cloud Audit Logging is configured properly across all services and all users from a project",
			Requirement{
				Type: gcp.TypeAuditConfig, Path: "auditLogConfigs", Want: custom("logs all reads and writes and exempts nobody but whom the project's owner has exempted", auditsEverything),
				Break: []any{map[string]any{"logType": "ADMIN_READ"}},
			},
			Requirement{Type: gcp.TypeAuditConfig, Only: audits("cloudkms.googleapis.com"), Path: "service", Want: given()},
			Requirement{Type: gcp.TypeAuditConfig, Only: audits("secretmanager.googleapis.com"), Path: "service", Want: given()},
			Requirement{Type: gcp.TypeAuditConfig, Only: audits("cloudsql.googleapis.com"), Path: "service", Want: given()}),
	}
}

func audits(service string) func(declared.Resource) bool {
	return func(r declared.Resource) bool { return r.Text("service") == service }
}

// auditsEverything finds all kinds of access. Exemptions are never the stack's own: it
// declares those again that were there, and then outlives the stack.
func auditsEverything(s Subject) bool {
	configs, _ := s.Value.([]any)
	found := map[any]bool{}
	for _, item := range configs {
		config, _ := item.(map[string]any)
		if config["exemptedMembers"] == nil || s.Resource.RetainOnDelete {
			found[config["logType"]] = true
		}
	}
	return found["ADMIN_READ"] && found["DATA_READ"] && found["DATA_WRITE"]
}
