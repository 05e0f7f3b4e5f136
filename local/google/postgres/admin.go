package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// administrator is the superuser that only the embedded cloud uses, as on
	// Cloud SQL.
	administrator = "cloudsqladmin"
	// superuser is the role that Cloud SQL gives to built-in users: it may create roles
	// and databases, but it is not a superuser and does not bypass row security
	// (https://cloud.google.com/sql/docs/postgres/users).
	superuser = "cloudsqlsuperuser"
	// defaultCollation is Cloud SQL's; it is not on every machine.
	defaultCollation = "en_US.UTF8"
)

// PostgreSQL's error codes that are told apart
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	duplicateDatabase = "42P04"
	duplicateObject   = "42710"
	wrongObjectType   = "42809"
)

// asAdministrator runs the work in a session of the superuser by the Unix
// socket. Its statements are never logged: they hold passwords.
func (s *Server) asAdministrator(ctx context.Context, work func(*pgx.Conn) error) error {
	conn, err := s.session(ctx, "postgres")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(conn)
}

// session opens a session of the superuser in a database.
func (s *Server) session(ctx context.Context, database string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("sslmode=disable connect_timeout=5")
	if err != nil {
		return nil, fmt.Errorf("configure the administrator's session: %w", err)
	}
	config.Host, config.Port = s.host(), s.config.Address.Port()
	config.User, config.Database, config.Password = administrator, database, s.password
	config.Fallbacks = nil
	config.RuntimeParams = map[string]string{
		"application_name": "cloudsqladmin", "log_statement": "none", "log_min_duration_statement": "-1",
		"log_min_error_statement": "panic", "client_min_messages": "error",
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the administrator's session: %w", err)
	}
	return conn, nil
}

// execute runs statements in which %I and %L are replaced by the arguments, in order,
// quoted by PostgreSQL itself as an identifier or a literal.
func execute(ctx context.Context, conn *pgx.Conn, statement string, arguments ...string) error {
	var quoted string
	if err := conn.QueryRow(ctx, "SELECT format($1::text, VARIADIC $2::text[])", statement, arguments).Scan(&quoted); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, quoted, pgx.QueryExecModeSimpleProtocol)
	return err
}

func (s *Server) administrate(ctx context.Context, statement string, arguments ...string) error {
	return s.asAdministrator(ctx, func(conn *pgx.Conn) error { return execute(ctx, conn, statement, arguments...) })
}

func (s *Server) askVersion(ctx context.Context) (version string, err error) {
	err = s.asAdministrator(ctx, func(conn *pgx.Conn) error {
		version = conn.PgConn().ParameterStatus("server_version")
		return conn.Ping(ctx)
	})
	return version, err
}

func (s *Server) reload(ctx context.Context) error {
	if err := s.administrate(ctx, "SELECT pg_reload_conf()"); err != nil {
		return fmt.Errorf("let the instance %s read its flags: %w", s.config.Name, err)
	}
	return nil
}

// CreateDatabase makes a database owned by cloudsqlsuperuser; charset and
// collation may be empty (UTF8, en_US.UTF8). An existing name is an error that
// wraps ErrExists. Where the machine lacks the collation en_US.UTF8, C.UTF-8
// takes its place; any other unknown one is an error.
func (s *Server) CreateDatabase(ctx context.Context, name, charset, collation string) error {
	if charset == "" {
		charset = "UTF8"
	}
	if collation == "" {
		collation = defaultCollation
	}
	const statement = "CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L"
	err := s.administrate(ctx, statement, name, superuser, charset, collation, collation)
	if hasCode(err, wrongObjectType) && collation == defaultCollation {
		s.config.Log.Info("this machine lacks Cloud SQL's default collation; C.UTF-8 replaces it", "database", name)
		err = s.administrate(ctx, statement, name, superuser, charset, "C.UTF-8", "C.UTF-8")
	}
	if hasCode(err, duplicateDatabase) {
		return fmt.Errorf("create the database %q: it %w", name, ErrExists)
	}
	return describeFailure(err, "create the database %q", name)
}

// DropDatabase removes a database and ends its sessions; a database that does not exist
// is not an error.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	err := s.administrate(ctx, "DROP DATABASE IF EXISTS %I WITH (FORCE)", name)
	return describeFailure(err, "drop the database %q", name)
}

// Databases lists the databases a user sees, without templates, by name.
func (s *Server) Databases(ctx context.Context) (names []string, err error) {
	err = s.asAdministrator(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, "SELECT datname FROM pg_database WHERE NOT datistemplate")
		if err != nil {
			return err
		}
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	slices.Sort(names)
	return names, describeFailure(err, "list the databases")
}

func hasCode(err error, code string) bool {
	failure := (*pgconn.PgError)(nil)
	return errors.As(err, &failure) && failure.Code == code
}

// describeFailure wraps err with the failed operation; nil stays nil.
func describeFailure(err error, format string, arguments ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, arguments...), err)
}
