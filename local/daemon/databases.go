package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"sync"

	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/local/google/cloudsql"
	"github.com/coditect-ai/license-platform/local/google/monitoring"
	"github.com/coditect-ai/license-platform/local/google/postgres"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// databases runs Cloud SQL instances as PostgreSQL servers.
type databases struct {
	dir, logs  string
	supervisor *process.Supervisor
	log        *slog.Logger

	// mayLogIn asks IAM whether a member may log in to an instance.
	mayLogIn func(project, instance, member string) bool

	mu      sync.Mutex
	running map[string]*postgres.Server
	proxies map[string]*cloudsql.Proxy
	down    bool // made to fail
}

var _ gcp.Databases = (*databases)(nil)

// authorityDir holds the authority of one instance: each has its own, as on Cloud SQL
// (https://cloud.google.com/sql/docs/postgres/authorize-ssl#certificate-authority-ca-hierarchies).
func (d *databases) authorityDir(instance string) string {
	return filepath.Join(d.dir, instance+".authority")
}

func (d *databases) authority(instance string) (*certificate.Authority, error) {
	return certificate.LoadOrCreateNamed(d.authorityDir(instance), "Google Cloud SQL Server CA")
}

// clients signs the certificates of the clients of the instance's proxy.
func (d *databases) clients(instance string) (*certificate.Authority, error) {
	return certificate.LoadOrCreateNamed(d.clientsDir(instance), "Google Cloud SQL Client CA")
}

func (d *databases) clientsDir(instance string) string {
	return filepath.Join(d.dir, instance+".clients")
}

// ServerCA is what clients of the instance have to trust, as PEM.
func (d *databases) ServerCA(instance string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	authority, err := d.authority(instance)
	if err != nil {
		return "", err
	}
	return authority.PEM(), nil
}

// EnsureInstance starts the instance with its proxy, or gives a running one its flags.
// PostgreSQL's certificate names the address, too, which that of Cloud SQL does not.
func (d *databases) EnsureInstance(ctx context.Context, project, instance string, at netip.AddrPort, flags map[string]string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return fmt.Errorf("the Cloud SQL instance %s does not run: %w", instance, errDown)
	}
	if server, exists := d.running[instance]; exists {
		select {
		case <-server.Done():
		default:
			return server.SetFlags(ctx, flags)
		}
	}
	authority, err := d.authority(instance)
	if err != nil {
		return err
	}
	pair, err := authority.IssueNamed(project+":"+instance, at.Addr())
	if err != nil {
		return err
	}
	server, err := postgres.Start(ctx, postgres.Config{
		Name: "postgres-" + instance, Dir: filepath.Join(d.dir, instance), LogPath: d.logPath(instance),
		Address: at, Certificate: pair, Flags: flags, Supervisor: d.supervisor, Log: d.log,
	})
	if err != nil {
		return fmt.Errorf("start the database %s: %w", instance, err)
	}
	if err := d.openProxy(project, instance, server); err != nil {
		return errors.Join(fmt.Errorf("start the database %s: %w", instance, err), server.Stop(context.WithoutCancel(ctx)))
	}
	d.running[instance] = server
	return nil
}

// openProxy puts a proxy before a server that has just started. Its certificate has no
// name but the subject's, project:instance, as that of Cloud SQL. It is called with the
// lock held.
func (d *databases) openProxy(project, instance string, server *postgres.Server) error {
	d.closeProxy(instance) // of a server that has ended
	authority, err := d.authority(instance)
	if err != nil {
		return err
	}
	pair, err := authority.IssueNamed(project + ":" + instance)
	if err != nil {
		return err
	}
	clients, err := d.clients(instance)
	if err != nil {
		return err
	}
	proxy, err := cloudsql.StartProxy(cloudsql.ProxyConfig{
		Address: netip.AddrPortFrom(server.Address().Addr(), cloudsql.Port), Certificate: pair, Clients: clients.Pool(), Dial: server.Dial, Log: d.log,
		MayLogIn: func(member string) bool { return d.mayLogIn(project, instance, member) },
	})
	if err != nil {
		return err
	}
	if d.proxies == nil {
		d.proxies = map[string]*cloudsql.Proxy{}
	}
	d.proxies[instance] = proxy
	return nil
}

// ended names an instance that has ended by itself; empty when all run.
func (d *databases) ended() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, server := range d.running {
		if !d.down && hasEnded(server.Done()) {
			return name
		}
	}
	return ""
}

func (d *databases) closeProxy(instance string) {
	if proxy, open := d.proxies[instance]; open {
		proxy.Close()
		delete(d.proxies, instance)
	}
}

// RemoveInstance stops the instance; its data is gone with it.
func (d *databases) RemoveInstance(ctx context.Context, instance string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closeProxy(instance)
	if server, exists := d.running[instance]; exists {
		if err := server.Stop(ctx); err != nil {
			return fmt.Errorf("stop the database %s: %w", instance, err)
		}
		delete(d.running, instance)
	}
	return errors.Join(removeData(d.authorityDir(instance)), removeData(d.clientsDir(instance)), removeData(filepath.Join(d.dir, instance)))
}

func (d *databases) server(instance string) (*postgres.Server, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	server, exists := d.running[instance]
	if d.down {
		return nil, fmt.Errorf("the Cloud SQL instance %s does not run: %w", instance, errDown)
	}
	if !exists {
		return nil, fmt.Errorf("the Cloud SQL instance %s does not run", instance)
	}
	return server, nil
}

// EnsureDatabase makes a database unless it exists.
func (d *databases) EnsureDatabase(ctx context.Context, instance, name, charset, collation string) error {
	server, err := d.server(instance)
	if err != nil {
		return err
	}
	if err := server.CreateDatabase(ctx, name, charset, collation); err != nil && !errors.Is(err, postgres.ErrExists) {
		return err
	}
	return nil
}

// RemoveDatabase drops a database.
func (d *databases) RemoveDatabase(ctx context.Context, instance, name string) error {
	server, err := d.server(instance)
	if err != nil {
		return err
	}
	return server.DropDatabase(ctx, name)
}

// EnsureUser makes a login, or gives an existing one its password.
func (d *databases) EnsureUser(ctx context.Context, instance, name, password, kind string) error {
	server, err := d.server(instance)
	if err != nil {
		return err
	}
	err = server.CreateUser(ctx, name, password, postgres.Kind(kind))
	if errors.Is(err, postgres.ErrExists) {
		err = nil
		if postgres.Kind(kind) == postgres.BuiltIn {
			err = server.SetPassword(ctx, name, password)
		}
	}
	return err
}

// RemoveUser drops a login.
func (d *databases) RemoveUser(ctx context.Context, instance, name string) error {
	server, err := d.server(instance)
	if err != nil {
		return err
	}
	return server.DropUser(ctx, name)
}

// stop ends every instance and keeps its data.
func (d *databases) stop(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var failed []error
	for name, server := range d.running {
		d.closeProxy(name)
		if err := server.Stop(ctx); err != nil {
			failed = append(failed, fmt.Errorf("stop the database %s: %w", name, err))
		}
	}
	d.running = map[string]*postgres.Server{}
	return errors.Join(failed...)
}

// logPaths are the instances by the files that their servers log to.
func (d *databases) logPaths() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string]string{}
	for name := range d.running {
		all[d.logPath(name)] = name
	}
	return all
}

func (d *databases) logPath(instance string) string {
	return filepath.Join(d.logs, "postgres-"+instance+".log")
}

// activity tells what the instances do; one that does not answer is not up.
func (d *databases) activity(ctx context.Context) (all []monitoring.Database) {
	d.mu.Lock()
	running := maps.Clone(d.running)
	d.mu.Unlock()
	for name, server := range running {
		told := monitoring.Database{Instance: cloudide.Project + ":" + name, Region: cloudide.Region, Activity: map[string]monitoring.Activity{}}
		found, err := server.Activity(ctx)
		told.Up = err == nil
		for _, a := range found {
			told.Activity[a.Database] = monitoring.Activity{Backends: a.Backends, Commits: a.Commits, Rollbacks: a.Rollbacks, Deadlocks: a.Deadlocks, Bytes: a.Bytes}
		}
		all = append(all, told)
	}
	return all
}
