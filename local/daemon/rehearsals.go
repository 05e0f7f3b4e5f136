package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/grpc/codes"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/google/audit"
	"github.com/coditect-ai/license-platform/local/scenario/fault"
	"github.com/coditect-ai/license-platform/local/scenario/load"
)

const (
	// rehearsedTenant has a licence of the same name with few seats, for a product. The
	// demo tenant's are for people.
	rehearsedTenant, rehearsedProduct = "rival", "coditect-ide"
	// rehearsedLifetime is how long the certificate of a rehearsal is still valid.
	rehearsedLifetime = 5 * 24 * time.Hour
	// keysAPI and secretsAPI are the services whose calls are audited.
	keysAPI    = "cloudkms.googleapis.com"
	secretsAPI = "secretmanager.googleapis.com"
)

// call lets the clients of a fault call until it is healed, or until ctx, the
// daemon's life, ends.
func (d *Daemon) call(ctx context.Context, f fault.Fault) {
	host := d.checkedHost()
	if f.Callers == "" || host == "" {
		return // nobody checks the API from outside: it is not declared
	}
	calls, cancel := context.WithCancel(ctx)
	d.faults.mu.Lock()
	if d.faults.callers == nil {
		d.faults.callers = map[string]context.CancelFunc{}
	}
	d.faults.callers[f.Name] = cancel
	d.faults.mu.Unlock()
	target := load.Target{
		Edge: d.options.Plan.Edge(), Roots: d.authority.Pool(), Host: host, License: rehearsedTenant, Product: rehearsedProduct,
		Token: func(admin bool) (string, error) {
			wanted := TokenRequest{Tenant: rehearsedTenant, User: "rehearsal", TTL: time.Hour}
			if admin {
				wanted.Role = "admin"
			}
			return d.mint(wanted)
		},
	}
	d.faults.calling.Go(func() {
		defer cancel()
		if err := load.Run(calls, ctx, target, f.Callers); err != nil {
			d.log.Error("no clients call during a fault", "fault", f.Name, "error", err)
		}
	})
}

// stopCallers ends the calls of a fault's clients.
func (f *faults) stopCallers(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if cancel := f.callers[name]; cancel != nil {
		cancel()
		delete(f.callers, name)
	}
}

// checkedHost is the host of the uptime check: the license API's.
func (d *Daemon) checkedHost() string {
	for _, r := range d.store.List(gcp.TypeUptimeCheck) {
		return provider.Properties(r.Inputs).Text("monitoredResource.labels.host")
	}
	return ""
}

// issue makes a certificate of the load balancer's. That of the checked host ends soon
// while it is made to.
func (d *Daemon) issue(names []string, addresses []netip.Addr) (tls.Certificate, error) {
	if d.faults.has(fault.Certificate) && slices.Contains(names, d.checkedHost()) {
		return d.authority.IssueFor(rehearsedLifetime, names, addresses)
	}
	return d.authority.Issue(names, addresses)
}

// lockTables locks every table of the declared databases, or releases the locks.
func (d *Daemon) lockTables(ctx context.Context, active bool) error {
	d.unlockTables(ctx)
	if !active {
		return nil
	}
	for _, r := range d.declared(gcp.TypeDatabaseInstance) {
		server, err := d.databases.server(r.ID)
		if err == nil {
			var release func(context.Context)
			if release, err = server.LockTables(ctx); err == nil {
				d.faults.unlock = append(d.faults.unlock, release)
			}
		}
		if err != nil {
			d.unlockTables(ctx)
			return err
		}
	}
	if len(d.faults.unlock) == 0 {
		return errors.New("there is no database yet: 'make up' makes it")
	}
	return nil
}

func (d *Daemon) unlockTables(ctx context.Context) {
	for _, release := range d.faults.unlock {
		release(ctx)
	}
	d.faults.unlock = nil
}

// fillCaches leaves little memory free, or gives the instances theirs back.
func (d *Daemon) fillCaches(ctx context.Context, active bool) error {
	if active {
		return d.caches.fill(ctx)
	}
	return d.caches.empty(ctx)
}

// declared are the resources of a type that the program declared, without those that
// existed before.
func (d *Daemon) declared(typ string) []store.Resource {
	return slices.DeleteFunc(d.store.List(typ), func(r store.Resource) bool { return r.URN == "" })
}

// destroyKeyVersions schedules the destruction of the declared versions of keys, as
// a person does who may, or brings them back as the playbook says.
// https://cloud.google.com/kms/docs/audit-logging
func (d *Daemon) destroyKeyVersions(_ context.Context, active bool) error {
	if !active {
		return d.restoreKeyVersions()
	}
	done := 0
	for _, r := range d.declared(gcp.TypeCryptoKeyVersion) {
		if provider.Properties(r.Outputs).Text("state") != "ENABLED" {
			continue
		}
		if err := d.kms.SetVersionState(r.ID, kmspb.CryptoKeyVersion_DESTROY_SCHEDULED); err != nil {
			return fmt.Errorf("schedule the destruction of %s: %w", r.ID, err)
		}
		d.record(audit.Call{Log: audit.Activity, Service: keysAPI, Method: "DestroyCryptoKeyVersion", Resource: r.ID})
		done++
	}
	if done == 0 {
		return errors.New("there is no version of a signing key yet: 'make up' makes it")
	}
	return nil
}

// restoreKeyVersions restores and enables the declared versions that are scheduled
// for destruction. It is called at the start, too: a fault ends with its daemon.
func (d *Daemon) restoreKeyVersions() error {
	var failed []error
	for _, r := range d.declared(gcp.TypeCryptoKeyVersion) {
		if provider.Properties(r.Outputs).Text("state") != "ENABLED" || !d.kms.DestroyScheduled(r.ID) {
			continue
		}
		err := d.kms.SetVersionState(r.ID, kmspb.CryptoKeyVersion_DISABLED)
		if err == nil {
			d.record(audit.Call{Log: audit.Activity, Service: keysAPI, Method: "RestoreCryptoKeyVersion", Resource: r.ID})
			err = d.kms.SetVersionState(r.ID, kmspb.CryptoKeyVersion_ENABLED)
		}
		if err == nil {
			d.record(audit.Call{
				Log: audit.Activity, Service: keysAPI, Method: "UpdateCryptoKeyVersion", Resource: r.ID,
				Request: map[string]any{"cryptoKeyVersion": map[string]any{"name": r.ID, "state": "ENABLED"}},
			})
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// readSecrets reads the declared secrets as a person. The values are not kept. It cannot
// be undone. https://cloud.google.com/secret-manager/docs/audit-logging
func (d *Daemon) readSecrets(_ context.Context, active bool) error {
	if !active {
		return nil
	}
	versions := d.declared(gcp.TypeSecretVersion)
	if len(versions) == 0 {
		return errors.New("there is no secret yet: 'make up' makes them")
	}
	if !d.logsData(secretsAPI) {
		return fmt.Errorf("reads of secrets are not audited: the program declares no data access log of %s", secretsAPI)
	}
	for _, r := range versions {
		call := audit.Call{Log: audit.DataAccess, Service: secretsAPI, Method: loggedMethod(secretsAPI, secretmanagerpb.SecretManagerService_AccessSecretVersion_FullMethodName), Resource: r.ID}
		if _, err := d.secrets.Payload(r.ID); err != nil {
			call.Code = codes.FailedPrecondition
		}
		d.record(call)
	}
	return nil
}

// record writes what a person did into the audit trail.
func (d *Daemon) record(call audit.Call) {
	call.Principal = person
	if err := d.audit.Write(call); err != nil {
		d.log.Error("a call is missing in the audit trail", "method", call.Method, "error", err)
	}
}

// putBack ends the faults that would outlive the daemon.
func (d *Daemon) putBack(ctx context.Context) error {
	if d.store == nil || d.caches == nil || d.audit == nil {
		return nil // it was never open
	}
	d.unlockTables(ctx)
	var failed []error
	if d.faults.has(fault.RedisMemory) {
		failed = append(failed, d.caches.empty(ctx))
	}
	return errors.Join(append(failed, d.restoreKeyVersions())...)
}
