package postgres_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/local/google/postgres"
	"github.com/coditect-ai/license-platform/local/host/certificate"
	"github.com/coditect-ai/license-platform/local/host/process"
)

const (
	owner = "license-migrate"
	// certified is the name in the server's certificate, as in Cloud SQL's.
	certified = "project:sql"
	password  = `it's a "secret" \ %L`
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture has everything that an instance needs.
type fixture struct {
	authority *certificate.Authority
	config    postgres.Config
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	require.NoError(t, postgres.Installed())
	log := slog.New(slog.DiscardHandler)
	authority, err := certificate.LoadOrCreate(filepath.Join(t.TempDir(), "ca"))
	require.NoError(t, err)
	supervisor, err := process.NewSupervisor(filepath.Join(t.TempDir(), "pids"), log)
	require.NoError(t, err)
	t.Cleanup(supervisor.Close)
	address := port.Address(t)
	leaf, err := authority.IssueNamed(certified, address.Addr())
	require.NoError(t, err)
	dir := t.TempDir()
	return fixture{authority, postgres.Config{
		Name: "sql", Dir: filepath.Join(dir, "instance"), LogPath: filepath.Join(dir, "sql.log"), Address: address, Certificate: leaf,
		Supervisor: supervisor, Log: log,
		Flags: map[string]string{
			"log_connections": "on", "log_statement": "ddl", "max_connections": "40",
			"cloudsql.iam_authentication": "on", "cloudsql.enable_pgaudit": "on", "pgaudit.log": "ddl,role",
		},
	}}
}

func (w fixture) start(t *testing.T) *postgres.Server {
	t.Helper()
	s, err := postgres.Start(t.Context(), w.config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop(context.Background())) })
	return s
}

// connect logs in as a client does: by TLS, verified, with a password.
func (w fixture) connect(t *testing.T, user, password, database string) (*pgx.Conn, error) {
	t.Helper()
	config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d sslmode=disable", w.config.Address.Addr(), w.config.Address.Port()))
	require.NoError(t, err)
	config.TLSConfig, config.Fallbacks = &tls.Config{RootCAs: w.authority.Pool(), ServerName: w.config.Address.Addr().String(), MinVersion: tls.VersionTLS12}, nil
	config.User, config.Password, config.Database = user, password, database
	config.RuntimeParams = nil // without PGOPTIONS of the developer's shell
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

func ask[T any](t *testing.T, conn *pgx.Conn, query string) T {
	t.Helper()
	var value T
	require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&value))
	return value
}

func TestAnInstanceServesItsUsersOverTLSAndKeepsTheirDataThroughARestart(t *testing.T) {
	w := newFixture(t)
	began := time.Now()
	s := w.start(t)
	t.Logf("first start, with initdb: %s", time.Since(began))
	ctx := t.Context()
	require.NoError(t, s.CreateDatabase(ctx, "license", "", ""))
	require.NoError(t, s.CreateUser(ctx, owner, password, postgres.BuiltIn))
	conn, err := w.connect(t, owner, password, "license")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "CREATE TABLE seats (n int); INSERT INTO seats VALUES (5)")
	require.NoError(t, err, "a built-in user may use the public schema")
	assert.True(t, ask[bool](t, conn, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))

	require.NoError(t, s.Stop(ctx))
	began = time.Now()
	s = w.start(t)
	t.Logf("second start: %s, PostgreSQL %s", time.Since(began), s.Version())

	conn, err = w.connect(t, owner, password, "license")
	require.NoError(t, err)
	assert.Equal(t, 5, ask[int](t, conn, "SELECT n FROM seats"))
	log, err := os.ReadFile(w.config.LogPath)
	require.NoError(t, err)
	assert.Contains(t, string(log), "CREATE TABLE seats", "log_statement=ddl is applied")
	assert.NotContains(t, string(log), "secret", "no password is ever logged")
}

func TestWhoHasNoPasswordOrNoTLSIsRefused(t *testing.T) {
	w := newFixture(t)
	s := w.start(t)
	ctx := t.Context()
	require.NoError(t, s.CreateUser(ctx, owner, password, postgres.BuiltIn))
	require.NoError(t, s.CreateUser(ctx, "api@project.iam", "", postgres.IAMServiceAccount))

	_, err := w.connect(t, owner, "wrong", "postgres")
	assert.ErrorContains(t, err, "password authentication failed")
	_, err = w.connect(t, "api@project.iam", "", "postgres")
	assert.ErrorContains(t, err, "connection requires a valid client certificate")
	_, err = w.connect(t, "cloudsqladmin", "", "postgres")
	assert.ErrorContains(t, err, "pg_hba.conf rejects")

	plain, err := pgx.ParseConfig("sslmode=disable")
	require.NoError(t, err)
	plain.Host, plain.Port = w.config.Address.Addr().String(), w.config.Address.Port()
	plain.User, plain.Password, plain.Database = owner, password, "postgres"
	_, err = pgx.ConnectConfig(ctx, plain)
	assert.ErrorContains(t, err, "no encryption")

	require.NoError(t, s.SetPassword(ctx, owner, "another"))
	_, err = w.connect(t, owner, password, "postgres")
	assert.ErrorContains(t, err, "password authentication failed", "the old password is void")
	_, err = w.connect(t, owner, "another", "postgres")
	assert.NoError(t, err)
}

// Whoever reaches the socket, a process of the same user for example, is nobody
// without the password, which the daemon alone has.
func TestNobodyIsTrustedAtTheSocket(t *testing.T) {
	w := newFixture(t)
	w.config.Dir = filepath.Join("/tmp", filepath.Base(t.TempDir())+rand.Text()[:8]) // short enough for a socket in it
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(w.config.Dir)) })
	s := w.start(t)
	require.NoError(t, s.CreateUser(t.Context(), owner, password, postgres.BuiltIn))
	for user, refused := range map[string]string{"cloudsqladmin": "28P01", "postgres": "28000", owner: "28000"} {
		config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d sslmode=disable", filepath.Join(w.config.Dir, "socket"), w.config.Address.Port()))
		require.NoError(t, err)
		config.User, config.Password, config.Database = user, "guessed", "postgres"
		_, err = pgx.ConnectConfig(t.Context(), config)
		failure := (*pgconn.PgError)(nil)
		require.ErrorAs(t, err, &failure, user)
		assert.Equal(t, refused, failure.Code, user)
	}
	info, err := os.Stat(filepath.Join(w.config.Dir, postgres.PasswordFile))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// A folder's path may be longer than that of a socket, and have what PostgreSQL and its
// clients take for something else.
func TestAnInstanceLivesInAFolderOfAnyName(t *testing.T) {
	w := newFixture(t)
	t.Setenv("TMPDIR", "/nowhere")
	parent := w.config.Dir
	for _, name := range []string{"a, b, @c", "wölk 云", `it's "quoted"`, "100 %s", `back\slash`, strings.Repeat("long/", 60)} {
		w.config.Dir = filepath.Join(parent, name)
		s := w.start(t)
		require.NoError(t, s.CreateUser(t.Context(), owner, password, postgres.BuiltIn), name)
		require.NoError(t, s.Stop(t.Context()), name)
		assert.NoDirExists(t, filepath.Join(w.config.Dir, "socket"), name)
	}
}

func TestUsersHaveCloudSQLsRightsAndNoMore(t *testing.T) {
	w := newFixture(t)
	s := w.start(t)
	ctx := t.Context()
	require.NoError(t, s.CreateDatabase(ctx, "license", "UTF8", "en_US.UTF8"))
	require.NoError(t, s.CreateUser(ctx, owner, password, ""))
	require.NoError(t, s.CreateUser(ctx, "somebody@example.com", "", postgres.IAMUser))
	conn, err := w.connect(t, owner, password, "license")
	require.NoError(t, err)

	assert.Equal(t, "cloudsqlsuperuser", ask[string](t, conn, "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'license'"))
	assert.True(t, ask[bool](t, conn, "SELECT rolcreatedb AND rolcreaterole AND NOT rolsuper AND NOT rolbypassrls AND NOT rolreplication FROM pg_roles WHERE rolname = current_user"))
	assert.False(t, ask[bool](t, conn, "SELECT has_schema_privilege('somebody@example.com', 'public', 'CREATE')"))
	_, err = conn.Exec(ctx, "COPY (SELECT 1) TO PROGRAM 'true'")
	assert.ErrorContains(t, err, "pg_execute_server_program", "the machine is out of reach")

	users, err := s.Users(ctx)
	require.NoError(t, err)
	assert.Equal(t, []postgres.User{{owner, postgres.BuiltIn}, {"postgres", postgres.BuiltIn}, {"somebody@example.com", postgres.IAMUser}}, users)
	assert.ErrorIs(t, s.CreateUser(ctx, owner, password, postgres.BuiltIn), postgres.ErrExists)
	assert.ErrorIs(t, s.CreateDatabase(ctx, "license", "", ""), postgres.ErrExists)
	assert.ErrorContains(t, s.CreateDatabase(ctx, "other", "UTF8", "xx_XX.UTF8"), "xx_XX.UTF8")

	_, err = conn.Exec(ctx, "CREATE TABLE kept (n int)")
	require.NoError(t, err)
	assert.ErrorContains(t, s.DropUser(ctx, owner), "depend on it", "an owner cannot be dropped")
	require.NoError(t, s.DropDatabase(ctx, "license"), "sessions do not hold a database")
	require.NoError(t, s.DropUser(ctx, owner))
	require.NoError(t, s.DropUser(ctx, owner), "twice is no error")
	databases, err := s.Databases(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"postgres"}, databases)
}

func TestNamesThatCloudSQLRefusesAreRefused(t *testing.T) {
	w := newFixture(t)
	s := w.start(t)
	for name, c := range map[string]struct {
		user, password string
		kind           postgres.Kind
		says           string
	}{
		"a service account's full name": {"api@p.iam.gserviceaccount.com", "", postgres.IAMServiceAccount, "without .gserviceaccount.com"},
		"an IAM user with a password":   {"api@p.iam", "x", postgres.IAMServiceAccount, "has no password"},
		"a built-in user without one":   {"u", "", postgres.BuiltIn, "needs a password"},
		"a reserved name":               {"cloudsqlroot", "x", postgres.BuiltIn, "reserved"},
		"a name PostgreSQL would cut":   {strings.Repeat("a", 64), "x", postgres.BuiltIn, "63 bytes"},
		"an unknown kind":               {"u", "x", "LDAP", "allowed: BUILT_IN"},
	} {
		assert.ErrorContains(t, s.CreateUser(t.Context(), c.user, c.password, c.kind), c.says, name)
	}
}

func TestFlagsAreAppliedRecordedOrRefused(t *testing.T) {
	w := newFixture(t)
	s := w.start(t)
	ctx := t.Context()
	require.NoError(t, s.CreateUser(ctx, owner, password, postgres.BuiltIn))
	show := func(name string) string {
		conn, err := w.connect(t, owner, password, "postgres")
		require.NoError(t, err)
		return ask[string](t, conn, "SHOW "+name)
	}
	assert.Equal(t, "40", show("max_connections"))
	applied := map[string]bool{}
	for _, flag := range s.Flags() {
		applied[flag.Name] = flag.Applied
		assert.Equal(t, flag.Applied, flag.Why == "", "%s: what is not applied says why", flag.Name)
	}
	assert.True(t, applied["log_connections"])
	assert.False(t, applied["cloudsql.iam_authentication"])

	require.NoError(t, s.SetFlags(ctx, map[string]string{"log_statement": "none", "max_connections": "50"}), "with a restart")
	assert.Equal(t, "50", show("max_connections"))
	require.NoError(t, s.SetFlags(ctx, map[string]string{"log_statement": "mod", "max_connections": "50"}), "without")
	assert.Equal(t, "mod", show("log_statement"))
	select {
	case <-s.Done():
		assert.Fail(t, "a restart is not an end")
	default:
	}

	assert.ErrorContains(t, s.SetFlags(ctx, map[string]string{"max_connections": "lots"}), "max_connections")
	assert.ErrorContains(t, s.SetFlags(ctx, map[string]string{"ssl": "off"}), "keeps to itself")
	assert.ErrorContains(t, s.SetFlags(ctx, map[string]string{"log_statment": "ddl"}), "allowed: log_statement?")
	require.NoError(t, s.SetFlags(ctx, map[string]string{"max_connections": "51"}))
	assert.Equal(t, "51", show("max_connections"), "a refused set leaves the instance in order")
}

func TestAnInstanceThatWasKilledWhileBusyComesBackWithItsData(t *testing.T) {
	w := newFixture(t)
	w.config.Dir = filepath.Join(w.config.Dir, strings.Repeat("deep", 30))
	s := w.start(t)
	require.NoError(t, s.CreateDatabase(t.Context(), "license", "", ""))
	require.NoError(t, s.CreateUser(t.Context(), owner, password, postgres.BuiltIn))
	busy, err := w.connect(t, owner, password, "license")
	require.NoError(t, err)
	go func() { _, _ = busy.Exec(context.Background(), "DO 'BEGIN LOOP END LOOP; END'") }()
	admin, err := w.connect(t, owner, password, "license")
	require.NoError(t, err)
	await.True(t, func() bool {
		return ask[int](t, admin, "SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'") == 1
	})
	lock := filepath.Join(w.config.Dir, "data", "postmaster.pid")
	content, err := os.ReadFile(lock)
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	await.Receive(t, s.Done())
	require.FileExists(t, lock, "it had no time to tidy up")
	require.NoError(t, os.WriteFile(lock, []byte("1\n"), 0o600), "its process id is another program's now")

	began := time.Now()
	s = w.start(t)
	t.Logf("start after a crash: %s", time.Since(began))

	databases, err := s.Databases(t.Context())
	require.NoError(t, err)
	assert.Contains(t, databases, "license")
}

func TestALockKeepsStatementsWaitingUntilItIsReleased(t *testing.T) {
	w := newFixture(t)
	s := w.start(t)
	ctx := t.Context()
	require.NoError(t, s.CreateDatabase(ctx, "license", "", ""))
	require.NoError(t, s.CreateUser(ctx, owner, password, postgres.BuiltIn))
	conn, err := w.connect(t, owner, password, "license")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "CREATE SCHEMA seats; CREATE TABLE seats.taken (n int); CREATE TABLE \"Odd name\" (n int)")
	require.NoError(t, err)

	release, err := s.LockTables(ctx)
	require.NoError(t, err)
	for _, table := range []string{"seats.taken", `"Odd name"`} {
		_, err = conn.Exec(ctx, "SET lock_timeout = 50; SELECT n FROM "+table)
		assert.ErrorContains(t, err, "lock timeout", table)
	}
	release(ctx)
	assert.Equal(t, 0, ask[int](t, conn, "SELECT count(*) FROM seats.taken"))
	release(ctx) // twice does no harm
}

func TestWhatTheDatabasesDoIsTold(t *testing.T) {
	w := newFixture(t)
	s := w.start(t)
	ctx := t.Context()
	require.NoError(t, s.CreateDatabase(ctx, "license", "", ""))
	require.NoError(t, s.CreateUser(ctx, owner, password, postgres.BuiltIn))
	conn, err := w.connect(t, owner, password, "license")
	require.NoError(t, err)
	require.NoError(t, conn.Ping(ctx))
	all, err := s.Activity(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"license", "postgres"}, []string{all[0].Database, all[1].Database})
	assert.InDelta(t, 1, all[0].Backends, 0)
	assert.Greater(t, all[0].Bytes, 1e6)
}

func TestTheStatementsThatPgauditLogsAreReadFromTheServersLog(t *testing.T) {
	w := newFixture(t)
	s := w.start(t)
	if !slices.ContainsFunc(s.Flags(), func(f postgres.Flag) bool { return f.Name == "cloudsql.enable_pgaudit" && f.Applied }) {
		t.Skip("pgaudit is not installed on this machine: apt-get install postgresql-NN-pgaudit")
	}
	ctx := t.Context()
	require.NoError(t, s.CreateDatabase(ctx, "license", "", ""))
	require.NoError(t, s.CreateUser(ctx, owner, password, postgres.BuiltIn))
	conn, err := w.connect(t, owner, password, "license")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "CREATE TABLE \"odd, name\" (\n  n int\n)")
	require.NoError(t, err)

	var found []postgres.Statement
	await.True(t, func() bool {
		log, err := os.ReadFile(w.config.LogPath)
		require.NoError(t, err)
		found = nil
		message := ""
		for line := range strings.Lines(string(log) + "\n") {
			line = strings.TrimSuffix(line, "\n")
			if postgres.Continues([]byte(line)) {
				message += "\n" + line
				continue
			}
			if read, ok := postgres.ParseLog(message); ok && read.User == owner {
				if statement, ok := read.Audited(); ok {
					found = append(found, statement)
				}
			}
			message = line
		}
		return len(found) > 0
	})
	assert.Equal(t, "DDL", found[0].Class)
	assert.Equal(t, "CREATE TABLE", found[0].Command)
	assert.Equal(t, "CREATE TABLE \"odd, name\" (\n  n int\n)", found[0].Text)
}
