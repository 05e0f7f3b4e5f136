package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ReadOnly runs the work with sessions of the superuser in a database, which are closed
// when it returns: at most two at a time, and they may only read.
func (s *Server) ReadOnly(ctx context.Context, database string, work func(*pgxpool.Pool) error) error {
	config, err := pgxpool.ParseConfig("sslmode=disable connect_timeout=2")
	if err != nil {
		return fmt.Errorf("configure a visit: %w", err)
	}
	c := config.ConnConfig
	c.Host, c.Port, c.User, c.Database, c.Password = s.host(), s.config.Address.Port(), administrator, database, s.password
	c.Fallbacks = nil
	c.RuntimeParams = map[string]string{
		"application_name": "cloudsqladmin", "default_transaction_read_only": "on", "statement_timeout": "2000",
		"log_statement": "none", "log_min_duration_statement": "-1", "log_min_error_statement": "panic",
	}
	config.MaxConns, config.MinConns = 2, 0
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("read the database %q: %w", database, err)
	}
	defer pool.Close()
	return work(pool)
}
