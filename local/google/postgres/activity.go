package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Activity is what PostgreSQL counts of one database.
// https://www.postgresql.org/docs/15/monitoring-stats.html#MONITORING-PG-STAT-DATABASE-VIEW
type Activity struct {
	Database string
	// Backends are the sessions that are open now.
	Backends float64
	// Commits, Rollbacks and Deadlocks are counted since the statistics began.
	Commits, Rollbacks, Deadlocks float64
	// Bytes is how large it is on the disk.
	Bytes float64
}

const activityQuery = `SELECT d.datname, s.numbackends::float8, s.xact_commit::float8, s.xact_rollback::float8, s.deadlocks::float8, pg_database_size(d.oid)::float8
	FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid WHERE NOT d.datistemplate ORDER BY d.datname`

// Activity asks what the databases do, by name.
func (s *Server) Activity(ctx context.Context) (all []Activity, err error) {
	err = s.asAdministrator(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, activityQuery)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Activity])
		return err
	})
	return all, describeFailure(err, "ask the databases of %s what they do", s.config.Name)
}
