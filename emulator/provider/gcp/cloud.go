// Package gcp describes the kinds of Google Cloud resources that the embedded
// cloud knows: what each API requires, refuses and computes, and what stands for
// it on this machine. There is one file per kind, named after it.
package gcp

import (
	"context"
	"net/netip"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// ProjectNumber is the number of the embedded cloud's only project.
const ProjectNumber = "834900000001"

// Cloud is what the kinds look at, and the services that make them real.
type Cloud struct {
	Store *store.Store
	// Addresses are what resources are given.
	Addresses Addresses
	// CA is the certificate authority of everything with TLS, as PEM.
	CA string
	// NewPassword makes the password of a Memorystore instance; nil: a random one.
	NewPassword func() string
	// TenantID is the id of an Identity Platform tenant with this display name.
	TenantID func(project, displayName string) string

	// UsedBy is the path of what uses the resource of this type and name in the load
	// balancer, such as a backend service, and empty when nothing does; nil: nothing.
	UsedBy func(typ, name string) string

	// AgentsExist tells whether Google has made its service agents by now; nil: always.
	AgentsExist func() bool
	// SSD is the project's quota of SSD in a region, in GB; 0 means the quota of a new
	// project.
	SSD float64
	// GrantsKnown tells whether the grants on keys count everywhere by now, which takes up to
	// seven minutes (https://cloud.google.com/iam/docs/access-change-propagation); nil: always.
	GrantsKnown func() bool
	// MetricsKnown tells whether Cloud Monitoring knows the platform's metrics by now, which
	// takes it up to ten minutes after the first sample; nil: always.
	MetricsKnown func() bool

	Databases Databases
	Caches    Caches
	Keys      Keys
	Secrets   Secrets
	Images    Images
	Tenants   Tenants
}

// Databases makes Cloud SQL instances real. Every Ensure may be called for what
// exists already.
type Databases interface {
	// EnsureInstance starts the instance with the proxy before it, whose certificate is
	// for project:instance.
	EnsureInstance(ctx context.Context, project, instance string, at netip.AddrPort, flags map[string]string) error
	// ServerCA is the PEM of the authority that signs this instance's certificate, and
	// no other's.
	ServerCA(instance string) (string, error)
	RemoveInstance(ctx context.Context, instance string) error
	EnsureDatabase(ctx context.Context, instance, name, charset, collation string) error
	RemoveDatabase(ctx context.Context, instance, name string) error
	// EnsureUser makes a login; kind is BUILT_IN, CLOUD_IAM_USER or CLOUD_IAM_SERVICE_ACCOUNT.
	EnsureUser(ctx context.Context, instance, name, password, kind string) error
	RemoveUser(ctx context.Context, instance, name string) error
}

// Caches makes Memorystore instances real.
type Caches interface {
	EnsureCache(ctx context.Context, instance string, at netip.AddrPort, password string, configs map[string]string, memoryMiB int) error
	RemoveCache(ctx context.Context, instance string) error
}

// Keys makes Cloud KMS real.
type Keys interface {
	EnsureRing(name string) error
	EnsureKey(ctx context.Context, key Key) error
	// EnsureVersion makes versions of a key up to this number.
	EnsureVersion(ctx context.Context, key string, number int) error
	// LastVersion is the highest number a version of the key ever had.
	LastVersion(key string) int
	SetVersionState(ctx context.Context, version, state string) error
	PublicKey(ctx context.Context, version string) (string, error)
}

// Key is a key of Cloud KMS with the properties of its resource.
type Key struct {
	Name, Purpose, Algorithm, ProtectionLevel, DestroyScheduledDuration string
	SkipInitialVersion                                                  bool
}

// Secrets makes Secret Manager real.
type Secrets interface {
	EnsureSecret(name string) error
	RemoveSecret(name string) error
	// EnsureVersion makes the version with this number, unless it exists.
	EnsureVersion(secret string, number int, payload []byte) error
	// LastVersion is the highest number a version of the secret ever had.
	LastVersion(secret string) int
	// SetVersionState takes ENABLED, DISABLED or DESTROYED.
	SetVersionState(version, state string) error
}

// Images makes Artifact Registry real; a repository is PROJECT/REPOSITORY.
type Images interface {
	CreateRepository(name string) error
	DeleteRepository(name string) error
}

// Tenants makes Identity Platform tenants real.
type Tenants interface {
	PutTenant(project, id, displayName string, suspended bool) error
	DeleteTenant(project, id string) error
}

// Kinds lists everything the embedded Google Cloud knows.
func (w *Cloud) Kinds() []provider.Kind {
	kinds := []provider.Kind{
		w.network(), w.subnetwork(), w.globalAddress(), w.firewall(), w.router(), w.routerNAT(), w.sslPolicy(),
		w.securityPolicy(), w.securityPolicyRule(),
		w.connection(), w.managedZone(), w.recordSet(),
		w.cluster(), w.nodePool(), w.admissionPolicy(),
		w.service(), w.serviceIdentity(), w.projectMember(), w.auditConfig(), w.customRole(),
		w.serviceAccount(), w.serviceAccountMember(),
		w.keyRing(), w.cryptoKey(), w.cryptoKeyVersion(), w.cryptoKeyMember(),
		w.databaseInstance(), w.database(), w.databaseUser(),
		w.redisInstance(),
		w.secret(), w.secretVersion(), w.secretMember(),
		w.repository(), w.repositoryMember(),
		w.identityConfig(), w.tenant(),
		w.logBucket(), w.logSink(), w.logExclusion(), w.logMetric(),
		w.alertPolicy(), w.notificationChannel(), w.uptimeCheck(), w.monitoredService(), w.objective(), w.dashboard(),
	}
	for i := range kinds {
		kinds[i].Compute = finish(kinds[i])
		if kinds[i].MatchesImportID == nil {
			kinds[i].MatchesImportID = matchesImportID
		}
		kinds[i].Fields = fields(kinds[i].Type)
	}
	return kinds
}

// finish adds to a kind's computed outputs what every Google resource has: its
// project, and its labels with the provider's default ones.
func finish(kind provider.Kind) func(context.Context, *provider.Draft) error {
	compute := kind.Compute
	return func(ctx context.Context, d *provider.Draft) error {
		d.Outputs["project"] = d.Project()
		if labels, own := effectiveLabels(d); len(labels) > 0 && (own || labelled(kind)) {
			d.Outputs["pulumiLabels"], d.Outputs["effectiveLabels"] = labels, labels
		}
		if compute == nil {
			return nil
		}
		return compute(ctx, d)
	}
}
