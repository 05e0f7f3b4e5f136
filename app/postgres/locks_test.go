package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// A database sorts as a language does, unless it is made otherwise: an underscore comes before a hyphen,
// and in bytes it is the other way round.
func TestAllLeasesAreLockedInTheDatabasesOrder(t *testing.T) {
	t.Parallel()
	shared := databases.Start(t)
	sorted := *shared
	sorted.Database = shared.Database + "_sorted"
	shared.Admin(t, `CREATE DATABASE `+sorted.Database+` OWNER "`+apptest.MigrationRole+`" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`)
	migrate(t, &sorted)
	w := worldOn(t, &sorted)
	w.declare(acme, app.StatusActive, licence("cad"), licence("cad-2"))
	first, second := w.grant(lease("cad", "ada")), w.grant(lease("cad-2", "ada"))
	require.Equal(t, 1, sorted.Count(t, `SELECT count(*) WHERE $1::text < $2::text`, first.ID, second.ID))
	require.Greater(t, first.ID, second.ID)

	// An erasure, for example, locks one after the other.
	tx, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT set_config('licensing.tenant', $1, true)`, acme)
	require.NoError(t, err)
	lock := func(l app.Lease, how string) error {
		_, err := tx.Exec(t.Context(), `SELECT FROM licensing.lease WHERE tenant_id = $1 AND id = $2 FOR UPDATE `+how, l.Tenant, l.ID)
		return err
	}
	require.NoError(t, lock(first, ""))
	ended := make(chan error, 1)
	go func() {
		var all []app.Settlement
		for _, l := range []app.Lease{second, first} {
			all = append(all, app.Settlement{Ref: l.Ref(), Endings: []app.Ending{{Lease: l.ID, At: time.Now(), Reason: app.ReasonExpired}}})
		}
		ended <- w.EndAll(t.Context(), all)
	}()
	await.True(t, func() bool {
		return sorted.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 1
	}, "it waits for the first one")
	assert.NoError(t, lock(second, "NOWAIT"), "and has not locked the second one yet, or each would wait for the other")
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, await.Receive(t, ended))
	assert.False(t, w.read(second).EndedAt.IsZero())
	assert.Zero(t, w.failed.Load())
}
