// Package redis makes a Memorystore instance real on this machine: one
// redis-server with TLS only, AUTH and the declared settings.
package redis

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
	// Name names the process; unique among running instances.
	Name string
	// Dir holds the snapshot (RDB); it is made on the first start.
	Dir string
	// LogPath is the server's log file.
	LogPath string
	// Address is the private address, for example 127.77.16.4:6378.
	Address netip.AddrPort
	// Certificate is what the server presents (certificate.Authority.Issue).
	Certificate tls.Certificate
	// Password is the AUTH string; empty turns AUTH off.
	Password string
	// Configs are Memorystore's redisConfigs, for example maxmemory-policy.
	Configs map[string]string
	// MemoryMiB bounds the data, in MiB; 0 means no bound.
	MemoryMiB int
	// Supervisor runs the server.
	Supervisor *process.Supervisor
	// Log receives what happens to the server; never the password.
	Log *slog.Logger
}

// Server is a running instance.
type Server struct{}

var errNotBuilt = errors.New("not built yet")

// Installed returns nil when redis-server with TLS is on this machine, else one
// sentence that says which package brings it.
func Installed() error { return errNotBuilt }

// CheckConfigs returns an error that names the first setting that Memorystore
// does not take, and what it takes.
func CheckConfigs(configs map[string]string) error { return errNotBuilt }

// Start starts the instance and returns when it answers.
func Start(ctx context.Context, config Config) (*Server, error) { return nil, errNotBuilt }

// Stop saves the data and ends the server.
func (s *Server) Stop(ctx context.Context) error { return errNotBuilt }

// Done is closed when the server's process has ended, whoever ended it.
func (s *Server) Done() <-chan struct{} { return nil }

// Version is the server's version number, for example "7.0.15".
func (s *Server) Version() string { return "" }

// SetConfigs replaces the declared redisConfigs on the running server; one that
// is no longer declared returns to its default.
func (s *Server) SetConfigs(ctx context.Context, configs map[string]string) error { return errNotBuilt }
