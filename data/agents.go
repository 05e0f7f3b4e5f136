package data

import (
	"fmt"
)

// agent is the service agent that encrypts with a key on behalf of a Google
// service: the only identity that may use that key.
// https://cloud.google.com/kms/docs/compatible-services
type agent struct {
	// key is the name of the CMEK key.
	key string
	// email is the agent's address, with the project's number at %s.
	// https://cloud.google.com/iam/docs/service-agents
	email string
	// api is the service whose agent has to be made before it can be granted
	// anything; empty when enabling the API makes it.
	api string
	// cluster says that only a cluster that the stack creates uses the key.
	cluster bool
}

// member is the agent as an IAM policy names it.
func (a agent) member(projectNumber string) string {
	return "serviceAccount:" + fmt.Sprintf(a.email, projectNumber)
}

// encryptionKeyPrefix is how the names of the encryption keys in Cloud KMS begin.
const encryptionKeyPrefix = "cmek-"

// Names of the encryption keys, one a service, so that revoking one grant
// stops one service.
const (
	keySQL      = "sql"
	keyRedis    = "redis"
	keySecrets  = "secrets"
	keyCluster  = "cluster"
	keyDisks    = "disks"
	keyRegistry = "registry"
	keyLogs     = "logs"
)

// agents lists the service agents, one for each key except the key of the logs: the agent
// of Cloud Logging has no fixed address, it is asked for (see logs.go).
//
// Addresses are built from the project's number, because Service Usage does not
// return one for every service that it makes an agent for
// (hashicorp/terraform-provider-google issue 18649).
func agents() []agent {
	return []agent{
		// https://cloud.google.com/sql/docs/postgres/configure-cmek
		{key: keySQL, email: "service-%s@gcp-sa-cloud-sql.iam.gserviceaccount.com", api: "sqladmin.googleapis.com"},
		// https://cloud.google.com/memorystore/docs/redis/cmek
		{key: keyRedis, email: "service-%s@cloud-redis.iam.gserviceaccount.com", api: "redis.googleapis.com"},
		// https://cloud.google.com/secret-manager/docs/cmek
		{key: keySecrets, email: "service-%s@gcp-sa-secretmanager.iam.gserviceaccount.com", api: "secretmanager.googleapis.com"},
		// https://cloud.google.com/artifact-registry/docs/cmek
		{key: keyRegistry, email: "service-%s@gcp-sa-artifactregistry.iam.gserviceaccount.com", api: "artifactregistry.googleapis.com"},
		// https://cloud.google.com/kubernetes-engine/docs/how-to/encrypting-secrets
		{key: keyCluster, email: "service-%s@container-engine-robot.iam.gserviceaccount.com", cluster: true},
		// https://cloud.google.com/kubernetes-engine/docs/how-to/using-cmek
		{key: keyDisks, email: "service-%s@compute-system.iam.gserviceaccount.com", cluster: true},
	}
}
