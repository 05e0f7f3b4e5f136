package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

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

// Roles that mark who logs in by IAM, as on Cloud SQL.
const (
	iamUsers           = "cloudsqliamuser"
	iamServiceAccounts = "cloudsqliamserviceaccount"
)

// maxName is the longest name that PostgreSQL keeps, in bytes; it would cut a
// longer one silently.
const maxName = 63

// group returns the role that marks the kind of a user, as on Cloud SQL.
func (k Kind) group() (string, error) {
	switch k {
	case BuiltIn, "":
		return superuser, nil
	case IAMUser:
		return iamUsers, nil
	case IAMServiceAccount:
		return iamServiceAccounts, nil
	default:
		return "", fmt.Errorf("a database user cannot be of type %q; allowed: %s, %s, %s", k, BuiltIn, IAMUser, IAMServiceAccount)
	}
}

// prepare makes Cloud SQL's own roles and its user "postgres" unless they are
// there.
func (s *Server) prepare(ctx context.Context) error {
	err := s.asAdministrator(ctx, func(conn *pgx.Conn) error {
		var prepared bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'postgres')").Scan(&prepared); err != nil || prepared {
			return err
		}
		for _, statement := range []string{
			"CREATE ROLE " + superuser + " NOLOGIN CREATEDB CREATEROLE",
			"CREATE ROLE " + iamUsers + " NOLOGIN",
			"CREATE ROLE " + iamServiceAccounts + " NOLOGIN",
			"ALTER DATABASE postgres OWNER TO " + superuser,
			"CREATE ROLE postgres LOGIN CREATEDB CREATEROLE IN ROLE " + superuser,
		} {
			if _, err := conn.Exec(ctx, statement); err != nil && !hasCode(err, duplicateObject) {
				return err
			}
		}
		return nil
	})
	return describeFailure(err, "make Cloud SQL's roles")
}

// CreateUser makes a login. Only a BuiltIn user has a password, and needs one.
// An existing name is an error that wraps ErrExists.
func (s *Server) CreateUser(ctx context.Context, name, password string, kind Kind) error {
	group, err := kind.group()
	if err != nil {
		return err
	}
	if err := checkUser(name, password, group == superuser); err != nil {
		return fmt.Errorf("create the database user %q: %w", name, err)
	}
	if group == superuser {
		err = s.administrate(ctx, "CREATE ROLE %I LOGIN CREATEDB CREATEROLE PASSWORD %L IN ROLE %I", name, password, group)
	} else {
		err = s.administrate(ctx, "CREATE ROLE %I LOGIN IN ROLE %I", name, group)
	}
	if hasCode(err, duplicateObject) {
		return fmt.Errorf("create the database user %q: it %w", name, ErrExists)
	}
	return describeFailure(err, "create the database user %q", name)
}

// checkUser refuses what Cloud SQL refuses
// (https://cloud.google.com/sql/docs/postgres/create-manage-iam-users).
func checkUser(name, password string, builtIn bool) error {
	switch {
	case name == "" || len(name) > maxName:
		return fmt.Errorf("a name has 1 to %d bytes", maxName)
	case strings.HasPrefix(name, "cloudsql") || strings.HasPrefix(name, "pg_"):
		return errors.New("names that begin with cloudsql or pg_ are reserved")
	case builtIn && password == "":
		return errors.New("a built-in user needs a password")
	case !builtIn && password != "":
		return errors.New("an IAM user has no password")
	case !builtIn && strings.HasSuffix(name, ".gserviceaccount.com"):
		return errors.New("a service account's database user is named without .gserviceaccount.com")
	default:
		return nil
	}
}

// SetPassword changes a BuiltIn user's password.
func (s *Server) SetPassword(ctx context.Context, name, password string) error {
	if err := checkUser(name, password, true); err != nil {
		return fmt.Errorf("change the password of the database user %q: %w", name, err)
	}
	err := s.administrate(ctx, "ALTER ROLE %I PASSWORD %L", name, password)
	return describeFailure(err, "change the password of the database user %q", name)
}

// DropUser removes a login and ends its sessions. As on Cloud SQL it fails while the user
// owns objects or holds grants; a user that does not exist is not an error.
func (s *Server) DropUser(ctx context.Context, name string) error {
	err := s.administrate(ctx, "DROP ROLE IF EXISTS %I", name)
	if err == nil {
		err = s.administrate(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %L", name)
	}
	return describeFailure(err, "drop the database user %q", name)
}

// Users lists the logins by name, without the administrator's own.
func (s *Server) Users(ctx context.Context) (users []User, err error) {
	err = s.asAdministrator(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT r.rolname AS name,
			  CASE WHEN pg_has_role(r.oid, 'cloudsqliamuser', 'MEMBER') THEN 'CLOUD_IAM_USER'
			       WHEN pg_has_role(r.oid, 'cloudsqliamserviceaccount', 'MEMBER') THEN 'CLOUD_IAM_SERVICE_ACCOUNT'
			       ELSE 'BUILT_IN' END AS kind
			FROM pg_roles r WHERE r.rolcanlogin AND r.rolname <> 'cloudsqladmin' ORDER BY r.rolname COLLATE "C"`)
		if err != nil {
			return err
		}
		users, err = pgx.CollectRows(rows, pgx.RowToStructByName[User])
		return err
	})
	return users, describeFailure(err, "list the database users")
}
