package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"

	"github.com/coditect-ai/license-platform/local/certificate"
	"github.com/coditect-ai/license-platform/local/postgres"
	"github.com/coditect-ai/license-platform/local/process"
	"github.com/coditect-ai/license-platform/local/provider/gcp"
)

// databases runs Cloud SQL instances as PostgreSQL servers.
type databases struct {
	dir, logs  string
	authority  *certificate.Authority
	supervisor *process.Supervisor
	log        *slog.Logger

	mu      sync.Mutex
	running map[string]*postgres.Server
	down    bool // made to fail
}

var _ gcp.Databases = (*databases)(nil)

// EnsureInstance starts the instance, or gives a running one its flags.
func (d *databases) EnsureInstance(ctx context.Context, instance string, at netip.AddrPort, flags map[string]string) error {
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
	pair, err := d.authority.Issue(nil, []netip.Addr{at.Addr()})
	if err != nil {
		return err
	}
	server, err := postgres.Start(ctx, postgres.Config{
		Name: "postgres-" + instance, Dir: filepath.Join(d.dir, instance), LogPath: filepath.Join(d.logs, "postgres-"+instance+".log"),
		Address: at, Certificate: pair, Flags: flags, Supervisor: d.supervisor, Log: d.log,
	})
	if err != nil {
		return fmt.Errorf("start the database %s: %w", instance, err)
	}
	d.running[instance] = server
	return nil
}

// RemoveInstance stops the instance; its data is gone with it.
func (d *databases) RemoveInstance(ctx context.Context, instance string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if server, exists := d.running[instance]; exists {
		if err := server.Stop(ctx); err != nil {
			return fmt.Errorf("stop the database %s: %w", instance, err)
		}
		delete(d.running, instance)
	}
	return removeData(filepath.Join(d.dir, instance))
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
		if err := server.Stop(ctx); err != nil {
			failed = append(failed, fmt.Errorf("stop the database %s: %w", name, err))
		}
	}
	d.running = map[string]*postgres.Server{}
	return errors.Join(failed...)
}
