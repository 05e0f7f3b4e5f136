package stack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

func TestNodesHaveTheDiskThatTheirMachinesTake(t *testing.T) {
	t.Parallel()
	for machine, disk := range map[string]string{"e2-standard-2": "pd-balanced", "n4-standard-2": "hyperdisk-balanced", "c4-standard-4": "hyperdisk-balanced"} {
		made := stacktest.Deploy(t, "dev", plan.Set("kubernetes.cluster.machineType", machine))
		assert.Equal(t, disk, made.One(t, "gcp:container/nodePool:NodePool", "cluster").Get("nodeConfig.diskType"), machine)
	}
}

func TestPodsOfAnImageForArmAskForItsProcessors(t *testing.T) {
	t.Parallel()
	const at = "spec.template.spec.nodeSelector"
	usual := stacktest.Deploy(t, "dev")
	arm := stacktest.Deploy(t, "dev", plan.Set("kubernetes.cluster.machineType", "t2a-standard-2"), plan.Set("api.platform", "linux/arm64"))
	for _, pods := range []struct{ typ, name string }{{deployment, "license-api"}, {job, "license-migrate"}} {
		assert.Nil(t, usual.One(t, pods.typ, pods.name).Get(at), "GKE keeps pods that ask for nothing off Arm's processors")
		assert.Equal(t, map[string]any{"kubernetes.io/arch": "arm64"}, arm.One(t, pods.typ, pods.name).Get(at))
	}
}

func TestACreatedClusterIsHardened(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev")
	cluster := made.One(t, clusterType, "cluster")
	for path, want := range map[string]any{
		"privateClusterConfig.enablePrivateNodes":                    true,
		"masterAuthorizedNetworksConfig.cidrBlocks[0].cidrBlock":     "203.0.113.0/24",
		"masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled": false,
		"datapathProvider":                                          "ADVANCED_DATAPATH",
		"networkPolicy":                                             nil, // Calico, which Dataplane V2 excludes
		"enableIntranodeVisibility":                                 true,
		"workloadIdentityConfig.workloadPool":                       "coditect-licenses-dev.svc.id.goog",
		"databaseEncryption.state":                                  "ENCRYPTED",
		"databaseEncryption.keyName":                                "projects/coditect-licenses-dev/locations/us-central1/keyRings/license-dev/cryptoKeys/cmek-cluster",
		"binaryAuthorization.evaluationMode":                        "PROJECT_SINGLETON_POLICY_ENFORCE",
		"enableShieldedNodes":                                       true,
		"enableLegacyAbac":                                          false,
		"masterAuth.clientCertificateConfig.issueClientCertificate": false,
		"releaseChannel.channel":                                    "REGULAR",
		"securityPostureConfig.mode":                                "BASIC",
		"monitoringConfig.managedPrometheus.enabled":                true,
		"addonsConfig.dnsCacheConfig.enabled":                       true,
		"removeDefaultNodePool":                                     true,
		"nodeConfig.workloadMetadataConfig.mode":                    "GKE_METADATA",
		"ipAllocationPolicy.clusterSecondaryRangeName":              "pods",
	} {
		assert.Equal(t, want, cluster.Get(path), path)
	}
	assert.Contains(t, cluster.Get("loggingConfig.enableComponents"), "WORKLOADS", "what the API logs is kept")

	nodes := made.One(t, nodePool, "cluster")
	for path, want := range map[string]any{
		"nodeConfig.imageType":                                        "COS_CONTAINERD",
		"nodeConfig.bootDiskKmsKey":                                   "projects/coditect-licenses-dev/locations/us-central1/keyRings/license-dev/cryptoKeys/cmek-disks",
		"nodeConfig.serviceAccount":                                   "license-nodes@coditect-licenses-dev.iam.gserviceaccount.com",
		"nodeConfig.shieldedInstanceConfig.enableSecureBoot":          true,
		"nodeConfig.shieldedInstanceConfig.enableIntegrityMonitoring": true,
		"nodeConfig.workloadMetadataConfig.mode":                      "GKE_METADATA",
		"nodeConfig.metadata.disable-legacy-endpoints":                "true",
		"networkConfig.enablePrivateNodes":                            true,
		"upgradeSettings.maxUnavailable":                              0.0,
	} {
		assert.Equal(t, want, nodes.Get(path), path)
	}
}

func TestACreatedClusterAdmitsTheLicenseAPIsImageOnly(t *testing.T) {
	t.Parallel()
	const policy = "gcp:binaryauthorization/policy:Policy"
	made := stacktest.Deploy(t, "dev")
	declared := made.One(t, policy, "cluster")
	pattern := declared.Text("admissionWhitelistPatterns[0].namePattern")
	assert.True(t, strings.HasPrefix(image(t, made), strings.TrimSuffix(pattern, "*")), "%s is not covered by %s", image(t, made), pattern)
	assert.True(t, strings.HasSuffix(pattern, "/license-api@sha256:*"), pattern)
	assert.Len(t, declared.Get("admissionWhitelistPatterns"), 1)
	assert.Equal(t, "ALWAYS_DENY", declared.Text("defaultAdmissionRule.evaluationMode"))
	assert.Equal(t, "ENFORCED_BLOCK_AND_AUDIT_LOG", declared.Text("defaultAdmissionRule.enforcementMode"))
	assert.Equal(t, "ENABLE", declared.Text("globalPolicyEvaluationMode"), "GKE's own images are admitted")
	assert.True(t, made.ComesAfter(made.One(t, deployment, "license-api"), declared))
	for _, name := range adopting() {
		assert.Empty(t, stacktest.Deploy(t, name).Of(policy), "the policy of a project with others is theirs")
	}
}

func TestACreatedNetworkLogsItsFlowsAndReachesGooglePrivately(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev")
	subnet := made.One(t, "gcp:compute/subnetwork:Subnetwork", "network")
	assert.Equal(t, true, subnet.Get("privateIpGoogleAccess"))
	assert.Equal(t, "INCLUDE_ALL_METADATA", subnet.Text("logConfig.metadata"))
	nat := made.One(t, "gcp:compute/routerNat:RouterNat", "network")
	assert.Equal(t, map[string]any{"enable": true, "filter": "ALL"}, nat.Get("logConfig"))
	assert.Equal(t, "projects/coditect-licenses-dev/regions/us-central1/subnetworks/license-dev", nat.Text("subnetworks[0].name"))
}

func TestZonesSendGooglesNamesToThePrivateAddresses(t *testing.T) {
	t.Parallel()
	for _, made := range []*plan.Plan{stacktest.Deploy(t, "dev"), stacktest.Deploy(t, "prod", plan.Set("network.privateZonesForAll", true))} {
		const record = "gcp:dns/recordSet:RecordSet"
		addresses := []any{"199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"}
		for name, want := range map[string]struct {
			dnsName string
			data    []any
		}{
			"network-googleapis-addresses": {"private.googleapis.com.", addresses},
			"network-googleapis-aliases":   {"*.googleapis.com.", []any{"private.googleapis.com."}},
			"network-pkg-dev-addresses":    {"pkg.dev.", addresses},
			"network-pkg-dev-aliases":      {"*.pkg.dev.", []any{"pkg.dev."}},
		} {
			found := made.One(t, record, name)
			assert.Equal(t, want.dnsName, found.Text("name"))
			assert.Equal(t, want.data, found.Get("rrdatas"))
		}
		zone := made.One(t, "gcp:dns/managedZone:ManagedZone", "network-googleapis")
		assert.Equal(t, "private", zone.Text("visibility"))
		assert.Contains(t, zone.Text("privateVisibilityConfig.networks[0].networkUrl"), "/global/networks/")
	}
}

func TestOnlyGooglesFrontEndsPassTheFirewall(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		firewalls := made.Of("gcp:compute/firewall:Firewall")
		assert.Len(t, firewalls, 1)
		assert.Equal(t, []any{"35.191.0.0/16", "130.211.0.0/22"}, firewalls[0].Get("sourceRanges"))
		assert.Equal(t, []any{map[string]any{"protocol": "tcp", "ports": []any{"8000"}}}, firewalls[0].Get("allows"))
	})
}

func TestTheEdgeSpeaksModernTLSOnly(t *testing.T) {
	t.Parallel()
	const policy = "gcp:compute/sSLPolicy:SSLPolicy"
	usual := stacktest.Deploy(t, "prod").One(t, policy, "network")
	assert.Equal(t, "RESTRICTED", usual.Text("profile"))
	assert.Equal(t, "TLS_1_2", usual.Text("minTlsVersion"))
	named := stacktest.Deploy(t, "prod", plan.Set("network.sslPolicy", "coditect-tls13"))
	assert.Empty(t, named.Of(policy), "an existing policy is used as it is")
	assert.Equal(t, "coditect-tls13", named.One(t, "kubernetes:networking.gke.io/v1beta1:FrontendConfig", "license-platform-frontend").Text("spec.sslPolicy"))
}

func TestAReservedRangeForGooglesServicesCanBeShared(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod", plan.Unset("network.privateServicesRange"), plan.Unset("network.stayingPrivateServicesRanges"),
		plan.Set("network.privateServicesRangeName", "coditect-services"))
	assert.Empty(t, made.Of(connection))
	assert.Equal(t, "coditect-services", made.One(t, sqlInstance, "stores").Text("settings.ipConfiguration.allocatedIpRange"))
	assert.Equal(t, "10.50.0.0/20", made.One(t, networkPolicy, "license-migrate").Text("spec.egress[3].to[0].ipBlock.cidr"), "the range that was looked up")
}

func TestTheConnectGatewayReachesAControlPlaneFromAnyNetwork(t *testing.T) {
	t.Parallel()
	member := plan.Found(getCluster, map[string]any{"fleets": []any{map[string]any{
		"membership": "//gkehub.googleapis.com/projects/coditect-cloud-infra/locations/us-central1/memberships/member",
	}}})
	for name, membership := range map[string]string{"dev": "license-dev", "prod": "member"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := stacktest.Deploy(t, name, plan.Set("kubernetes.cluster.connectGateway", true), member)
			kubeconfig := made.One(t, "pulumi:providers:kubernetes", "kubernetes").Text("kubeconfig")
			assert.Contains(t, kubeconfig, `"server":"https://us-central1-connectgateway.googleapis.com/v1/projects/834900000001/locations/us-central1/gkeMemberships/`+membership+`"`)
			assert.NotContains(t, kubeconfig, "certificate-authority", "Google's own certificate")
			assert.Contains(t, made.Outputs().Text("fleetMembership"), "/memberships/"+membership, "a person goes the same way")
			assert.Empty(t, stacktest.Deploy(t, name, member).Outputs().Text("fleetMembership"), "a member all the same, which Pulumi reaches directly")
			for _, service := range []string{"connectgateway", "gkehub"} {
				assert.Equal(t, service+".googleapis.com", made.One(t, "gcp:projects/service:Service", service).Text("service"))
			}
		})
	}
	created := stacktest.Deploy(t, "dev", plan.Set("kubernetes.cluster.connectGateway", true), plan.Set("kubernetes.cluster.authorizedNetworks", []any{}))
	assert.Equal(t, "coditect-licenses-dev", created.One(t, clusterType, "cluster").Text("fleet.project"), "nobody else needs to reach it")
	assert.Empty(t, stacktest.Deploy(t, "dev").One(t, clusterType, "cluster").Get("fleet"))
}

func TestTheProjectsImagePolicyCanBeLeftToItsOwner(t *testing.T) {
	t.Parallel()
	const policy = "gcp:binaryauthorization/policy:Policy"
	assert.Empty(t, stacktest.Deploy(t, "dev", plan.Set("kubernetes.cluster.keepImagePolicy", true)).Of(policy))
}
