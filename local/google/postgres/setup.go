package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
)

// environment is all that PostgreSQL's programs need of one.
var environment = [...]string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC"}

// access lets the administrator in by the Unix socket, whose folder is private,
// and everyone else by TLS (sslMode ENCRYPTED_ONLY): who logs in by IAM with the
// certificate that the instance's proxy has for that user, all others with a password.
const access = `local   all ` + administrator + ` scram-sha-256
local   all all reject
hostssl all ` + administrator + ` all reject
hostssl all +` + iamServiceAccounts + ` all cert
hostssl all +` + iamUsers + ` all cert
hostssl all all all scram-sha-256
`

func (s *Server) dataDir() string { return filepath.Join(s.config.Dir, "data") }

func (s *Server) socketDir() string { return filepath.Join(s.config.Dir, "socket") }

// initialise makes the data directory unless there is one. It is created next to its
// final place and then moved, so that an interrupted start leaves nothing half done.
func (s *Server) initialise(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.dataDir(), "PG_VERSION")); err == nil {
		return s.readPassword()
	}
	if err := s.createPassword(); err != nil {
		return err
	}
	fresh, told := s.dataDir()+".new", filepath.Join(s.config.Dir, "initdb.password")
	if err := os.WriteFile(told, []byte(s.password), 0o600); err != nil {
		return fmt.Errorf("tell initdb the administrator's password: %w", err)
	}
	defer func() { _ = os.Remove(told) }()
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(s.dataDir())); err != nil {
		return fmt.Errorf("create the folder for PostgreSQL's data: %w", err)
	}
	err := s.config.Supervisor.Run(ctx, process.Command{
		Name: s.config.Name + "-initdb", Path: filepath.Join(s.bin, "initdb"), Dir: s.config.Dir, Env: environment[:], Unprivileged: true,
		Args: []string{"--pgdata", fresh, "--username", administrator, "--auth", "scram-sha-256", "--pwfile", told, "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"},
	})
	if err != nil {
		return fmt.Errorf("make PostgreSQL's data directory: %w", err)
	}
	if err := os.Rename(fresh, s.dataDir()); err != nil {
		return fmt.Errorf("put PostgreSQL's data directory in place: %w", err)
	}
	return nil
}

// PasswordFile is the file in an instance's folder that lets PostgreSQL's own
// programs log in as the administrator, in libpq's format (PGPASSFILE). It is for
// the daemon's user only.
const PasswordFile = "administrator.pgpass"

// inAnyDatabase begins the only line of that file: any host, port and database.
const inAnyDatabase = "*:*:*:" + administrator + ":"

func (s *Server) createPassword() error {
	s.password = rand.Text()
	err := os.MkdirAll(s.config.Dir, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(s.config.Dir, PasswordFile), []byte(inAnyDatabase+s.password+"\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep the password of PostgreSQL's administrator: %w", err)
	}
	return nil
}

func (s *Server) readPassword() error {
	line, err := os.ReadFile(filepath.Join(s.config.Dir, PasswordFile))
	if err != nil {
		return fmt.Errorf("read the password of PostgreSQL's administrator, without which this data cannot be used; 'make down' removes the data: %w", err)
	}
	s.password = strings.TrimSpace(strings.TrimPrefix(string(line), inAnyDatabase))
	return nil
}

// configure writes every file that the server reads at its start.
func (s *Server) configure(flags []Flag) error {
	chain, key, err := certificate.Encode(s.config.Certificate)
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"server.crt":      string(chain),
		"server.key":      string(key),
		"clients.crt":     s.proxy.PEM(),
		"pg_hba.conf":     access,
		"postgresql.conf": s.settings(flags),
	} {
		if err := os.WriteFile(filepath.Join(s.dataDir(), name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("configure PostgreSQL: %w", err)
		}
	}
	return nil
}

// settings renders postgresql.conf. The declared flags come last: the last
// value of a parameter counts.
func (s *Server) settings(flags []Flag) string {
	var text strings.Builder
	line := func(name, value string) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.NewReplacer(`\`, `\\`, "'", "''", "\n", `\n`).Replace(value))
	}
	line("listen_addresses", s.config.Address.Addr().String())
	line("port", strconv.Itoa(int(s.config.Address.Port())))
	line("unix_socket_directories", "../socket") // seen from the data, where the server is
	line("unix_socket_permissions", "0700")
	line("ssl", "on")
	line("ssl_cert_file", "server.crt")
	line("ssl_key_file", "server.key")
	line("ssl_ca_file", "clients.crt")
	line("ssl_min_protocol_version", "TLSv1.2")
	line("password_encryption", "scram-sha-256")
	line("max_connections", "100")
	line("shared_buffers", "32MB")
	// In files of the data: not every machine has /dev/shm, and a killed server leaves there what it had.
	line("dynamic_shared_memory_type", "mmap")
	line("TimeZone", "UTC")
	line("log_timezone", "UTC")
	line("log_line_prefix", "%m [%p] %q%u@%d ")
	for _, flag := range flags {
		switch {
		case flag.Applied && flag.Name == "cloudsql.enable_pgaudit":
			line("shared_preload_libraries", "pgaudit")
		case flag.Applied:
			line(flag.Name, flag.Value)
		}
	}
	return text.String()
}

// verify lets the server program read its configuration, which refuses a value
// that is out of range.
func (s *Server) verify(ctx context.Context) error {
	return s.config.Supervisor.Run(ctx, process.Command{
		Name: s.config.Name + "-check", Path: filepath.Join(s.bin, "postgres"), Args: []string{"-D", s.dataDir(), "-C", "port"},
		Env: environment[:], Unprivileged: true,
	})
}

// makeSocketDir makes a private folder for the Unix socket, and keeps it open: neither side
// names its whole path, which may be longer than a socket's may be (unix(7): 108 bytes).
func (s *Server) makeSocketDir() error {
	// A killed server leaves a lock beside its socket, and whether the process that
	// it names is a server cannot be told from its id.
	dir := s.socketDir()
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove PostgreSQL's stale socket: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a folder for PostgreSQL's socket: %w", err)
	}
	open, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the folder of PostgreSQL's socket: %w", err)
	}
	s.openSocketDir = open
	return nil
}

func (s *Server) removeSocketDir() {
	_ = errors.Join(s.openSocketDir.Close(), os.RemoveAll(s.socketDir()))
}

// host is the socket's folder as this process connects to it.
func (s *Server) host() string { return fmt.Sprintf("/proc/self/fd/%d", s.openSocketDir.Fd()) }
