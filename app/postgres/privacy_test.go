package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

func TestAnErasureIsForEveryTenantThatIsKnownAndIsInItsTrail(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.grant(lease("ide", "ada"))
	w.declare(acme, app.StatusSuspended)
	event := app.Event{Origin: app.Origin{User: "root"}, Action: app.ActionErase}
	_, err := w.Erase(t.Context(), "nobody", "ada", event)
	assert.Equal(t, app.CodeUnknownTenant, app.CodeOf(err))
	assert.Zero(t, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'privacy.erase'`))
	changed, err := w.Erase(t.Context(), acme, "ada", event)
	require.NoError(t, err, "a suspended tenant's users have their rights, too")
	assert.EqualValues(t, 2, changed)
	assert.Equal(t, 1, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'privacy.erase' AND tenant_id = 'acme'`))
	event.Detail = "\x00"
	_, err = w.Erase(t.Context(), acme, "ada", event)
	assert.Equal(t, app.CodeValidation, app.CodeOf(err), "one that is not in the trail has failed")
}

func TestAnExportOfAllUsersIsWithoutThoseWhoAreErasedAndWhatNobodyDid(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	adas := w.grant(lease("ide", "ada"))
	w.grant(lease("ide", "bob"))
	w.end(adas, app.ReasonExpired)
	_, err := w.Erase(t.Context(), acme, "bob", app.Event{Origin: app.Origin{User: "root"}, Action: app.ActionErase})
	require.NoError(t, err)
	data, err := w.Export(t.Context(), acme, "", app.Place{}, 10, app.Event{Action: app.ActionExport})
	require.NoError(t, err)
	require.Len(t, data.Leases, 1)
	assert.Equal(t, adas.ID, data.Leases[0].ID)
	var who []string
	for _, e := range data.Events {
		who = append(who, e.User)
	}
	assert.Equal(t, []string{"ada", "root"}, who)
}

func TestOpenLeasesOfErasedUsersAreListedByLicence(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ide, cad, over := w.grant(lease("ide", "ada")), w.grant(lease("cad", "ada")), w.grant(lease("cad", "ada"))
	w.grant(lease("ide", "bob"))
	_, err := w.Erase(t.Context(), acme, "ada", app.Event{Action: app.ActionErase})
	require.NoError(t, err)
	w.end(over, app.ReasonExpired)
	found, err := w.OpenErased(t.Context(), acme)
	require.NoError(t, err)
	assert.Equal(t, []string{cad.ID, ide.ID}, found)

	w.server.Admin(t, fmt.Sprintf(`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, granted_at, seated_at, expires_at, erased_at)
		SELECT 'acme', 'ide', 'ide_' || i, 'floating', 'd', 'erased', now(), now(), now(), now() FROM generate_series(1, %d) i`, 1000))
	found, err = w.OpenErased(t.Context(), acme)
	require.NoError(t, err)
	assert.Len(t, found, 1000, "no more than the caller ends at once")
}

func TestWhatIsForgottenOfAUserIsWhoWhereAndWhatTheUserMadeUp(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	l := lease("ide", "ada")
	event := app.Event{Origin: app.Origin{User: "ada", Address: "192.0.2.1", RequestID: "adas"}, Action: app.ActionAcquire, License: "ide", Lease: l.ID, Detail: "acquire"}
	require.NoError(t, w.Grant(t.Context(), l, 0, nil, event))
	event.Action, event.License, event.Lease, event.Detail = app.ActionExport, "of-no-licence", "of-no-licence_x", "not refused"
	require.NoError(t, w.Record(t.Context(), acme, event))
	event.Code = app.CodeNoSeats
	for license, asked := range map[string]string{"ide": "known", "ada-lovelace": "made up"} {
		event.License, event.Lease, event.Detail = license, l.ID, asked
		if license != "ide" {
			event.Lease = "ada-lovelace_1"
		}
		require.NoError(t, w.Refuse(t.Context(), acme, event))
	}
	digests := w.server.Text(t, `SELECT string_agg(encode(digest, 'hex'), ',') FROM licensing.refusal`)
	w.end(w.grant(lease("cad", "bob")), app.ReasonExpired)
	_, err := w.Erase(t.Context(), acme, "ada", app.Event{Action: app.ActionErase})
	require.NoError(t, err)
	trail := w.server.Text(t, `SELECT string_agg(concat_ws('|', detail, license_id, lease_id, address || request_id, (user_id LIKE 'erased-%' AND erased_at IS NOT NULL)::text), E'\n' ORDER BY detail)
		FROM licensing.audit WHERE detail IN ('acquire', 'not refused', 'known', 'made up')`)
	assert.Equal(t, fmt.Sprintf("acquire|ide|%[1]s||true\nknown|ide|%[1]s||true\nmade up||||true\nnot refused|of-no-licence|of-no-licence_x||true", l.ID), trail)
	assert.Equal(t, "1 1", w.server.Text(t, `SELECT (SELECT count(*) FROM licensing.lease WHERE user_id = 'bob') || ' ' || (SELECT count(*) FROM licensing.audit WHERE user_id = 'bob')`), "and nothing of others")
	assert.Zero(t, w.server.Count(t, `SELECT count(*) FROM licensing.refusal WHERE encode(digest, 'hex') = ANY (string_to_array($1, ','))`, digests))
}

// One step forgets 5000 leases, and as many events, at most.
func TestHoweverMuchThereIsOfOthersAUserIsErased(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.server.Admin(t, `INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, granted_at, seated_at, expires_at, ended_at, end_reason)
		SELECT 'acme', 'ide', 'ide_' || i, 'floating', 'd', 'other', now(), now(), now(), now() - interval '1 day', 'expired' FROM generate_series(1, 5001) i`,
		`INSERT INTO licensing.audit (tenant_id, at, user_id, action) SELECT 'acme', now() - interval '1 day', 'other', 'lease.acquire' FROM generate_series(1, 5001)`)
	w.end(w.grant(lease("cad", "bob")), app.ReasonExpired)
	changed, err := w.Erase(t.Context(), acme, "bob", app.Event{Action: app.ActionErase})
	require.NoError(t, err)
	assert.EqualValues(t, 2, changed)
	assert.Zero(t, w.server.Count(t, `SELECT (SELECT count(*) FROM licensing.lease WHERE user_id = 'bob') + (SELECT count(*) FROM licensing.audit WHERE user_id = 'bob')`))
}

// A lease that is over is old enough to be forgotten, and its holder is about to revive it.
func TestALeaseThatIsRevivedWhileItIsForgottenIsSomebodys(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	l := w.grant(lease("ide", "ada"))
	w.end(l, app.ReasonExpired)
	tx, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT set_config('licensing.tenant', $1, true)`, acme)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `UPDATE licensing.lease SET ended_at = NULL, end_reason = NULL WHERE tenant_id = $1 AND id = $2`, acme, l.ID)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := w.Pseudonymise(context.Background(), acme, time.Now().Add(time.Hour))
		done <- err
	}()
	w.stuck(1)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, await.Receive(t, done))
	assert.Equal(t, "ada", w.read(l).User)
}
