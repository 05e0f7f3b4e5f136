package stack_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// leftOver are the types of which something stays after a destroy, or is not free at once, each
// with the row of docs/destroy.md that says so.
func leftOver() map[string]string {
	const keys, database, log = "The key ring and its keys", "Databases and database users", "The log bucket"
	return map[string]string{
		"gcp:binaryauthorization/policy:Policy":               "Binary Authorization's policy of the project",
		"gcp:compute/globalAddress:GlobalAddress":             "A public address of the stack's own",
		"gcp:container/cluster:Cluster":                       "With `kubernetes.cluster.connectGateway`, the membership of the project's fleet",
		"gcp:identityplatform/config:Config":                  "Identity Platform itself",
		"gcp:kms/cryptoKey:CryptoKey":                         keys,
		"gcp:kms/cryptoKeyVersion:CryptoKeyVersion":           keys,
		"gcp:kms/keyRing:KeyRing":                             keys,
		"gcp:logging/projectBucketConfig:ProjectBucketConfig": log,
		"gcp:projects/iAMAuditConfig:IAMAuditConfig":          "In a project with others, the audit configuration",
		"gcp:projects/service:Service":                        "Enabled APIs and their service agents",
		"gcp:projects/serviceIdentity:ServiceIdentity":        "Enabled APIs and their service agents",
		"gcp:servicenetworking/connection:Connection":         "In a network of others, the peering with Google's services, with their ranges in it",
		"gcp:sql/database:Database":                           database,
		"gcp:sql/databaseInstance:DatabaseInstance":           "The name of the Cloud SQL instance",
		"gcp:sql/user:User":                                   database,
		"kubernetes:networking.k8s.io/v1:IngressPatch":        "An adopted Ingress, cluster, network, address, certificate",
	}
}

// madeAgain are the types of which a destroy leaves nothing: another one of the same name can be
// made at once.
func madeAgain() []string {
	return []string{
		"gcp:artifactregistry/repository:Repository", "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
		"gcp:compute/firewall:Firewall", "gcp:compute/network:Network", "gcp:compute/router:Router", "gcp:compute/routerNat:RouterNat",
		"gcp:compute/sSLPolicy:SSLPolicy", "gcp:compute/securityPolicy:SecurityPolicy", "gcp:compute/securityPolicyRule:SecurityPolicyRule",
		"gcp:compute/subnetwork:Subnetwork", "gcp:container/nodePool:NodePool", "gcp:dns/managedZone:ManagedZone", "gcp:dns/recordSet:RecordSet",
		"gcp:identityplatform/tenant:Tenant", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
		"gcp:logging/projectExclusion:ProjectExclusion", "gcp:logging/projectSink:ProjectSink",
		"gcp:monitoring/alertPolicy:AlertPolicy", "gcp:monitoring/customService:CustomService", "gcp:monitoring/dashboard:Dashboard",
		"gcp:monitoring/notificationChannel:NotificationChannel", "gcp:monitoring/slo:Slo", "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig",
		"gcp:projects/iAMMember:IAMMember", "gcp:redis/instance:Instance",
		"gcp:secretmanager/secret:Secret", "gcp:secretmanager/secretIamMember:SecretIamMember", "gcp:secretmanager/secretVersion:SecretVersion",
		// Another account, even under the same name (https://cloud.google.com/iam/docs/service-accounts-delete-undelete).
		"gcp:serviceaccount/account:Account", "gcp:serviceaccount/iAMMember:IAMMember",
		"kubernetes:apps/v1:Deployment", "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "kubernetes:batch/v1:Job",
		"kubernetes:cloud.google.com/v1:BackendConfig", "kubernetes:core/v1:Namespace", "kubernetes:core/v1:Service", "kubernetes:core/v1:ServiceAccount",
		"kubernetes:monitoring.googleapis.com/v1:PodMonitoring", managedCertificate,
		"kubernetes:networking.gke.io/v1beta1:FrontendConfig", "kubernetes:networking.k8s.io/v1:Ingress", "kubernetes:networking.k8s.io/v1:NetworkPolicy",
		"kubernetes:policy/v1:PodDisruptionBudget",
	}
}

func TestTheDocumentOfADestroySaysOfEveryTypeWhetherSomethingStays(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "docs", "destroy.md"))
	require.NoError(t, err)
	kinds, declaredTypes := memory.Kinds(), map[string]bool{}
	for _, name := range stacktest.Stacks(t) {
		for _, r := range stacktest.Deploy(t, name).InCloud() {
			declaredTypes[r.Type] = true
			row, stays := leftOver()[r.Type]
			free := slices.Contains(madeAgain(), r.Type)
			assert.NotEqual(t, stays, free, "%s: what stays of it after a destroy? Say so in leftOver and in docs/destroy.md, or that nothing does in madeAgain", r.Type)
			assert.False(t, free && outlives(kinds[r.Type], r), "%s stays: say so in docs/destroy.md", r.Type)
			assert.Contains(t, string(content), "| "+row, r.Type)
		}
	}
	for typ := range maps.Keys(leftOver()) {
		assert.True(t, declaredTypes[typ] || typ == "gcp:kms/keyRing:KeyRing", "no stack declares %s any more", typ)
	}
}

// outlives tells whether the cloud keeps something of a resource, by the emulator or by the
// resource's own options.
func outlives(kind provider.Kind, r declared.Resource) bool {
	return r.RetainOnDelete || kind.Retained || kind.NameKept > 0 || kind.Release != nil ||
		kind.Abandoned != nil && kind.Abandoned(provider.Properties(r.Inputs()))
}

func TestATypeThatStaysUnsaidIsFound(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev")
	ring := only(t, made, "gcp:kms/keyRing:KeyRing")
	assert.True(t, outlives(memory.Kinds()[ring.Type], ring))
	wall := only(t, made, "gcp:compute/firewall:Firewall")
	assert.False(t, outlives(memory.Kinds()[wall.Type], wall))
	wall.RetainOnDelete = true
	assert.True(t, outlives(memory.Kinds()[wall.Type], wall))
}

func only(t *testing.T, made *plan.Plan, typ string) declared.Resource {
	t.Helper()
	found := made.Of(typ)
	require.NotEmpty(t, found, typ)
	return found[0]
}
