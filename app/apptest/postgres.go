package apptest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/port"
)

// Roles of the test database, named as on Google Cloud, where names need quotes.
const (
	MigrationRole = "license-migrate"
	APIRole       = "license-api@coditect-cloud-infra.iam"
	Password      = "correct horse battery staple"
	// Database is the first one of a server.
	Database = "licensing"
)

// access says who logs in how. The local socket is in a folder of the test's own: over
// it the stand-in for Cloud SQL's proxy brings a role that has logged in by IAM.
const access = `local all "` + APIRole + `" trust
local all all scram-sha-256
hostssl all all 127.0.0.1/32 scram-sha-256
`

// Postgres is a database of a real server, whose certificate is for its address.
type Postgres struct {
	Address  string
	CA       string
	Database string

	port string
	dir  string
	bin  string
	// shared says that other tests have databases of the same server.
	shared bool
	child
}

// StartPostgres starts an empty server with the database and both roles, and stops
// it at the test's end.
func StartPostgres(tb testing.TB) *Postgres {
	tb.Helper()
	p := newPostgres(tb)
	tb.Cleanup(func() {
		p.stop(tb, syscall.SIGINT)
		_ = os.RemoveAll(p.dir)
	})
	return p
}

func newPostgres(tb testing.TB) *Postgres {
	tb.Helper()
	// The path of the socket's folder must be short, so it is not tb.TempDir.
	dir, err := os.MkdirTemp("", "pg")
	require.NoError(tb, err)
	initdb := find(tb, "postgresql", "initdb", "/usr/lib/postgresql/*/bin/initdb")
	tls := newAuthority(tb, dir)
	p := &Postgres{CA: tls.CA, Database: Database, dir: dir, bin: filepath.Dir(initdb), port: strconv.Itoa(port.Free(tb))}
	p.Address = "127.0.0.1:" + p.port
	options := initdbOptions
	config := "listen_addresses='127.0.0.1'\nport=" + p.port + "\nunix_socket_directories='" + dir + "'\nssl=on\nssl_cert_file='" +
		tls.certFile + "'\nssl_key_file='" + tls.keyFile + "'\nmax_connections=500\n"
	if _, measured := tb.(*testing.B); !measured {
		// Only a crash of the whole machine loses what the system has not written to disk yet;
		// and every file is copied, most of which is one large segment by default.
		config += "fsync=off\n"
		options += " --wal-segsize=1"
	}
	p.initialize(tb, initdb, options, config)
	p.Start(tb)
	return p
}

// initialize makes the files of a server with the database and both roles. They are the
// same each time and take seconds, so they are kept in the user's cache and copied.
func (p *Postgres) initialize(tb testing.TB, initdb, options, config string) {
	tb.Helper()
	version, err := exec.Command(initdb, "--version").Output()
	require.NoError(tb, err)
	made := ""
	if cache, err := os.UserCacheDir(); err == nil {
		kind := sha256.Sum256([]byte(strings.Join(append(contents(), options, string(version)), "\n")))
		made = filepath.Join(cache, "license-platform", fmt.Sprintf("postgres-for-tests-%x", kind[:8]))
	}
	if _, err := os.Stat(made); err == nil {
		require.NoError(tb, os.CopyFS(p.data(), os.DirFS(made)))
		require.NoError(tb, os.Chmod(p.data(), 0o700))
		p.configure(tb, config)
		return
	}
	runInitdb(tb, initdb, options, p.data())
	p.configure(tb, config)
	p.Start(tb)
	p.run(tb, "postgres", contents()...)
	p.Stop(tb)
	if made != "" {
		keep(tb, p.data(), made)
	}
}

// keep copies a folder so that it is whole as soon as it has its name.
func keep(tb testing.TB, folder, name string) {
	tb.Helper()
	require.NoError(tb, os.MkdirAll(filepath.Dir(name), 0o700))
	part, err := os.MkdirTemp(filepath.Dir(name), "part")
	require.NoError(tb, err)
	defer os.RemoveAll(part)
	require.NoError(tb, os.CopyFS(filepath.Join(part, "data"), os.DirFS(folder)))
	// Another process may have been first.
	if err := os.Rename(filepath.Join(part, "data"), name); err != nil {
		require.DirExists(tb, name)
	}
}

// contents are the statements that make the database and its roles.
func contents() []string {
	return []string{
		`CREATE ROLE "` + MigrationRole + `" LOGIN CREATEROLE PASSWORD '` + Password + `'`,
		`CREATE ROLE "` + APIRole + `" LOGIN PASSWORD '` + Password + `'`,
		`CREATE ROLE cloudsqlsuperuser`,
		`GRANT cloudsqlsuperuser TO "` + APIRole + `"`,
		`CREATE DATABASE ` + Database + ` OWNER "` + MigrationRole + `"`,
	}
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

// configure writes the settings of this server.
func (p *Postgres) configure(tb testing.TB, config string) {
	tb.Helper()
	require.NoError(tb, os.WriteFile(filepath.Join(p.data(), "postgresql.auto.conf"), []byte(config), 0o600))
	require.NoError(tb, os.WriteFile(filepath.Join(p.data(), "pg_hba.conf"), []byte(access), 0o600))
}

// initdbOptions are those that are the same for every server.
const initdbOptions = "-U postgres -A scram-sha-256 -N -E UTF8 --no-locale"

func runInitdb(tb testing.TB, initdb, options, data string) {
	tb.Helper()
	password := filepath.Join(tb.TempDir(), "password")
	require.NoError(tb, os.WriteFile(password, []byte(Password), 0o600))
	command := exec.Command(initdb, append(strings.Fields(options), "-D", data, "--pwfile", password)...)
	command.SysProcAttr = unprivileged()
	said, err := command.CombinedOutput()
	require.NoError(tb, err, string(said))
}

// Start starts the server again after Stop or Kill.
func (p *Postgres) Start(tb testing.TB) {
	tb.Helper()
	p.requireOwn(tb)
	p.child = *start(tb, filepath.Join(p.bin, "postgres"), "-D", p.data())
	p.await(tb, "PostgreSQL", func() error {
		conn, err := p.connect("postgres")
		if err == nil {
			err = conn.Close(context.Background())
		}
		return err
	})
}

// Preload makes the server load an extension's library, and says whether that is
// installed on this machine.
func (p *Postgres) Preload(tb testing.TB, library string) bool {
	tb.Helper()
	if _, err := os.Stat(filepath.Join(filepath.Dir(p.bin), "lib", library+".so")); err != nil {
		return false
	}
	p.run(tb, "postgres", `ALTER SYSTEM SET shared_preload_libraries = '`+library+`'`)
	p.Stop(tb)
	p.Start(tb)
	return true
}

// Stop ends the server and breaks every connection.
func (p *Postgres) Stop(tb testing.TB) {
	tb.Helper()
	p.requireOwn(tb)
	p.stop(tb, syscall.SIGINT)
}

// Kill ends the server without a chance to tidy up.
func (p *Postgres) Kill(tb testing.TB) {
	tb.Helper()
	p.requireOwn(tb)
	p.stop(tb, syscall.SIGQUIT)
}

// requireOwn fails a test that would start or end a server of other tests, too.
func (p *Postgres) requireOwn(tb testing.TB) {
	tb.Helper()
	require.False(tb, p.shared, "other tests use this server, too: start one with StartPostgres")
}

func (p *Postgres) connect(database string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	config, err := pgx.ParseConfig("host=" + p.dir + " port=" + p.port + " user=postgres sslmode=disable")
	if err != nil {
		return nil, err
	}
	config.Password, config.Database = Password, database
	return pgx.ConnectConfig(ctx, config)
}

// Admin runs statements as the superuser.
func (p *Postgres) Admin(tb testing.TB, statements ...string) {
	tb.Helper()
	p.run(tb, p.Database, statements...)
}

func (p *Postgres) run(tb testing.TB, database string, statements ...string) {
	tb.Helper()
	require.NoError(tb, p.try(database, statements...))
}

func (p *Postgres) try(database string, statements ...string) error {
	conn, err := p.connect(database)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	for _, statement := range statements {
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// Count returns the one number that a query, run as the superuser, selects.
func (p *Postgres) Count(tb testing.TB, query string, arguments ...any) (n int) {
	tb.Helper()
	p.selectInto(tb, &n, query, arguments...)
	return n
}

// Text returns the one text that a query, run as the superuser, selects.
func (p *Postgres) Text(tb testing.TB, query string, arguments ...any) (text string) {
	tb.Helper()
	p.selectInto(tb, &text, query, arguments...)
	return text
}

func (p *Postgres) selectInto(tb testing.TB, into any, query string, arguments ...any) {
	tb.Helper()
	conn, err := p.connect(p.Database)
	require.NoError(tb, err)
	defer conn.Close(context.Background())
	require.NoError(tb, conn.QueryRow(context.Background(), query, arguments...).Scan(into), query)
}

// PID is the server's first process.
func (p *Postgres) PID() int { return p.command.Process.Pid }
