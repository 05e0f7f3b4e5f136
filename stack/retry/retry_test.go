package retry_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/stack/retry"
)

func TestOnlyWhatEndsByItselfIsTriedAgain(t *testing.T) {
	t.Parallel()
	const (
		grant      = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
		repository = "gcp:artifactregistry/repository:Repository"
		monitoring = "kubernetes:monitoring.googleapis.com/v1:PodMonitoring"
		alert      = "gcp:monitoring/alertPolicy:AlertPolicy"
		objective  = "gcp:monitoring/slo:Slo"
		network    = "gcp:compute/network:Network"
		connection = "gcp:servicenetworking/connection:Connection"
		backend    = "kubernetes:cloud.google.com/v1:BackendConfig"
	)
	for name, c := range map[string]struct {
		typ, message string
		transient    bool
	}{
		"an agent that is not there yet":       {grant, "error setting IAM policy for KMS CryptoKey \"k\": googleapi: Error 400: Service account service-1@compute-system.iam.gserviceaccount.com does not exist., badRequest", true},
		"Compute Engine enabled a moment ago":  {network, "googleapi: Error 403: Compute Engine API has not been used in project 1 before or it is disabled. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.", true},
		"an API enabled a moment ago":          {repository, "googleapi: Error 403: Artifact Registry API has not been used in project 1 before or it is disabled. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.", true},
		"a key not granted everywhere":         {repository, "googleapi: Error 403: Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource 'projects/p/locations/l/keyRings/r/cryptoKeys/registry' (or it may not exist).", true},
		"a cache's key not granted everywhere": {"gcp:redis/instance:Instance", "Error waiting to create Instance: Error waiting for Creating Instance: Error code 9, message: Unable to delegate the access of CMEK. Please try again later.", true},
		"a log bucket's key":                   {"gcp:logging/projectBucketConfig:ProjectBucketConfig", "Error creating Bucket: googleapi: Error 400: service account `service-1@gcp-sa-logging.iam.gserviceaccount.com` must have both encrypt and decrypt access to the CMEK key `projects/p/locations/l/keyRings/r/cryptoKeys/k`", true},
		"a repository's key":                   {repository, "Error creating Repository: googleapi: Error 403: Permission denied on Cloud KMS key. Please ensure your Artifact Registry service account has been authorized to use the configured key.", true},
		"a repository's key, later":            {repository, "Error waiting to create Repository: Error waiting for Creating Repository: Error code 7, message: Permission denied on Cloud KMS key. Please ensure your Artifact Registry service account has been authorized to use the configured key.", true},
		"a key in words that nobody reported":  {"gcp:sql/databaseInstance:DatabaseInstance", "Error, failed to create instance: googleapi: Error 400: Invalid request: projects/p/locations/l/keyRings/r/cryptoKeys/k: service-1@gcp-sa-cloud-sql.iam.gserviceaccount.com lacks the permission to use it., invalid", true},
		"a key that is destroyed":              {repository, "googleapi: Error 400: projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1 is not enabled, current state is: DESTROY_SCHEDULED.", false},
		"a key's policy of another's":          {grant, "Error applying IAM policy for KMS CryptoKey \"projects/p/locations/l/keyRings/r/cryptoKeys/k\": googleapi: Error 403: Permission 'cloudkms.cryptoKeys.setIamPolicy' denied on resource 'projects/p/locations/l/keyRings/r/cryptoKeys/k' (or it may not exist)., forbidden", false},
		"an agent that is not known yet":       {connection, `Error waiting for Create Service Networking Connection: Error code 16, message: Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.`, true},
		"ranges of others":                     {connection, `googleapi: Error 400: Cannot modify allocated ranges in CreateConnection. Please use UpdateConnection.`, false},
		"a network that is being peered":       {"gcp:compute/firewall:Firewall", `Error creating Firewall: googleapi: Error 400: The resource 'projects/p/global/networks/license-dev' is not ready, resourceNotReady`, true},
		"a right that the caller lacks":        {grant, "googleapi: Error 403: Permission 'cloudkms.cryptoKeys.setIamPolicy' denied on resource", false},
		"a name in use":                        {repository, "googleapi: Error 409: the repository already exists", false},
		"a metric just written":                {alert, `googleapi: Error 404: Cannot find metric(s) that match type = "prometheus.googleapis.com/requests_total/counter". If a metric was created recently, it could take up to 10 minutes to become available. Please try again soon.`, true},
		"an objective over such a one":         {objective, `googleapi: Error 400: Invalid SLO definition: The metric referenced by the provided filter is unknown. Check the metric name and labels.`, true},
		"a channel that is not there":          {alert, `googleapi: Error 404: Cannot find notification channel with name = 'x'`, false},
		"a webhook without pods":               {monitoring, `Internal error occurred: failed calling webhook "validate.podmonitorings.gmp-operator.gmp-system.monitoring.googleapis.com": failed to call webhook: Post "https://gmp-operator.gmp-system.svc:443/validate": no endpoints available for service "gmp-operator"`, true},
		"a webhook without certificate":        {monitoring, `Internal error occurred: failed calling webhook "validate.podmonitorings.gmp-operator.gmp-system.monitoring.googleapis.com": failed to call webhook: x509: certificate signed by unknown authority`, true},
		"a webhook that refuses":               {monitoring, `admission webhook "validate.podmonitorings.gmp-operator.gmp-system.monitoring.googleapis.com" denied the request: invalid scrape interval`, false},
		"a definition that comes later":        {backend, `creation of resource "n/b" failed: no matches for kind "BackendConfig" in version "cloud.google.com/v1"`, true},
		"a kind that nobody defines":           {backend, `no matches for kind "BackndConfig" in version "example.com/v1"`, false},
		"another provider's":                   {"random:index/randomId:RandomId", "failed calling webhook \"x\"", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.transient, retry.IsTransient(c.typ, c.message))
		})
	}
}

func TestADeletionWaitsForALoadBalancerThatLetsGo(t *testing.T) {
	t.Parallel()
	used := "googleapi: Error 400: The ssl_policy resource 'projects/p/global/sslPolicies/tls' is already being used by 'projects/p/global/targetHttpsProxies/k8s1', resourceInUseByAnotherResource"
	for _, policy := range []string{"gcp:compute/sSLPolicy:SSLPolicy", "gcp:compute/securityPolicy:SecurityPolicy"} {
		assert.True(t, retry.IsReleasedSoon(policy, used), policy)
		assert.True(t, retry.HasHook(policy), policy)
		assert.False(t, retry.IsReleasedSoon(policy, "googleapi: Error 403: Required 'compute.sslPolicies.delete' permission"), policy)
	}
	assert.False(t, retry.IsReleasedSoon("gcp:compute/network:Network", used), "a subnet in it stays")
}

func TestADeletionWaitsForTheEndpointGroupsThatGKEDeletesAfterItsCluster(t *testing.T) {
	t.Parallel()
	const group = "'projects/p/zones/us-central1-a/networkEndpointGroups/k8s1-ddb447c6-license-platform-license-api-80-9f63cdd9'"
	for typ, message := range map[string]string{
		"gcp:compute/network:Network":       "Error waiting for Deleting Network: The network resource 'projects/p/global/networks/n' is already being used by " + group,
		"gcp:compute/subnetwork:Subnetwork": "googleapi: Error 400: The subnetwork resource 'projects/p/regions/r/subnetworks/n' is already being used by " + group + ", resourceInUseByAnotherResource",
	} {
		assert.True(t, retry.IsReleasedSoon(typ, message), typ)
	}
	assert.False(t, retry.IsReleasedSoon("gcp:compute/network:Network", "The network resource 'n' is already being used by 'projects/p/global/networks/n/peerings/servicenetworking-googleapis-com'"))
	assert.False(t, retry.IsReleasedSoon("gcp:compute/network:Network", "The network resource 'n' is already being used by 'projects/p/global/firewalls/somebody-elses'"))
}

func TestEverythingThatAProviderMakesIsDeclaredWithAHook(t *testing.T) {
	t.Parallel()
	for typ, has := range map[string]bool{
		"gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember":         true,
		"gcp:sql/databaseInstance:DatabaseInstance":             true,
		"gcp:compute/network:Network":                           true,
		"gcp:compute/sSLPolicy:SSLPolicy":                       true,
		"kubernetes:monitoring.googleapis.com/v1:PodMonitoring": true,
		"kubernetes:apps/v1:Deployment":                         true,
		"pulumi:providers:gcp":                                  false,
		"licensing:data:Keys":                                   false,
	} {
		assert.Equal(t, has, retry.HasHook(typ), typ)
	}
}
