// Package redis makes a Memorystore instance real on this machine: one
// redis-server with TLS only, AUTH and the declared settings.
package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/emulator/memorystore"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// startTimeout bounds how long a server has to load its snapshot and answer.
const startTimeout = time.Minute

// Config is the configuration of an instance.
type Config struct {
	// Name names the process; unique among running instances.
	Name string
	// Dir holds the snapshot (RDB); it is made on the first start.
	Dir string
	// LogPath is the server's log file.
	LogPath string
	// Address is the private address, for example 127.77.16.4:6378.
	Address netip.AddrPort
	// Certificate is what the server presents (certificate.Authority.Issue for
	// that address).
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

// Server is a running instance. It is safe for concurrent use.
type Server struct {
	config  Config
	process *process.Process
	version string

	mu      sync.Mutex
	configs map[string]string // as they were declared last
}

// Start starts the instance and returns when it answers. A setting that
// Memorystore does not take is an error.
func Start(ctx context.Context, config Config) (*Server, error) {
	if err := memorystore.CheckConfigs(config.Configs); err != nil {
		return nil, err
	}
	program, err := find()
	if err != nil {
		return nil, err
	}
	s := &Server{config: config, configs: config.Configs}
	if err := s.configure(); err != nil {
		return nil, err
	}
	s.process, err = config.Supervisor.Start(process.Command{
		Name: config.Name, Path: program, Args: []string{process.WorkingDir + "/redis.conf"}, Dir: config.Dir,
		Env: []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC"}, LogPath: config.LogPath, Grace: 20 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	if err := s.awaitAnswer(ctx); err != nil {
		s.process.Stop(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("start the Redis instance %s: %w", config.Name, err)
	}
	return s, nil
}

// awaitAnswer returns when the server has loaded its data and answers.
func (s *Server) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer within %s", startTimeout))
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- s.awaitReady(ctx) }()
	select {
	case err := <-answered:
		return err
	case <-s.process.Done():
		cancel()
		<-answered
		return fmt.Errorf("redis-server ended with code %d: %s", s.process.ExitCode(), s.process.Tail(10))
	}
}

// awaitReady waits until a TLS connection succeeds and the data is loaded. It dials
// without the client library, which waits a second after each refused connection.
func (s *Server) awaitReady(ctx context.Context) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	dialer := tls.Dialer{Config: s.clientTLS()}
	for {
		conn, err := dialer.DialContext(ctx, "tcp", s.config.Address.String())
		if err == nil {
			err = errors.Join(conn.Close(), s.ping(ctx))
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w (%w)", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// ping fails while the server still loads its snapshot.
func (s *Server) ping(ctx context.Context) error {
	client := s.client()
	defer client.Close()
	if err := client.Ping(ctx).Err(); err != nil {
		return err
	}
	info, err := client.Info(ctx, "server").Result()
	if found := regexp.MustCompile(`redis_version:(\S+)`).FindStringSubmatch(info); found != nil {
		s.version = found[1]
	}
	return err
}

// client connects as every client does: by TLS.
func (s *Server) client() *redis.Client {
	return redis.NewClient(s.options())
}

// Client connects as every client does, and waits no longer than a call's context;
// whoever calls it closes it.
func (s *Server) Client() *redis.Client {
	options := s.options()
	options.ContextTimeoutEnabled = true
	return redis.NewClient(options)
}

func (s *Server) options() *redis.Options {
	return &redis.Options{
		Addr: s.config.Address.String(), Password: s.config.Password, MaxRetries: -1, PoolSize: 1,
		DialTimeout: 2 * time.Second, DialerRetries: 1, DisableIdentity: true, TLSConfig: s.clientTLS(),
	}
}

// clientTLS trusts the authority at the end of the server's own chain.
func (s *Server) clientTLS() *tls.Config {
	roots := x509.NewCertPool()
	if chain := s.config.Certificate.Certificate; len(chain) > 0 {
		if authority, err := x509.ParseCertificate(chain[len(chain)-1]); err == nil {
			roots.AddCert(authority)
		}
	}
	return &tls.Config{RootCAs: roots, ServerName: s.config.Address.Addr().String(), MinVersion: tls.VersionTLS12}
}

// Stop saves the data and ends the server.
func (s *Server) Stop(ctx context.Context) error {
	s.process.Stop(ctx)
	return nil
}

// Done is closed when the server's process has ended, whoever ended it.
func (s *Server) Done() <-chan struct{} { return s.process.Done() }

// Version is the server's version number, for example "7.0.15".
func (s *Server) Version() string { return s.version }

// Address is where the server listens for TLS connections.
func (s *Server) Address() netip.AddrPort { return s.config.Address }

// SetConfigs replaces the declared redisConfigs on the running server; one that
// is no longer declared returns to its default.
func (s *Server) SetConfigs(ctx context.Context, configs map[string]string) error {
	if err := memorystore.CheckConfigs(configs); err != nil {
		return err
	}
	s.mu.Lock()
	s.configs = configs
	s.mu.Unlock()
	client := s.client()
	defer client.Close()
	all := memorystore.Effective(configs, s.config.MemoryMiB)
	var failures error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := client.ConfigSet(ctx, name, all[name]).Err(); err != nil {
			failures = errors.Join(failures, fmt.Errorf("set %s of the Redis instance %s: %w", name, s.config.Name, err))
		}
	}
	return failures
}
