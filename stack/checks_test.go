package stack_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

const (
	getSubnetwork   = "gcp:compute/getSubnetwork:getSubnetwork"
	getAddresses    = "gcp:compute/getAddresses:getAddresses"
	getAddress      = "gcp:compute/getGlobalAddress:getGlobalAddress"
	getManagedZones = "gcp:dns/getManagedZones:getManagedZones"
	getIamPolicy    = "gcp:projects/getIamPolicy:getIamPolicy"
	kubeNamespace   = "kubernetes:core/v1:Namespace"
	getCluster      = "gcp:container/getCluster:getCluster"
)

// wrongCloudState is a project that prod's settings do not fit.
type wrongCloudState struct {
	changes []plan.Change
	says    []string
	// check is the one that finds it.
	check string
}

func wrongCloudStates() map[string]wrongCloudState {
	found := func(function, property string, value any) []plan.Change {
		return []plan.Change{plan.Found(function, map[string]any{property: value})}
	}
	nodes := "gke-nodes@coditect-cloud-infra.iam.gserviceaccount.com"
	return map[string]wrongCloudState{
		"the subnet has no Private Google Access": {
			found(getSubnetwork, "privateIpGoogleAccess", false), []string{"network.subnetwork", "coditect-subnet", "has no Private Google Access", "--enable-private-ip-google-access"}, "subnet",
		},
		"the subnet belongs to another network": {
			found(getSubnetwork, "network", "projects/p/global/networks/other"), []string{"network.subnetwork", "belongs to the network other"}, "subnet",
		},
		"a peered range of others is not named": {
			[]plan.Change{plan.Unset("network.stayingPrivateServicesRanges")},
			[]string{"network.stayingPrivateServicesRanges", "leaves out coditect-services (10.50.0.0/20)", "would lose", "network.privateServicesRangeName: coditect-services"},
			"peeredRanges",
		},
		"a range that stays is not there": {
			found(getAddresses, "addresses", []any{}), []string{"network.stayingPrivateServicesRanges", "coditect-services", "is not reserved", "nothing: no range is reserved there"}, "peeredRanges",
		},
		"an adopted range is not there": {
			[]plan.Change{plan.Unset("network.privateServicesRange"), plan.Unset("network.stayingPrivateServicesRanges"), plan.Set("network.privateServicesRangeName", "coditect-servces")},
			[]string{"network.privateServicesRangeName", "coditect-servces", "is not reserved", "one of coditect-services (10.50.0.0/20)"},
			"peeredRanges",
		},
		"an adopted range has room for one service": {
			append(found(getAddress, "prefixLength", 24), plan.Unset("network.privateServicesRange"), plan.Unset("network.stayingPrivateServicesRanges"), plan.Set("network.privateServicesRangeName", "coditect-services")),
			[]string{`network.privateServicesRangeName = "coditect-services": is 10.50.0.0/24, in which only one of the database and the cache finds room`, "a /23 or wider"},
			"peeredRanges",
		},
		"the address is a private one": {
			found(getAddress, "addressType", "INTERNAL"), []string{"network.edgeAddress.name", "coditect-ai-ip", "is not a valid public address"}, "edgeAddress",
		},
		"nobody uses the address that an Ingress is said to hold": {
			found(getAddress, "status", "RESERVED"), []string{"network.edgeAddress.name", "is not in use", "kubernetes.ingress.adopt"}, "edgeAddress",
		},
		"the SSL policy is not there": {
			[]plan.Change{plan.Set("network.sslPolicy", "coditect-tls-13")}, []string{"network.sslPolicy", "coditect-tls-13", "was not found"}, "sslPolicy",
		},
		"the SSL policy lets old clients in": {
			[]plan.Change{plan.Set("network.sslPolicy", "coditect-tls13"), plan.Found("gcp:compute/getSSLPolicy:getSSLPolicy", map[string]any{"minTlsVersion": "TLS_1_0"})},
			[]string{"network.sslPolicy", "lets clients speak TLS_1_0", "one of TLS_1_2, TLS_1_3"},
			"sslPolicy",
		},
		"a zone for the whole network exists already": {
			[]plan.Change{
				plan.Set("network.privateZonesForAll", true),
				plan.Found(getManagedZones, map[string]any{"managedZones": []any{map[string]any{"name": "theirs", "dnsName": "googleapis.com.", "visibility": "private"}}}),
			},
			[]string{"network.privateZonesForAll", "a private zone for googleapis.com. already: theirs"},
			"privateZones",
		},
		"the audit configuration that is left to its owner logs no read of a secret": {
			[]plan.Change{plan.Set("observe.existingAudit", true), plan.Found(getIamPolicy, map[string]any{"policyData": `{"auditConfigs": [{"service": "storage.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}]}`})},
			[]string{"observe.existingAudit", "does not log reads of secrets"},
			"audit",
		},
		"the cluster has Calico": {
			[]plan.Change{plan.Found(getCluster, map[string]any{"datapathProvider": "", "networkPolicies": []any{map[string]any{"enabled": true, "provider": "CALICO"}}})},
			[]string{"kubernetes.networkPolicies.dataplane", "dataplaneV2", "enforces policies with Calico"},
			"dataplane",
		},
		"the cluster has Dataplane V2, and the settings say Calico": {
			[]plan.Change{plan.Set("kubernetes.networkPolicies.dataplane", "calico")}, []string{"kubernetes.networkPolicies.dataplane", "has Dataplane V2"}, "dataplane",
		},
		"the cluster enforces no policies": {
			found(getCluster, "datapathProvider", "LEGACY_DATAPATH"), []string{"kubernetes.networkPolicies.dataplane", "enforces no NetworkPolicies"}, "dataplane",
		},
		"the cluster has no Workload Identity": {
			found(getCluster, "workloadIdentityConfigs", []any{}), []string{"kubernetes.cluster.name", "has no Workload Identity", "--workload-pool=coditect-cloud-infra.svc.id.goog"}, "workloadIdentity",
		},
		"the nodes give pods their own identity": {
			found(getCluster, "nodePools", []any{plan.NodePool(nodes, "GCE_METADATA")}), []string{"kubernetes.cluster.name", "default-pool", "--workload-metadata=GKE_METADATA"}, "workloadIdentity",
		},
		"the nodes have another account": {
			found(getCluster, "nodePools", []any{plan.NodePool("default", "GKE_METADATA")}), []string{"identity.nodeAccount", nodes, "could not pull the API's image", "Compute Engine's default account"}, "nodeAccount",
		},
		"all nodes have taints": {
			found(getCluster, "nodePools", []any{tainted("gpu", "NO_SCHEDULE"), tainted("batch", "NO_EXECUTE")}),
			[]string{"kubernetes.cluster.name", "gpu (kind=gpu:NO_SCHEDULE), batch (kind=batch:NO_EXECUTE)", "a node pool without taints"},
			"nodeTaints",
		},
		"the cluster has no managed Prometheus": {
			found(getCluster, "monitoringConfigs", []any{}),
			[]string{"kubernetes.cluster.name", "has no managed Prometheus", "gcloud container clusters update coditect-cluster --enable-managed-prometheus"},
			"addons",
		},
		"the cluster has no autoscaler": {
			found(getCluster, "addonsConfigs", []any{map[string]any{"horizontalPodAutoscalings": []any{map[string]any{"disabled": true}}}}),
			[]string{"kubernetes.cluster.name", "there would be one pod of the API", "or api.replicas with equal bounds"},
			"addons",
		},
		"the namespace is being deleted": {
			found(kubeNamespace, "status", map[string]any{"phase": "Terminating"}), []string{"kubernetes.namespace.name", "coditect-app", "is being deleted"}, "namespace",
		},
		"a service mesh puts a sidecar into every pod": {
			found(kubeNamespace, "metadata", map[string]any{"name": "coditect-app", "labels": map[string]any{"istio-injection": "enabled"}}),
			[]string{"kubernetes.namespace.name", "label istio-injection=enabled", "Job would never end"},
			"namespace",
		},
		"another service mesh does": {
			found(kubeNamespace, "metadata", map[string]any{"name": "coditect-app", "annotations": map[string]any{"linkerd.io/inject": "enabled"}}),
			[]string{"annotation linkerd.io/inject=enabled"},
			"namespace",
		},
		"a key was made with another protection": {
			[]plan.Change{existingKey("cmek-sql", "SOFTWARE", "2592000s"), existingKey("cmek-logs", "SOFTWARE", "2592000s"), existingKey("license-signing", "SOFTWARE", "2592000s")},
			[]string{`data.keys.protection = "HSM": was SOFTWARE when cmek-sql, cmek-logs was made`, "SOFTWARE; where what these keys are for may go, another data.keys.ring beside it"},
			"keys",
		},
		"the signing key was made with another protection": {
			[]plan.Change{existingKey("license-signing", "HSM", "2592000s")},
			[]string{`data.signing.protection = "SOFTWARE": was HSM when license-signing was made`, "another data.signing.key beside it"},
			"keys",
		},
		"versions of a key can be restored for another time": {
			[]plan.Change{existingKey("cmek-redis", "HSM", "86400s")},
			[]string{"data.keys.destroySeconds = 2592000: was 86400 when cmek-redis was made", "allowed: 86400;"},
			"keys",
		},
		"another range was reserved for the database and the cache": {
			[]plan.Change{existingRange("10.61.0.0")},
			[]string{`network.privateServicesRange = "10.60.0.0/20": is not the range that coditect-vpc-license-services was made with`, "allowed: 10.61.0.0/20"},
			"ranges",
		},
		"the database and the cache are in a range of the platform's own": {
			[]plan.Change{
				existingRange("10.60.0.0"), plan.Unset("network.privateServicesRange"), plan.Unset("network.stayingPrivateServicesRanges"),
				plan.Set("network.privateServicesRangeName", "coditect-services"),
			},
			[]string{`network.privateServicesRangeName = "coditect-services": the platform has reserved coditect-vpc-license-services (10.60.0.0/20) already`, "allowed: nothing, and network.privateServicesRange: 10.60.0.0/20"},
			"ranges",
		},
		"the database is in a range of others, and the platform is to get its own": {
			[]plan.Change{existingDatabase("10.50.8.3"), plan.Updated(map[string]any{"sqlConnectionName": "coditect-cloud-infra:us-central1:stores-1a2b3c4"})},
			[]string{
				`network.privateServicesRange = "10.60.0.0/20": does not have 10.50.8.3, the address of the database`,
				"allowed: network.privateServicesRangeName: coditect-services, and no network.privateServicesRange",
			},
			"ranges",
		},
		"the last update was in another project": {
			[]plan.Change{plan.Updated(map[string]any{"sqlConnectionName": "coditect-old:us-central1:stores-1a2b3c4"})},
			[]string{`platform.project = "coditect-cloud-infra": was coditect-old when the database was made`, "allowed: coditect-old, or a stack of its own"},
			"place",
		},
		"the last update was in another region": {
			[]plan.Change{plan.Updated(map[string]any{"sqlConnectionName": "coditect-cloud-infra:europe-west1:stores-1a2b3c4"})},
			[]string{`platform.region = "us-central1": was europe-west1 when the database was made`, "allowed: europe-west1"},
			"place",
		},
		"the last update was in another cluster": {
			[]plan.Change{existingCluster("coditect-cloud-infra", "coditect-old", nil), plan.Updated(map[string]any{"cluster": "coditect-old", "clusterLocation": "us-central1"})},
			[]string{`kubernetes.cluster.name = "coditect-cluster": was coditect-old in the last update`, "allowed: coditect-old"},
			"ownCluster",
		},
		"the cluster was made by a stack of the platform": {
			found(getCluster, "description", "Runs the license API"), []string{"kubernetes.cluster.adopt = true: cluster coditect-cluster was made by a stack of the platform, which would delete it"}, "ownCluster",
		},
		"the network was made by a stack of the platform": {
			found("gcp:compute/getNetwork:getNetwork", "description", "License platform"), []string{"network.adopt = true: network coditect-vpc was made by a stack of the platform"}, "subnet",
		},
		"the load balancer had another address": {
			[]plan.Change{existingAddress("coditect-cloud-infra", "coditect-old-ip", "34.8.51.1", ""), plan.Updated(map[string]any{"edgeAddress": "34.8.51.1"})},
			[]string{`network.edgeAddress.name = "coditect-ai-ip": was coditect-old-ip in the last update (34.8.51.1)`, "allowed: coditect-old-ip"},
			"edgeAddress",
		},
		"the cluster lives in another network": {
			found(getCluster, "network", "projects/p/global/networks/other"), []string{"network.name", "coditect-vpc", "lives in other"}, "clusterNetwork",
		},
	}
}

// tainted is a node pool that keeps pods away.
func tainted(name, effect string) map[string]any {
	pool := plan.NodePool("gke-nodes@coditect-cloud-infra.iam.gserviceaccount.com", "GKE_METADATA")
	config, _ := pool["nodeConfigs"].([]any)[0].(map[string]any)
	pool["name"], config["taints"] = name, []any{map[string]any{"key": "kind", "value": name, "effect": effect}}
	return pool
}

func TestOneNodePoolWithoutTaintsIsEnough(t *testing.T) {
	t.Parallel()
	for _, other := range []map[string]any{tainted("soft", "PREFER_NO_SCHEDULE"), plan.NodePool("gke-nodes@coditect-cloud-infra.iam.gserviceaccount.com", "GKE_METADATA")} {
		stacktest.Deploy(t, "prod", plan.Preview(), plan.Found(getCluster, map[string]any{"nodePools": []any{tainted("gpu", "NO_SCHEDULE"), other}}))
	}
}

func TestANamespaceOfOthersMayBeStrict(t *testing.T) {
	t.Parallel()
	stacktest.Deploy(t, "prod", plan.Preview(), plan.Found(kubeNamespace, map[string]any{
		"metadata": map[string]any{"name": "coditect-app", "labels": map[string]any{"pod-security.kubernetes.io/enforce": "restricted", "istio-injection": "disabled"}},
		"status":   map[string]any{"phase": "Active"},
	}))
}

func TestAWrongWorldIsRefusedBeforeAnythingIsDeclared(t *testing.T) {
	t.Parallel()
	for name, state := range wrongCloudStates() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := stacktest.Try(t, "prod", append(state.changes, plan.Preview())...)
			require.Error(t, err)
			for _, text := range append(state.says, "check "+state.check+":", "checks.skip") {
				require.ErrorContains(t, err, text)
			}
			saysWhere(t, err)
			for _, r := range made.Resources {
				assert.True(t, strings.HasPrefix(r.Type, "pulumi:providers:"), "%s is declared", r.Name)
			}
		})
	}
}

func TestACheckCanBeLeftOutByItsName(t *testing.T) {
	t.Parallel()
	for name, state := range wrongCloudStates() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := stacktest.Try(t, "prod", append(state.changes, plan.Set("checks.skip", []any{state.check}))...)
			refusedByGoogle(t, name, err)
		})
	}
}

// saysWhere fails for a command in a message that leaves out its place: it would be carried out
// in whichever project or namespace was used last on that machine.
func saysWhere(t *testing.T, message error) {
	t.Helper()
	for _, command := range regexp.MustCompile("(?:gcloud|kubectl) [a-z][^`\n]*").FindAllString(message.Error(), -1) {
		assert.Regexp(t, `^gcloud .* --(location|region)=us-central1 --project=coditect-cloud-infra|^kubectl (get namespace .*|.* --(namespace coditect-app|all-namespaces))`, command)
	}
}

// refusedByGoogle fails unless an update in a wrong state, without the check, ends as
// Google's APIs would have it: few of them notice.
func refusedByGoogle(t *testing.T, state string, err error) {
	t.Helper()
	says := map[string]string{
		"a peered range of others is not named":                     "Cannot modify allocated ranges in CreateConnection",
		"an adopted range is not there":                             "addresses/coditect-servces' was not found",
		"another range was reserved for the database and the cache": "already exists",
		"a key was made with another protection":                    "already exists",
		"the signing key was made with another protection":          "already exists",
		"versions of a key can be restored for another time":        "already exists",
	}[state]
	if says == "" {
		require.NoError(t, err)
		return
	}
	require.ErrorContains(t, err, says)
}

func TestEveryFindingIsToldTogether(t *testing.T) {
	t.Parallel()
	_, err := stacktest.Try(t, "prod",
		plan.Found(getSubnetwork, map[string]any{"privateIpGoogleAccess": false}),
		plan.Found(getCluster, map[string]any{"workloadIdentityConfigs": []any{}}))
	require.ErrorContains(t, err, "has no Private Google Access")
	require.ErrorContains(t, err, "has no Workload Identity")
}

func TestALockdownIsNotHeldUpByAWrongWorld(t *testing.T) {
	t.Parallel()
	for name, state := range wrongCloudStates() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := stacktest.Try(t, "prod", append(state.changes, plan.Set("platform.lockdown", true))...)
			refusedByGoogle(t, name, err)
			_, closed := made.Find(armorRule, "armor-lockdown")
			assert.True(t, closed, "what changed around the stack must not keep the door open")
		})
	}
}

func TestWhatIsCreatedIsNotLookedUp(t *testing.T) {
	t.Parallel()
	wrong, others := []plan.Change{}, []string{"peeredRanges", "dataplane", "sslPolicy", "place"} // a policy that is named is never ours
	for _, state := range wrongCloudStates() {
		if len(state.changes) == 1 && !slices.Contains(others, state.check) {
			wrong = append(wrong, state.changes[0])
		}
	}
	require.NotEmpty(t, wrong)
	stacktest.Deploy(t, "dev", wrong...)
}

func TestAMisspeltCheckIsRefused(t *testing.T) {
	t.Parallel()
	_, err := stacktest.Try(t, "prod", plan.Set("checks.skip", []any{"nodeacount"}))
	require.ErrorContains(t, err, `checks.skip[0] = "nodeacount": is not a valid check`)
	require.ErrorContains(t, err, "nodeAccount")
}

func TestWhatCannotBeLookedUpIsNamedByItsSetting(t *testing.T) {
	t.Parallel()
	for function, settingWritten := range map[string]string{
		"gcp:compute/getSubnetwork:getSubnetwork":       `network.subnetwork = "coditect-subnet": `,
		"gcp:compute/getGlobalAddress:getGlobalAddress": `network.edgeAddress.name = "coditect-ai-ip": `,
		"gcp:projects/getIamPolicy:getIamPolicy":        `platform.project = "coditect-cloud-infra": `,
		getCluster:                                      `kubernetes.cluster.name = "coditect-cluster": `,
	} {
		changes := []plan.Change{plan.Found(function, nil), plan.Preview(), plan.Set("observe.existingAudit", true)}
		_, err := stacktest.Try(t, "prod", changes...)
		require.ErrorContains(t, err, settingWritten, function)
	}
}

func TestAClusterThatIsNotThereIsToldByTheChecksAndNotByTheSDK(t *testing.T) {
	t.Parallel()
	elsewhere := plan.Found(getCluster, nil)
	for name, changes := range map[string][]plan.Change{
		"in an update":             {elsewhere},
		"in a preview":             {elsewhere, plan.Preview()},
		"in a lockdown":            {elsewhere, plan.Set("platform.lockdown", true)},
		"with its checks left out": {elsewhere, plan.Set("checks.skip", []any{"dataplane", "workloadIdentity", "nodeAccount", "clusterNetwork"})},
	} {
		made, err := stacktest.Try(t, "prod", changes...)
		require.ErrorContains(t, err, `kubernetes.cluster.name = "coditect-cluster": `, name)
		require.ErrorContains(t, err, "coditect-cluster was not found (404)", name)
		assert.NotContains(t, err.Error(), "waiting for RPCs", name)
		assert.NotContains(t, err.Error(), "kubeconfig", name)
		assert.LessOrEqual(t, len(made.Resources), 4, "%s: nothing but providers is declared", name)
	}
}
