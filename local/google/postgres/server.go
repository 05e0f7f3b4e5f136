// Package postgres makes a Cloud SQL instance real on this machine: one
// PostgreSQL server with TLS, Cloud SQL's flags and its kinds of users.
package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// startTimeout bounds how long a server has to answer, crash recovery included.
const startTimeout = 60 * time.Second

// ErrExists is wrapped by errors about a name that is taken.
var ErrExists = errors.New("already exists")

// Config is the configuration of an instance.
type Config struct {
	// Name names the process and the log; unique among running instances.
	Name string
	// Dir holds the data; it is made on the first start and survives restarts.
	Dir string
	// LogPath is the server's log file.
	LogPath string
	// Address is the private address, for example 127.77.16.3:5432.
	Address netip.AddrPort
	// Certificate is what the server presents: for its address, with the authority that
	// signed it (certificate.Authority.IssueNamed).
	Certificate tls.Certificate
	// Flags are Cloud SQL's database flags, for example log_connections → on.
	// What a stock PostgreSQL cannot apply is recorded, see Server.Flags.
	Flags map[string]string
	// Supervisor runs the server.
	Supervisor *process.Supervisor
	// Log receives what happens to the server; never a password.
	Log *slog.Logger
}

// Server is a running instance. It is safe for concurrent use.
type Server struct {
	config Config
	bin    string
	// openSocketDir is the folder of the Unix socket.
	openSocketDir *os.File
	password      string                 // the administrator's
	proxy         *certificate.Authority // signs for whom the proxy connects
	parameters    parameters
	version       string
	done          chan struct{}

	mu       sync.Mutex
	process  *process.Process
	declared map[string]string
	flags    []Flag
}

// Start starts the instance, making its data directory when there is none, and
// returns when it answers. A flag that Cloud SQL or PostgreSQL refuses is an
// error.
func Start(ctx context.Context, config Config) (*Server, error) {
	s := &Server{config: config, declared: maps.Clone(config.Flags), done: make(chan struct{})}
	bin, err := find(programs, majorOf(s.dataDir()))
	if err != nil {
		return nil, err
	}
	s.bin = bin
	if s.parameters, err = describe(ctx, bin); err != nil {
		return nil, err
	}
	if s.flags, err = s.parameters.applicable(config.Flags, auditable(bin)); err != nil {
		return nil, err
	}
	if err := s.makeSocketDir(); err != nil {
		return nil, err
	}
	if err := s.boot(ctx); err != nil {
		s.removeSocketDir()
		return nil, fmt.Errorf("start the database instance %s: %w", config.Name, err)
	}
	for _, flag := range s.flags {
		if !flag.Applied {
			config.Log.Info("a database flag is recorded but not applied", "instance", config.Name, "flag", flag.Name, "why", flag.Why)
		}
	}
	return s, nil
}

// boot brings the server up on its data.
func (s *Server) boot(ctx context.Context) error {
	if err := s.initialise(ctx); err != nil {
		return err
	}
	var err error
	if s.proxy, err = certificate.LoadOrCreateNamed(filepath.Join(s.config.Dir, "proxy"), "Cloud SQL proxy"); err != nil {
		return err
	}
	if err := s.configure(s.flags); err != nil {
		return err
	}
	if err := s.removeLeftovers(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.launch(ctx); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		s.process.Stop(context.WithoutCancel(ctx))
		return err
	}
	return nil
}

// launch starts the program and waits until it answers. It is called with the
// lock held.
func (s *Server) launch(ctx context.Context) error {
	p, err := s.config.Supervisor.Start(process.Command{
		Name: s.config.Name, Path: filepath.Join(s.bin, "postgres"), Args: []string{"-D", s.dataDir()}, Dir: s.dataDir(),
		Env: environment[:], LogPath: s.config.LogPath, Unprivileged: true,
		StopSignal: syscall.SIGINT, // "fast shutdown": sessions are ended, data is written
		Grace:      30 * time.Second,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.awaitAnswer(ctx, p); err != nil {
		p.Stop(context.WithoutCancel(ctx))
		return err
	}
	s.process = p
	go s.watch(p)
	return nil
}

func (s *Server) awaitAnswer(ctx context.Context, p *process.Process) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		version, err := s.askVersion(ctx)
		if err == nil {
			s.version = version
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("PostgreSQL ended with code %d: %s", p.ExitCode(), p.Tail(20))
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w (%w); its log: %s", context.Cause(ctx), err, p.Tail(20))
		case <-ticker.C:
		}
	}
}

// watch tells when the server is gone for good; a restart puts another process
// in its place.
func (s *Server) watch(p *process.Process) {
	<-p.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == p {
		close(s.done)
	}
}

// Stop ends the server and keeps its data.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	running := s.process
	s.mu.Unlock()
	if running != nil {
		running.Stop(ctx)
	}
	<-s.done
	s.removeSocketDir()
	return nil
}

// Done is closed when the server's process has ended, whoever ended it.
func (s *Server) Done() <-chan struct{} { return s.done }

// Version is the server's version number, for example "15.14".
func (s *Server) Version() string { return s.version }

// Address is where the server listens for TLS connections.
func (s *Server) Address() netip.AddrPort { return s.config.Address }

// Flags lists the declared flags in the order of their names.
func (s *Server) Flags() []Flag {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.flags)
}

// SetFlags replaces the declared flags and restarts the server when one of them
// needs it, as Cloud SQL does. An invalid value is an error and changes nothing.
func (s *Server) SetFlags(ctx context.Context, declared map[string]string) error {
	flags, err := s.parameters.applicable(declared, auditable(s.bin))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.configure(flags); err != nil {
		return err
	}
	if err := s.verify(ctx); err != nil {
		return errors.Join(fmt.Errorf("set the database flags of %s: %w", s.config.Name, err), s.configure(s.flags))
	}
	restart := s.parameters.needRestart(s.declared, declared)
	s.declared, s.flags = maps.Clone(declared), flags
	if !restart {
		return s.reload(ctx)
	}
	old := s.process
	s.process = nil
	old.Stop(ctx)
	if err := s.launch(ctx); err != nil {
		close(s.done)
		return fmt.Errorf("restart the database instance %s: %w", s.config.Name, err)
	}
	return nil
}
