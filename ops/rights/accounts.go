package rights

// Account is one that runs Pulumi.
type Account struct {
	// Name is what the documents call it, Runs what it runs.
	Name, Runs string
	// Roles are Google's, on the project.
	Roles []string
	// Custom are permissions that no predefined role has without the permission to change
	// something.
	Custom []string
	// Kubernetes is its role in the cluster; it is one of Roles, too.
	Kubernetes string
}

// Preview looks up what exists. It can neither read a secret nor change anything, so
// that any branch of the repository may use it.
func Preview() Account {
	return Account{
		Name: "preview", Runs: "`pulumi preview`",
		Roles: []string{"roles/viewer", "roles/serviceusage.serviceUsageConsumer"}, Kubernetes: "roles/container.viewer",
	}
}

// Drift reads every resource again, and the provider (v5.42) reads the values of secrets
// and the password of Redis with them
// (google-beta/services/secretmanager/resource_secret_manager_secret_version.go,
// flattenSecretManagerSecretVersionPayload;
// google-beta/services/redis/resource_redis_instance.go, resourceRedisInstanceDecoder).
func Drift() Account {
	return Account{
		Name: "drift", Runs: "`pulumi preview --refresh`",
		Roles:  []string{"roles/viewer", "roles/serviceusage.serviceUsageConsumer", "roles/secretmanager.secretAccessor"},
		Custom: []string{"redis.instances.getAuthString"}, Kubernetes: "roles/container.viewer",
	}
}

// Deploy changes a stack.
func Deploy() Account {
	return Account{
		Name: "deploy", Runs: "`pulumi up`, `pulumi destroy`",
		Roles: []string{
			"roles/artifactregistry.admin", "roles/binaryauthorization.policyEditor", "roles/cloudkms.admin", "roles/cloudsql.admin",
			"roles/compute.networkAdmin", "roles/compute.securityAdmin", "roles/dns.admin", "roles/iam.serviceAccountAdmin",
			"roles/iam.serviceAccountUser", "roles/identityplatform.admin", "roles/logging.configWriter", "roles/monitoring.editor",
			"roles/redis.admin", "roles/resourcemanager.projectIamAdmin", "roles/secretmanager.admin", "roles/serviceusage.serviceUsageAdmin",
		},
		Kubernetes: "roles/container.admin",
	}
}
