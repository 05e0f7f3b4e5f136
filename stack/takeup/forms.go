package takeup

// forms are the ids by which the provider imports resources of a type, from the section
// "Import" of their pages
// (https://github.com/hashicorp/terraform-provider-google-beta/tree/v5.42.0/website/docs/r).
// A type without a form never fails because the resource exists: the provider changes the
// existing resource, or the API creates another one.
func forms() map[string]string {
	const (
		global   = "projects/{project}/global/"
		regional = "projects/{project}/regions/{region}/"
		located  = "projects/{project}/locations/{location}/"
	)
	return map[string]string{
		"gcp:artifactregistry/repository:Repository":        located + "repositories/{repositoryId}",
		"gcp:compute/firewall:Firewall":                     global + "firewalls/{name}",
		"gcp:compute/globalAddress:GlobalAddress":           global + "addresses/{name}",
		"gcp:compute/network:Network":                       global + "networks/{name}",
		"gcp:compute/router:Router":                         regional + "routers/{name}",
		"gcp:compute/routerNat:RouterNat":                   regional + "routers/{router.last}/{name}",
		"gcp:compute/sSLPolicy:SSLPolicy":                   global + "sslPolicies/{name}",
		"gcp:compute/securityPolicy:SecurityPolicy":         global + "securityPolicies/{name}",
		"gcp:compute/securityPolicyRule:SecurityPolicyRule": global + "securityPolicies/{securityPolicy.last}/priority/{priority}",
		"gcp:compute/subnetwork:Subnetwork":                 regional + "subnetworks/{name}",
		"gcp:container/cluster:Cluster":                     located + "clusters/{name}",
		"gcp:container/nodePool:NodePool":                   "{project}/{location}/{cluster.last}/{name}",
		"gcp:dns/managedZone:ManagedZone":                   "projects/{project}/managedZones/{name}",
		"gcp:identityplatform/config:Config":                "projects/{project}/config",
		"gcp:kms/cryptoKey:CryptoKey":                       "{keyRing}/cryptoKeys/{name}",
		"gcp:kms/keyRing:KeyRing":                           located + "keyRings/{name}",
		"gcp:logging/projectExclusion:ProjectExclusion":     "projects/{project}/exclusions/{name}",
		"gcp:monitoring/customService:CustomService":        "projects/{project}/services/{serviceId}",
		"gcp:monitoring/slo:Slo":                            "projects/{project}/services/{service.last}/serviceLevelObjectives/{sloId}",
		"gcp:redis/instance:Instance":                       "projects/{project}/locations/{region}/instances/{name}",
		"gcp:secretmanager/secret:Secret":                   "projects/{project}/secrets/{secretId}",
		"gcp:serviceaccount/account:Account":                "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
		"gcp:sql/database:Database":                         "projects/{project}/instances/{instance}/databases/{name}",
		"gcp:sql/databaseInstance:DatabaseInstance":         "projects/{project}/instances/{name}",
		"gcp:sql/user:User":                                 "{project}/{instance}/{name}",
	}
}
