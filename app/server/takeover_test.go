package server_test

import (
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// An instance that holds all of the housekeeping stands still: it neither works nor dies.
// Another takes everything over, and when the first one goes on, nothing happens twice.
func TestFaultsHousekeepingIsTakenOverFromAnInstanceThatStandsStill(t *testing.T) {
	drill(t)
	t.Parallel()
	w := newFixture(t)
	first := w.serveChild(t)
	ada, eve := w.google.Mint(t, apptest.Claims(mine, "ada")), w.google.Mint(t, apptest.Claims(theirs, "eve"))
	require.Equal(t, 201, first.acquire(t, "short", ada, "one").status)
	require.Equal(t, 201, first.acquire(t, "short", ada, "two").status)
	kept := first.acquire(t, "demo", eve, "laptop").text("leaseId")
	client := w.redis.Client()
	defer client.Close()
	jobs := func() map[string]string { return client.HGetAll(t.Context(), "housekeeping:owners").Val() }

	require.NoError(t, first.command.Process.Signal(syscall.SIGSTOP))
	t.Cleanup(func() { _ = first.command.Process.Signal(syscall.SIGCONT) })
	w.strand(t)
	second := w.serve(t, map[string]string{"REAP_INTERVAL": "30s"})
	w.suspend(t)
	suspended := time.Now()
	await.True(t, func() bool { return second.heartbeat(t, eve, kept).text("code") == "tenant_suspended" })
	t.Logf("the suspension was noticed after %s, with the first instance standing still", time.Since(suspended).Round(time.Second/10))
	const expired = `SELECT count(*) FROM licensing.audit WHERE action = 'lease.expire' AND license_id = 'short'`
	await.True(t, func() bool { return w.postgres.Count(t, expired) == 2 })

	require.NoError(t, first.command.Process.Signal(syscall.SIGCONT))
	for job, owner := range jobs() {
		assert.NotEqual(t, "stranded", owner, job)
	}
	await.True(t, func() bool {
		r, err := first.try("GET", "/ready", "", "")
		return err == nil && r.status == 200
	})
	time.Sleep(4 * time.Second) // more than a turn of its housekeeping
	assert.Equal(t, 2, w.postgres.Count(t, expired), "each expiry is written once")
	assert.Equal(t, 2, w.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE license_id = 'short' AND end_reason = 'expired'`))
}

// strand makes all of the housekeeping what an instance has just taken on and will not do.
func (w *fixture) strand(t *testing.T) {
	t.Helper()
	client := w.redis.Client()
	defer client.Close()
	now, err := client.Time(t.Context()).Result()
	require.NoError(t, err)
	till := float64(now.Add(10 * time.Second).UnixMicro())
	for _, job := range []app.Job{app.JobChanges, app.JobSweep, app.JobForget} {
		require.NoError(t, client.HSet(t.Context(), "housekeeping:owners", string(job), "stranded").Err())
		require.NoError(t, client.ZAdd(t.Context(), "housekeeping:jobs", goredis.Z{Score: till, Member: string(job)}).Err())
	}
	due, err := client.ZRange(t.Context(), "housekeeping:due", 0, -1).Result()
	require.NoError(t, err)
	for _, license := range due {
		require.NoError(t, client.ZAdd(t.Context(), "housekeeping:due", goredis.Z{Score: till, Member: license}).Err())
	}
}

// While one licence's live seats are loaded by one instance, others that find it cold wait.
func TestAfterALossALicenceIsRebuiltOnceWhoeverFindsItCold(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	g, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
	require.NoError(t, err)
	others := []*app.Service{h.fixture.service(t), h.fixture.service(t)}
	require.NoError(t, h.client.FlushAll(t.Context()).Err())
	const seating = `SELECT xmin::text FROM licensing.seating WHERE tenant_id = 'demo-1a2b' AND license_id = 'demo'`
	before := ""
	done := make(chan error, len(others))
	h.ledger.afterSeat = func() {
		for _, other := range others {
			go func() {
				_, err := other.Heartbeat(t.Context(), ada(), g.Lease.ID)
				done <- err
			}()
		}
		// They come while this one reads the ledger.
		time.Sleep(200 * time.Millisecond)
		before = h.fixture.postgres.Text(t, seating)
	}
	_, err = h.Heartbeat(t.Context(), ada(), g.Lease.ID)
	require.NoError(t, err)
	for range others {
		require.NoError(t, await.Receive(t, done))
	}
	assert.Equal(t, before, h.fixture.postgres.Text(t, seating), "nobody else has asked the ledger for them")
}

// A rebuild leaves the leases' rows alone, and an ending from before it does not end them.
func TestAnEndingFromBeforeARebuildEndsNothing(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	g, err := h.Acquire(t.Context(), ada(), "demo", "laptop")
	require.NoError(t, err)
	const row = `SELECT xmin::text FROM licensing.lease WHERE ended_at IS NULL`
	before := h.fixture.postgres.Text(t, row)
	old := time.Now()
	require.NoError(t, h.client.FlushAll(t.Context()).Err())
	assert.Equal(t, 1, h.inUse(t, "demo"))
	assert.Equal(t, before, h.fixture.postgres.Text(t, row), "the rebuild has not written it")
	end := func(reason app.Reason) {
		require.NoError(t, h.ledger.Ledger.End(t.Context(), mine, []app.Ending{{Lease: g.Lease.ID, At: old, Reason: reason}}))
	}
	end(app.ReasonExpired)
	assert.Equal(t, before, h.fixture.postgres.Text(t, row), "it is seated again")
	end(app.ReasonReleased)
	assert.Zero(t, h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`), "what its holder gave back is over all the same")
}

func TestALicenceThatARestoredLedgerDoesNotHaveIsNobodysWork(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	client := w.redis.Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	require.NoError(t, client.ZAdd(t.Context(), "housekeeping:due", goredis.Z{Score: 1, Member: mine + "/gone"}).Err())
	w.serve(t, map[string]string{"REAP_INTERVAL": "1s"})
	await.True(t, func() bool { return client.ZCard(t.Context(), "housekeeping:due").Val() == 0 })
}
