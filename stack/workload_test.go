package stack_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/stack/plan"
	"github.com/coditect-ai/license-platform/stack/stacktest"
)

const managedCertificate = "kubernetes:networking.gke.io/v1:ManagedCertificate"

func TestTheLoadBalancerGuardsAndChecksTheLicenseAPI(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		assert.Equal(t, map[string]any{
			"securityPolicy": map[string]any{"name": "license-api-security-policy"},
			"healthCheck": map[string]any{
				"type": "HTTP", "port": 8000.0, "requestPath": "/health", "checkIntervalSec": 10.0, "timeoutSec": 5.0,
				"healthyThreshold": 2.0, "unhealthyThreshold": 3.0,
			},
			"connectionDraining": map[string]any{"drainingTimeoutSec": 60.0},
			"timeoutSec":         30.0,
			"cdn":                map[string]any{"enabled": false},
			"sessionAffinity":    map[string]any{"affinityType": "NONE"},
			"logging":            map[string]any{"enable": true, "sampleRate": 1.0},
			"iap":                map[string]any{"enabled": false},
		}, made.One(t, backendConfig, "license-api").Get("spec"))
		api := made.One(t, kubeService, "license-api")
		assert.JSONEq(t, `{"default": "license-api"}`, api.Text(`metadata.annotations["cloud.google.com/backend-config"]`))
		assert.JSONEq(t, `{"ingress": true}`, api.Text(`metadata.annotations["cloud.google.com/neg"]`))
		assert.Equal(t, "license-platform-tls", made.One(t, "kubernetes:networking.gke.io/v1beta1:FrontendConfig", "license-platform-frontend").Text("spec.sslPolicy"))
	})
}

func TestARedirectIsDeclaredOnlyWithAnOpenPort80(t *testing.T) {
	t.Parallel()
	const frontend = "kubernetes:networking.gke.io/v1beta1:FrontendConfig"
	closed := stacktest.Deploy(t, "prod")
	assert.Nil(t, closed.One(t, frontend, "license-platform-frontend").Get("spec.redirectToHttps"))
	open := stacktest.Deploy(t, "prod", plan.Set("kubernetes.ingress.redirectHttp", true))
	assert.Equal(t, true, open.One(t, frontend, "license-platform-frontend").Get("spec.redirectToHttps.enabled"))
	assert.Equal(t, "true", open.One(t, ingressPatch, "ingress").Text(`metadata.annotations["kubernetes.io/ingress.allow-http"]`))
}

func TestTheStaffHostStandsBehindIdentityAwareProxy(t *testing.T) {
	t.Parallel()
	made := stacktest.Deploy(t, "prod", plan.Set("kubernetes.ingress.staff", map[string]any{"enabled": true, "oauthSecret": "iap-oauth-client-secret"}))
	assert.Equal(t, map[string]any{"enabled": true, "oauthclientCredentials": map[string]any{"secretName": "iap-oauth-client-secret"}},
		made.One(t, backendConfig, "license-api-staff").Get("spec.iap"))
	assert.Equal(t, map[string]any{"enabled": false}, made.One(t, backendConfig, "license-api").Get("spec.iap"), "clients of the API have no Google account")
	assert.Equal(t, "iap.googleapis.com", made.One(t, service, "iap").Text("service"))
	ingress := made.One(t, ingressPatch, "ingress")
	assert.Equal(t, "admin.coditect.ai", ingress.Text("spec.rules[1].host"))
	assert.Equal(t, "license-api-staff", ingress.Text("spec.rules[1].http.paths[0].backend.service.name"))
	before := stacktest.Deploy(t, "prod").One(t, managedCertificate, "license-platform-certificate")
	assert.Equal(t, before.Inputs(), made.One(t, managedCertificate, "license-platform-certificate").Inputs(), "other domains would take TLS from the license host")
	assert.Equal(t, []any{"admin.coditect.ai"}, made.One(t, managedCertificate, "license-platform-staff-certificate").Get("spec.domains"))
	assert.Equal(t, "coditect-ai-ssl,license-platform,license-platform-staff", ingress.Text(`metadata.annotations["networking.gke.io/managed-certificates"]`))
}

func TestPodsAreRestrictedAndLeaveGracefully(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		for _, pods := range []declared.Resource{made.One(t, deployment, "license-api"), made.One(t, job, "license-migrate")} {
			spec := func(path string) any { return pods.Get("spec.template.spec." + path) }
			assert.Equal(t, map[string]any{
				"runAsNonRoot": true, "runAsUser": 65532.0, "runAsGroup": 65532.0,
				"seccompProfile": map[string]any{"type": "RuntimeDefault"},
			}, spec("securityContext"))
			assert.Equal(t, map[string]any{
				"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
				"capabilities": map[string]any{"drop": []any{"ALL"}},
			}, spec("containers[0].securityContext"))
			assert.Equal(t, false, spec("automountServiceAccountToken"))
		}
		api := made.One(t, deployment, "license-api")
		grace, _ := api.Get("spec.template.spec.terminationGracePeriodSeconds").(float64)
		sleep, _ := api.Get("spec.template.spec.containers[0].lifecycle.preStop.sleep.seconds").(float64)
		assert.Positive(t, sleep)
		assert.Greater(t, grace, sleep)
		assert.Equal(t, map[string]any{"maxUnavailable": 0.0, "maxSurge": 1.0}, api.Get("spec.strategy.rollingUpdate"))
	})
}

func TestADrainOrALostZoneTakesOnePodAtATime(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		api := made.One(t, deployment, "license-api")
		own := api.Get("spec.selector.matchLabels")
		assert.Equal(t, map[string]any{"app": "license-api"}, own)

		budget := made.One(t, "kubernetes:policy/v1:PodDisruptionBudget", "license-api")
		assert.Equal(t, 1.0, budget.Get("spec.maxUnavailable"))
		assert.Equal(t, own, budget.Get("spec.selector.matchLabels"))
		for i, topology := range []string{"topology.kubernetes.io/zone", "kubernetes.io/hostname"} {
			at := fmt.Sprintf("spec.template.spec.topologySpreadConstraints[%d].", i)
			assert.Equal(t, topology, api.Text(at+"topologyKey"))
			assert.Equal(t, 1.0, api.Get(at+"maxSkew"))
			assert.Equal(t, own, api.Get(at+"labelSelector.matchLabels"))
		}
	})
}

func TestManagedPrometheusScrapesThePortThatPodsServeMetricsAt(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		api := made.One(t, deployment, "license-api")
		scraping := made.One(t, "kubernetes:monitoring.googleapis.com/v1:PodMonitoring", "license-api-monitoring")
		assert.Equal(t, api.Get("spec.template.spec.containers[0].ports[1].name"), scraping.Get("spec.endpoints[0].port"))
		assert.Equal(t, 9090.0, api.Get("spec.template.spec.containers[0].ports[1].containerPort"))
		assert.Equal(t, api.Get("spec.selector"), scraping.Get("spec.selector"))
	})
}

func TestOnGoogleCloudALeavingPodOutlivesTheLoadBalancersKnowledgeOfIt(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"dev", "prod"} {
		api := stacktest.Deploy(t, name).One(t, deployment, "license-api")
		assert.Equal(t, 60.0, api.Get("spec.template.spec.containers[0].lifecycle.preStop.sleep.seconds"))
		assert.Equal(t, 95.0, api.Get("spec.template.spec.terminationGracePeriodSeconds"))
	}
}

func TestTheNumberOfReplicasHasOneOwner(t *testing.T) {
	t.Parallel()
	const autoscaler = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	prod := stacktest.Deploy(t, "prod")
	assert.Nil(t, prod.One(t, deployment, "license-api").Get("spec.replicas"), "it is the autoscaler's")
	assert.Equal(t, 3.0, prod.One(t, autoscaler, "license-api").Get("spec.minReplicas"))
	assert.Equal(t, 12.0, prod.One(t, autoscaler, "license-api").Get("spec.maxReplicas"))
	local := stacktest.Deploy(t, "local")
	assert.Equal(t, 2.0, local.One(t, deployment, "license-api").Get("spec.replicas"))
	assert.Empty(t, local.Of(autoscaler))
}

func TestEveryStackLogsInToTheDatabaseByTheConnector(t *testing.T) {
	t.Parallel()
	iam := environment(t, stacktest.Deploy(t, "prod").One(t, deployment, "license-api"))
	assert.Equal(t, "coditect-cloud-infra:us-central1:stores-440a819", iam["DATABASE_INSTANCE"])
	assert.Equal(t, "license-api@coditect-cloud-infra.iam", iam["DATABASE_USER"])
	assert.NotContains(t, iam, "DATABASE_PASSWORD_SECRET")
	assert.NotContains(t, iam, "DATABASE_ADDRESS")
	assert.NotContains(t, iam, "SQL_ADMIN_ENDPOINT")
	local := environment(t, stacktest.Deploy(t, "local", endpoints()).One(t, deployment, "license-api"))
	assert.Regexp(t, `^coditect-cloud-infra:us-central1:stores-`, local["DATABASE_INSTANCE"])
	assert.Equal(t, iam["DATABASE_USER"], local["DATABASE_USER"])
	assert.NotContains(t, local, "DATABASE_PASSWORD_SECRET")
	assert.Equal(t, "127.77.8.17:8443", local["SQL_ADMIN_ENDPOINT"])
	assert.Equal(t, iam["DATABASE_INSTANCE"], environment(t, stacktest.Deploy(t, "prod").One(t, job, "license-migrate"))["DATABASE_INSTANCE"])
	migration := environment(t, stacktest.Deploy(t, "local").One(t, job, "license-migrate"))
	assert.JSONEq(t, `[
		{"id": "demo-x1y2z", "name": "demo", "licenses": [{"id": "demo", "product": "coditect-ide", "seats": 5, "leaseSeconds": 300}]},
		{"id": "rival-x1y2z", "name": "rival", "licenses": [{"id": "rival", "product": "coditect-ide", "seats": 2, "leaseSeconds": 300}]}
	]`, migration["TENANTS"])
	assert.Equal(t, iam["DATABASE_USER"], migration["API_DATABASE_USER"])
}

// endpoints are those of an embedded cloud.
func endpoints() plan.Change {
	return plan.Set("endpoints", map[string]any{
		"kms": "127.0.0.1:1", "secretManager": "127.0.0.1:2", "sqlAdmin": "127.77.8.17:8443", "identityKeys": "https://127.0.0.1:3/", "registry": "r:5", "ca": "-----BEGIN CERTIFICATE-----",
	})
}

func TestADatabaseIsNotReplacedBecauseOfItsDisk(t *testing.T) {
	everyStack(t, func(t *testing.T, made *plan.Plan) {
		database := made.One(t, "gcp:sql/databaseInstance:DatabaseInstance", "stores")
		assert.ElementsMatch(t, []string{"settings.diskSize", "settings.diskType"}, database.IgnoreChanges)
	})
}
