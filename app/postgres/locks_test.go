package postgres_test

import (
	"context"
	"strings"
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
	w := fixtureOn(t, &sorted)
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

func TestAnErasureAndGrantsThatAreWrittenTogetherNeverWaitForEachOther(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.declare(acme, app.StatusActive, app.License{ID: "ide", Product: "p", Seats: 10}.Defaulted())
	of := func(letter string) app.Lease {
		l := lease("ide", "ada")
		l.ID = "ide_" + strings.Repeat(letter, 26)
		return l
	}
	license, err := w.License(t.Context(), lease("ide", "ada").Ref())
	require.NoError(t, err)
	early, middle, late := of("b"), of("m"), of("z")
	for _, l := range []app.Lease{early, middle, late} {
		require.NoError(t, w.Grant(t.Context(), l, license.Revision, nil, app.Event{Lease: l.ID}))
	}

	// One grant ends the last lease, and the next one extends the first: that is not their order.
	unlock := w.locked()
	answers := make(chan error, 3)
	grant := func(l app.Lease, endings ...app.Ending) {
		go func() { answers <- w.Grant(context.Background(), l, license.Revision, endings, app.Event{Lease: l.ID}) }()
	}
	grant(of("c"))
	w.stuck(1)
	grant(of("a"), app.Ending{Lease: late.ID, At: time.Now(), Reason: app.ReasonExpired})
	grant(early)
	await.True(t, func() bool { return w.Waiting(early.Ref()) == 2 }, "they come together")

	// The erasure comes in the middle of its leases to one that it has to wait for.
	tx, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT set_config('licensing.tenant', $1, true)`, acme)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT FROM licensing.lease WHERE id = $1 FOR UPDATE`, middle.ID)
	require.NoError(t, err)
	erased := make(chan error, 1)
	go func() {
		_, err := w.Erase(context.Background(), acme, "ada", app.Event{Action: app.ActionErase})
		erased <- err
	}()
	w.stuck(2)
	unlock()
	await.True(t, func() bool {
		waiting := w.server.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)
		return len(answers) == 3 || len(answers) == 1 && waiting == 2
	}, "the grants are written, or wait for the erasure")
	require.NoError(t, tx.Rollback(t.Context()))
	for range 3 {
		require.NoError(t, await.Receive(t, answers))
	}
	require.NoError(t, await.Receive(t, erased))
	assert.Zero(t, w.failed.Load(), "the database ended none of them because each waited for the other")
	assert.Zero(t, w.server.Count(t, `SELECT count(*) FROM licensing.lease WHERE user_id = 'ada'`))
}
