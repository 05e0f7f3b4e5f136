package stack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
func everyStack(t *testing.T, test func(t *testing.T, plan *stacktest.Plan)) {
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
func comesAfterAll(t *testing.T, plan *stacktest.Plan, later stacktest.Resource, earlier string) {
	t.Helper()
	found := plan.Of(earlier)
	require.NotEmpty(t, found, earlier)
	for _, r := range found {
		assert.True(t, plan.ComesAfter(later, r), "%s %s does not come after %s %s", later.Type, later.Name, r.Type, r.Name)
	}
}

func TestEverythingInGoogleCloudComesAfterEveryAPIIsEnabled(t *testing.T) {
	everyStack(t, func(t *testing.T, plan *stacktest.Plan) {
		checked := 0
		for _, r := range plan.Resources {
			if !strings.HasPrefix(r.Type, "gcp:") || r.Type == service {
				continue
			}
			comesAfterAll(t, plan, r, service)
			checked++
		}
		assert.Greater(t, checked, 40)
	})
}

// declaredIngress is the stack's own, or what it declares of an adopted one.
func declaredIngress(t *testing.T, plan *stacktest.Plan) stacktest.Resource {
	t.Helper()
	if patch, adopts := plan.Find(ingressPatch, "ingress"); adopts {
		return patch
	}
	return plan.One(t, kubeIngress, "ingress")
}

func TestTheSharedIngressNeverMeetsAMissingPolicyOrBackend(t *testing.T) {
	everyStack(t, func(t *testing.T, plan *stacktest.Plan) {
		config, api := plan.One(t, backendConfig, "license-api"), plan.One(t, kubeService, "license-api")
		ingress := declaredIngress(t, plan)
		comesAfterAll(t, plan, config, armorRule)
		assert.True(t, plan.ComesAfter(api, config))
		assert.True(t, plan.ComesAfter(ingress, api))
		comesAfterAll(t, plan, ingress, "kubernetes:networking.gke.io/v1:ManagedCertificate")
		comesAfterAll(t, plan, ingress, "kubernetes:networking.gke.io/v1beta1:FrontendConfig")
		assert.False(t, plan.ComesAfter(api, ingress), "the question can be answered with no")
	})
}

func TestPodsStartOnlyWhenTheyAreKeptApartAndMayDoTheirWork(t *testing.T) {
	everyStack(t, func(t *testing.T, plan *stacktest.Plan) {
		for _, pods := range []stacktest.Resource{plan.One(t, deployment, "license-api"), plan.One(t, job, "license-migrate")} {
			comesAfterAll(t, plan, pods, networkPolicy)
			comesAfterAll(t, plan, pods, identityMember)
			assert.True(t, plan.ComesAfter(pods, plan.One(t, keyGrant, "grants-api-sign")))
			comesAfterAll(t, plan, pods, "gcp:secretmanager/secretIamMember:SecretIamMember")
			comesAfterAll(t, plan, pods, sqlInstance)
		}
		assert.True(t, plan.ComesAfter(plan.One(t, deployment, "license-api"), plan.One(t, job, "license-migrate")),
			"code never meets a schema that is older than itself")
	})
}

func TestDatabaseAndRedisComeAfterThePrivateConnectionAndTheirKeysGrants(t *testing.T) {
	everyStack(t, func(t *testing.T, plan *stacktest.Plan) {
		for typ, grant := range map[string]string{sqlInstance: "keys-sql", redisInstance: "keys-redis"} {
			comesAfterAll(t, plan, plan.One(t, typ, "stores"), connection)
			assert.True(t, plan.ComesAfter(plan.One(t, typ, "stores"), plan.One(t, keyGrant, grant)), grant)
		}
	})
}

func TestWhateverIsEncryptedComesAfterItsServiceAgentsGrant(t *testing.T) {
	everyStack(t, func(t *testing.T, plan *stacktest.Plan) {
		for typ, grant := range map[string]string{
			"gcp:logging/projectBucketConfig:ProjectBucketConfig": "keys-logs",
			"gcp:artifactregistry/repository:Repository":          "keys-registry",
			"gcp:secretmanager/secret:Secret":                     "keys-secrets",
		} {
			found := plan.Of(typ)
			require.NotEmpty(t, found, typ)
			for _, r := range found {
				assert.True(t, plan.ComesAfter(r, plan.One(t, keyGrant, grant)), "%s %s", r.Type, r.Name)
			}
		}
		assert.True(t, plan.ComesAfter(plan.One(t, deployment, "license-api"), plan.Of("gcp:artifactregistry/repository:Repository")[0]),
			"an image is pushed into a repository that exists")
	})
}

func TestACreatedClusterComesAfterItsKeysGrantsAndBeforeItsIdentityPool(t *testing.T) {
	t.Parallel()
	plan := stacktest.Deploy(t, "dev")
	cluster, pool := plan.One(t, clusterType, "cluster"), plan.One(t, nodePool, "cluster")
	for _, key := range []string{"keys-cluster", "keys-disks"} {
		assert.True(t, plan.ComesAfter(cluster, plan.One(t, keyGrant, key)), key)
	}
	for _, member := range plan.Of(identityMember) {
		assert.True(t, plan.ComesAfter(member, cluster))
	}
	for _, r := range plan.Resources {
		if r.Kubernetes() {
			assert.True(t, plan.ComesAfter(r, pool), "%s %s needs nodes", r.Type, r.Name)
		}
	}
}

func TestNothingWaitsForItself(t *testing.T) {
	everyStack(t, func(t *testing.T, plan *stacktest.Plan) {
		for _, r := range plan.Resources {
			assert.False(t, plan.ComesAfter(r, r), "%s %s", r.Type, r.Name)
		}
	})
}
