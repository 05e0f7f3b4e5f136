package stack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

// Types that the tests ask about.
const (
	service        = "gcp:projects/service:Service"
	backendConfig  = "kubernetes:cloud.google.com/v1:BackendConfig"
	kubeService    = "kubernetes:core/v1:Service"
	kubeIngress    = "kubernetes:networking.k8s.io/v1:Ingress"
	ingressPatch   = "kubernetes:networking.k8s.io/v1:IngressPatch"
	networkPolicy  = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	deployment     = "kubernetes:apps/v1:Deployment"
	job            = "kubernetes:batch/v1:Job"
	armorRule      = "gcp:compute/securityPolicyRule:SecurityPolicyRule"
	connection     = "gcp:servicenetworking/connection:Connection"
	sqlInstance    = "gcp:sql/databaseInstance:DatabaseInstance"
	redisInstance  = "gcp:redis/instance:Instance"
	keyGrant       = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
	identityMember = "gcp:serviceaccount/iAMMember:IAMMember"
	clusterType    = "gcp:container/cluster:Cluster"
	nodePool       = "gcp:container/nodePool:NodePool"
)

// everyStack runs a test for each committed stack.
func everyStack(t *testing.T, test func(t *testing.T, made *plan.Plan)) {
	t.Helper()
	t.Parallel()
	for _, name := range stacktest.Stacks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, stacktest.Deploy(t, name))
		})
	}
}

// comesAfterAll requires that one resource comes after every one of a type.
func comesAfterAll(t *testing.T, made *plan.Plan, later declared.Resource, earlier string) {
	t.Helper()
	found := made.Of(earlier)
	require.NotEmpty(t, found, earlier)
	for _, r := range found {
		assert.True(t, made.ComesAfter(later, r), "%s %s does not come after %s %s", later.Type, later.Name, r.Type, r.Name)
	}
}

func TestEverythingInGoogleCloudComesAfterEveryAPIIsEnabled(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		checked := 0
		for _, r := range made.Resources {
			if !strings.HasPrefix(r.Type, "gcp:") || r.Type == service {
				continue
			}
			comesAfterAll(t, made, r, service)
			checked++
		}
		assert.Greater(t, checked, 40)
	})
}

// declaredIngress is the stack's own, or what it declares of an adopted one.
func declaredIngress(t *testing.T, made *plan.Plan) declared.Resource {
	t.Helper()
	if patch, adopts := made.Find(ingressPatch, "ingress"); adopts {
		return patch
	}
	return made.One(t, kubeIngress, "ingress")
}

func TestTheSharedIngressNeverMeetsAMissingPolicyOrBackend(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		config, api := made.One(t, backendConfig, "license-api"), made.One(t, kubeService, "license-api")
		ingress := declaredIngress(t, made)
		comesAfterAll(t, made, config, armorRule)
		assert.True(t, made.ComesAfter(api, config))
		assert.True(t, made.ComesAfter(ingress, api))
		comesAfterAll(t, made, ingress, managedCertificate)
		comesAfterAll(t, made, ingress, "kubernetes:networking.gke.io/v1beta1:FrontendConfig")
		assert.False(t, made.ComesAfter(api, ingress), "the question can be answered with no")
	})
}

func TestPodsStartOnlyWhenTheyAreKeptApartAndMayDoTheirWork(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		for _, pods := range []declared.Resource{made.One(t, deployment, "license-api"), made.One(t, job, "license-migrate")} {
			comesAfterAll(t, made, pods, networkPolicy)
			comesAfterAll(t, made, pods, identityMember)
			assert.True(t, made.ComesAfter(pods, made.One(t, keyGrant, "grants-api-sign")))
			comesAfterAll(t, made, pods, "gcp:secretmanager/secretIamMember:SecretIamMember")
			comesAfterAll(t, made, pods, sqlInstance)
		}
		assert.True(t, made.ComesAfter(made.One(t, deployment, "license-api"), made.One(t, job, "license-migrate")),
			"code never meets a schema that is older than itself")
	})
}

func TestDatabaseAndRedisComeAfterThePrivateConnectionAndTheirKeysGrants(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		for typ, grant := range map[string]string{sqlInstance: "keys-sql", redisInstance: "keys-redis"} {
			comesAfterAll(t, made, made.One(t, typ, "stores"), connection)
			assert.True(t, made.ComesAfter(made.One(t, typ, "stores"), made.One(t, keyGrant, grant)), grant)
		}
	})
}

func TestWhateverIsEncryptedComesAfterItsServiceAgentsGrant(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		for typ, grant := range map[string]string{
			"gcp:logging/projectBucketConfig:ProjectBucketConfig": "keys-logs",
			"gcp:artifactregistry/repository:Repository":          "keys-registry",
			"gcp:secretmanager/secret:Secret":                     "keys-secrets",
		} {
			found := made.Of(typ)
			require.NotEmpty(t, found, typ)
			for _, r := range found {
				assert.True(t, made.ComesAfter(r, made.One(t, keyGrant, grant)), "%s %s", r.Type, r.Name)
			}
		}
		assert.True(t, made.ComesAfter(made.One(t, deployment, "license-api"), made.Of("gcp:artifactregistry/repository:Repository")[0]),
			"an image is pushed into a repository that exists")
	})
}

func TestACreatedClusterComesAfterItsKeysGrantsAndBeforeItsIdentityPool(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "dev")
	cluster, pool := made.One(t, clusterType, "cluster"), made.One(t, nodePool, "cluster")
	for _, key := range []string{"keys-cluster", "keys-disks"} {
		assert.True(t, made.ComesAfter(cluster, made.One(t, keyGrant, key)), key)
	}
	for _, member := range made.Of(identityMember) {
		assert.True(t, made.ComesAfter(member, cluster))
	}
	for _, r := range made.Resources {
		if r.Kubernetes() {
			assert.True(t, made.ComesAfter(r, pool), "%s %s needs nodes", r.Type, r.Name)
		}
	}
}

func TestNothingWaitsForItself(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		for _, r := range made.Resources {
			assert.False(t, made.ComesAfter(r, r), "%s %s", r.Type, r.Name)
		}
	})
}
