package postgres_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/postgres"
)

func TestAReadIsTriedAgainOnlyAfterAFaultAndForSomebodyWhoWaits(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	var tries atomic.Int64
	ledger := postgres.NewLedger(w.pool, func(string, time.Duration, error) { tries.Add(1) })
	tried := func(ctx context.Context, lease string) int64 {
		tries.Store(0)
		_, err := ledger.Lease(ctx, acme, lease)
		require.Error(t, err)
		return tries.Load()
	}
	assert.EqualValues(t, 1, tried(t.Context(), app.NewLeaseID("ide")), "an answer is no fault")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.EqualValues(t, 1, tried(ctx, app.NewLeaseID("ide")), "nobody waits any more")
	w.pool.Close()
	assert.EqualValues(t, 2, tried(t.Context(), app.NewLeaseID("ide")))
}

func TestTheSchemaHasToBeRecentEnough(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	require.NoError(t, w.Ping(t.Context()))
	w.server.Admin(t, fmt.Sprintf(`DELETE FROM licensing.goose_version WHERE version_id > %d`, postgres.RequiredVersion))
	require.NoError(t, w.Ping(t.Context()), "that is the oldest one")
	w.server.Admin(t, fmt.Sprintf(`DELETE FROM licensing.goose_version WHERE version_id = %d`, postgres.RequiredVersion))
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(w.Ping(t.Context())))
}

// One call looks into 500 tenants at most, and says where to go on.
func TestTenantsAreVisitedInPages(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.server.Admin(t, `INSERT INTO licensing.tenant (id, name, status) SELECT 'm' || lpad(n::text, 4, '0'), 'm', 'active' FROM generate_series(1, 600) n`)
	l := lease("ide", "eve")
	l.Tenant = other
	w.grant(l)
	w.end(l, app.ReasonReleased)
	visits, after := 0, ""
	var aged []string
	for {
		tenants, next, err := w.Aged(t.Context(), time.Now().Add(time.Hour), after)
		require.NoError(t, err)
		aged = append(aged, tenants...)
		visits++
		if after = next; next == "" {
			break
		}
	}
	assert.Equal(t, 2, visits)
	assert.Equal(t, []string{other}, aged)

	l.ID = app.NewLeaseID("ide")
	w.grant(l)
	found, next, err := w.OpenLeases(t.Context(), app.OpenLease{}, 10)
	require.NoError(t, err)
	assert.Empty(t, found, "the first 500 tenants have no open lease")
	require.NotNil(t, next)
	found, next, err = w.OpenLeases(t.Context(), *next, 10)
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, l.ID, found[0].ID)
	assert.Nil(t, next)
}
