// Package postgres makes a Cloud SQL instance real on this machine: one
// PostgreSQL server with TLS, Cloud SQL's flags and its kinds of users.
package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/netip"

	"github.com/coditect-ai/license-platform/local/process"
)

// Config says where an instance lives and how it is set up.
type Config struct {
	// Name names the process and the log; unique among running instances.
	Name string
	// Dir holds the data; it is made on the first start and survives restarts.
	Dir string
	// LogPath is the server's log file.
	LogPath string
	// Address is the private address, for example 127.77.16.3:5432.
	Address netip.AddrPort
	// Certificate is what the server presents (certificate.Authority.Issue).
	Certificate tls.Certificate
	// Flags are Cloud SQL's database flags, for example log_connections → on.
	// What a stock PostgreSQL cannot apply is recorded, see Server.Flags.
	Flags map[string]string
	// Supervisor runs the server.
	Supervisor *process.Supervisor
	// Log receives what happens to the server; never a password.
	Log *slog.Logger
}

// Kind is the kind of a database user, as Cloud SQL calls it.
type Kind string

// The kinds of users. An empty kind means BuiltIn.
const (
	// BuiltIn logs in with a password and is a member of cloudsqlsuperuser.
	BuiltIn Kind = "BUILT_IN"
	// IAMUser and IAMServiceAccount have no privileges and no password.
	IAMUser           Kind = "CLOUD_IAM_USER"
	IAMServiceAccount Kind = "CLOUD_IAM_SERVICE_ACCOUNT"
)

// User is a login of the instance.
type User struct {
	Name string
	Kind Kind
}

// Flag is one declared database flag and what became of it.
type Flag struct {
	Name, Value string
	// Applied is false for a flag that this PostgreSQL does not have; Why then
	// says why.
	Applied bool
	Why     string
}

// Server is a running instance.
type Server struct{}

var errNotBuilt = errors.New("not built yet")

// Installed returns nil when PostgreSQL's server programs are on this machine,
// else one sentence that says which package brings them.
func Installed() error { return errNotBuilt }

// Start starts the instance, making its data directory when there is none, and
// returns when it answers.
func Start(ctx context.Context, config Config) (*Server, error) { return nil, errNotBuilt }

// Stop ends the server and keeps its data.
func (s *Server) Stop(ctx context.Context) error { return errNotBuilt }

// Done is closed when the server's process has ended, whoever ended it.
func (s *Server) Done() <-chan struct{} { return nil }

// Version is the server's version number, for example "15.14".
func (s *Server) Version() string { return "" }

// Flags lists the declared flags in the order of their names.
func (s *Server) Flags() []Flag { return nil }

// SetFlags replaces the declared flags and restarts the server when one of them
// needs it, as Cloud SQL does. An invalid value is an error and changes nothing.
func (s *Server) SetFlags(ctx context.Context, flags map[string]string) error { return errNotBuilt }

// CreateDatabase makes a database owned by cloudsqlsuperuser; charset and
// collation may be empty (UTF8, en_US.UTF8). An existing name is an error that
// wraps ErrExists.
func (s *Server) CreateDatabase(ctx context.Context, name, charset, collation string) error {
	return errNotBuilt
}

// DropDatabase removes a database and ends its sessions; what does not exist is
// no error.
func (s *Server) DropDatabase(ctx context.Context, name string) error { return errNotBuilt }

// Databases lists the databases a user sees, without templates.
func (s *Server) Databases(ctx context.Context) ([]string, error) { return nil, errNotBuilt }

// CreateUser makes a login. Only a BuiltIn user has a password, and needs one.
// An existing name is an error that wraps ErrExists.
func (s *Server) CreateUser(ctx context.Context, name, password string, kind Kind) error {
	return errNotBuilt
}

// SetPassword changes a BuiltIn user's password.
func (s *Server) SetPassword(ctx context.Context, name, password string) error { return errNotBuilt }

// DropUser removes a login. As on Cloud SQL it fails while the user owns
// objects; what does not exist is no error.
func (s *Server) DropUser(ctx context.Context, name string) error { return errNotBuilt }

// Users lists the logins, without the administrator's own.
func (s *Server) Users(ctx context.Context) ([]User, error) { return nil, errNotBuilt }

// ErrExists is wrapped by errors about a name that is taken.
var ErrExists = errors.New("already exists")
