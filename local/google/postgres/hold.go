package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// lockTries is how often a lock is asked for: the application's own statements
	// may be in the way, and then each waits for the other.
	lockTries = 10
	// lockWait is how long each try waits, in milliseconds.
	lockWait = "2000"
)

// tablesQuery lists the tables of a database that are not PostgreSQL's own.
const tablesQuery = `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
	WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`

// LockTables holds a lock on every table of every database of a user's, as a
// transaction does that somebody has left open: all statements wait. release ends it,
// and may be called again.
func (s *Server) LockTables(ctx context.Context) (release func(context.Context), err error) {
	names, err := s.Databases(ctx)
	if err != nil {
		return nil, err
	}
	var held []*pgx.Conn
	release = func(ctx context.Context) {
		for _, conn := range held {
			_ = conn.Close(ctx) // rolls back; who has lost the session has lost the locks
		}
		held = nil
	}
	for _, name := range names {
		conn, err := s.session(ctx, name)
		if err == nil {
			held = append(held, conn)
			err = lockAll(ctx, conn)
		}
		if err != nil {
			release(context.WithoutCancel(ctx))
			return nil, fmt.Errorf("lock the tables of the database %q: %w", name, err)
		}
	}
	return release, nil
}

// lockAll begins a transaction that holds the locks.
func lockAll(ctx context.Context, conn *pgx.Conn) (err error) {
	rows, err := conn.Query(ctx, tablesQuery)
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) == 0 {
		return err
	}
	statement := "LOCK TABLE " + strings.Join(tables, ", ") + " IN ACCESS EXCLUSIVE MODE"
	for range lockTries {
		if _, err = conn.Exec(ctx, "BEGIN; SET LOCAL lock_timeout = "+lockWait+"; "+statement, pgx.QueryExecModeSimpleProtocol); err == nil {
			return nil
		}
		if _, undone := conn.Exec(ctx, "ROLLBACK"); undone != nil {
			return errors.Join(err, undone)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return err
}
