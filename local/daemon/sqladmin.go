package daemon

import (
	"crypto"
	"crypto/x509/pkix"
	"net/netip"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/cluster/metadata"
	"github.com/coditect-ai/license-platform/local/google/cloudsql"
	"github.com/coditect-ai/license-platform/local/google/iam"
)

// sqlAdmin is what the Cloud SQL Admin API asks the daemon.
type sqlAdmin struct {
	store     *store.Store
	metadata  *metadata.Server
	databases *databases
}

var _ cloudsql.Cloud = sqlAdmin{}

func (d *Daemon) sqlAdmin() sqlAdmin { return sqlAdmin{d.store, d.metadata, d.databases} }

// Caller is whom the metadata server gave the token to.
func (a sqlAdmin) Caller(token string) (cloudsql.Caller, bool) {
	access, known := a.metadata.Access(token)
	return cloudsql.Caller{Member: access.Member, Scopes: access.Scopes, Expires: access.Expires}, known
}

// Instance is a declared instance.
func (a sqlAdmin) Instance(project, name string) (cloudsql.Instance, bool) {
	r, exists := a.store.Get(gcp.TypeDatabaseInstance, name)
	outputs := provider.Properties(r.Outputs)
	at, err := netip.ParseAddr(outputs.Text("privateIpAddress"))
	return cloudsql.Instance{
		Project: project, Region: outputs.Text("region"), Name: name, Version: outputs.Text("databaseVersion"), Address: at,
		ServerCA: outputs.Text("serverCaCerts.0.cert"),
	}, exists && err == nil && outputs.Text("project") == project
}

// Allows asks the declared grants.
func (a sqlAdmin) Allows(member, permission, project, instance string) bool {
	return iam.Allows(grants(a.store), member, permission, iam.Resource{
		Type: "sqladmin.googleapis.com/Instance", Service: "sqladmin.googleapis.com", Name: "projects/" + project + "/instances/" + instance,
	})
}

// Certify signs a certificate for a client of the instance.
func (a sqlAdmin) Certify(instance string, key crypto.PublicKey, subject pkix.Name, until time.Time) (string, error) {
	a.databases.mu.Lock()
	defer a.databases.mu.Unlock()
	clients, err := a.databases.clients(instance)
	if err != nil {
		return "", err
	}
	return clients.Certify(key, subject, until)
}
