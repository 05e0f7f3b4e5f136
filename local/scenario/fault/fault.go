// Package fault lists the faults that can be set in the embedded cloud until they are
// healed: parts that fail, too many clients, and actions of people that an alert
// reports.
package fault

import (
	"slices"

	"github.com/coditect-ai/license-platform/local/scenario/load"
)

// The names of all faults.
const (
	Redis    = "redis"
	Postgres = "postgres"
	KMS      = "kms"
	API      = "api"
	Identity = "identity"
	Operator = "operator"
	Cluster  = "cluster"
	Agents   = "agents"
	Grants   = "grants"
	Metrics  = "metrics"

	SlowKMS      = "slow-kms"
	DatabaseLock = "database-lock"
	RedisMemory  = "redis-memory"
	Certificate  = "certificate"

	KeyVersion = "key-version"
	SecretRead = "secret-read"

	SignIns = "sign-ins"
	Scanner = "scanner"
	Flood   = "flood"
	Seats   = "seats"
)

// Fault is one of them.
type Fault struct {
	Name string
	// Effect says what happens, in one line.
	Effect string
	// Callers are the clients that call meanwhile; none when empty. Without requests no
	// alert would notice the fault.
	Callers load.Kind
	// Pods says that the API's pods may not be ready because of it.
	Pods bool
}

// All lists the faults: failing parts, degraded parts, actions of a person, and load
// by clients.
func All() []Fault {
	return []Fault{
		{Redis, "the Redis server is stopped and kept down; its data is saved", load.Customers, true},
		{Postgres, "the PostgreSQL server is stopped and kept down; its data is saved", load.Customers, true},
		{KMS, "the key management service answers UNAVAILABLE", load.Customers, true},
		{API, "the API's processes are killed whenever they start: a crash loop", load.Customers, true},
		{Identity, "requests for the public keys of the token issuer get 503; the API still has the keys that it has fetched", "", false},
		{Operator, "the webhook of managed Prometheus has no pods, as on a new cluster: no PodMonitoring can be created or changed", "", false},
		{Cluster, "the cluster is deleted without Pulumi, and its load balancer remains; heal creates another cluster, without the stack's objects", "", true},
		{Agents, "Google's service agents are still being created, as in a new project: they cannot get grants", "", false},
		{Grants, "the grants on keys are not effective everywhere yet, as in the minutes after they are created: nothing can be encrypted with a key", "", false},
		{Metrics, "Cloud Monitoring does not know the metrics yet, as minutes after the first sample: no alert or objective over them can be created", "", false},

		{SlowKMS, "the key management service takes a second and a half for each signature", load.Customers, true},
		{DatabaseLock, "an open transaction holds a lock on every table: statements wait, and keep their connections", load.Readers, true},
		{RedisMemory, "the Redis server gets little memory, and nine tenths of it are used", "", true},
		{Certificate, "the load balancer serves a certificate that ends in five days for the host that is checked from outside", "", false},

		{KeyVersion, "a person schedules the destruction of the signing key's versions", load.Customers, true},
		{SecretRead, "a person reads the platform's secrets", "", false},

		{SignIns, "clients call with forged tokens, twenty times a second", load.Forgers, false},
		{Scanner, "scanners try SQL injections, up to eighty times a second", load.Scanners, false},
		{Flood, "many clients call at once, far more often than usual", load.Crowd, false},
		{Seats, "more devices want a seat than a licence has, and try again and again", load.Devices, false},
	}
}

// Names are those of all faults, in their order.
func Names() (names []string) {
	for _, f := range All() {
		names = append(names, f.Name)
	}
	return names
}

// Find returns the fault of this name.
func Find(name string) (Fault, bool) {
	i := slices.IndexFunc(All(), func(f Fault) bool { return f.Name == name })
	if i < 0 {
		return Fault{}, false
	}
	return All()[i], true
}
