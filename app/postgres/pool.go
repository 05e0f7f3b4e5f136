// Package postgres is the ledger: tenants, licences, leases and the audit trail in
// PostgreSQL. Tenants are kept apart by the database itself: row-level security is
// forced on every table, and each transaction names its tenant first.
package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options say how to reach the database.
type Options struct {
	// Address is host:port, or empty when Dial connects by itself.
	Address string
	// CA is the PEM bundle that signs the server's certificate, which is for the host of
	// Address. Empty means that Dial secures the connection.
	CA string
	// Dial opens connections in place of TCP to Address: the Cloud SQL connector.
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Database string
	User     string
	// Password is empty with IAM login, where Dial provides one.
	Password string
	// MaxConnections bounds the pool; 0 means 8.
	MaxConnections int32
}

// Open returns a pool. It does not connect yet, so that the service starts even
// while the database is away.
func Open(ctx context.Context, o Options) (*pgxpool.Pool, error) {
	config, err := poolConfig(o)
	if err != nil {
		return nil, err
	}
	config.AfterConnect = refusePowerfulRole
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database pool: %w", err)
	}
	return pool, nil
}

func poolConfig(o Options) (*pgxpool.Config, error) {
	// ParseConfig supplies the defaults; no value passes through connection text.
	config, err := pgxpool.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, fmt.Errorf("default database configuration: %w", err)
	}
	connection := config.ConnConfig
	connection.Database, connection.User, connection.Password = o.Database, o.User, o.Password
	connection.ConnectTimeout = 3 * time.Second
	connection.Fallbacks = nil
	connection.RuntimeParams = map[string]string{
		"application_name": "license-api", "statement_timeout": "5000",
		"lock_timeout": "4000", "idle_in_transaction_session_timeout": "10000",
	}
	config.MaxConns, config.MinConns = 8, 0
	if o.MaxConnections > 0 {
		config.MaxConns = o.MaxConnections
	}
	config.MaxConnLifetime, config.MaxConnIdleTime = 30*time.Minute, 5*time.Minute
	config.HealthCheckPeriod = 30 * time.Second
	if o.Dial != nil {
		connection.Host, connection.Port = "cloudsql", 5432
		connection.DialFunc = o.Dial
		connection.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
		return config, nil
	}
	host, port, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, fmt.Errorf("the database address %q is not host:port: %w", o.Address, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("the database port %q is not a number: %w", port, err)
	}
	connection.Host, connection.Port = host, uint16(number)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(o.CA)) {
		return nil, errors.New("the CA for the database holds no PEM certificate")
	}
	connection.TLSConfig = &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}
	return config, nil
}

// refusePowerfulRole closes a connection whose role could see other tenants' rows.
func refusePowerfulRole(ctx context.Context, conn *pgx.Conn) error {
	var powerful bool
	const query = `SELECT rolsuper OR rolbypassrls OR EXISTS (
		SELECT FROM pg_tables WHERE schemaname = 'licensing' AND pg_has_role(current_user, tableowner, 'member'))
		FROM pg_roles WHERE rolname = current_user`
	if err := conn.QueryRow(ctx, query).Scan(&powerful); err != nil {
		return fmt.Errorf("look up the database role's rights: %w", err)
	}
	if powerful {
		return errors.New("the database role owns the schema, is a superuser or may bypass row-level security; the service refuses to work with it")
	}
	return nil
}
