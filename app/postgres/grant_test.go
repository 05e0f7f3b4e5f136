package postgres_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// asked is what the ledger answers to a lease by the licence's revision of now.
func (w *fixture) asked(l app.Lease, endings ...app.Ending) app.Code {
	w.t.Helper()
	revision := w.server.Count(w.t, `SELECT l.revision + t.revision FROM licensing.license l JOIN licensing.tenant t ON t.id = l.tenant_id
		WHERE l.tenant_id = $1 AND l.id = $2`, l.Tenant, l.License)
	return app.CodeOf(w.Grant(w.t.Context(), l, int64(revision), endings, app.Event{Action: app.ActionAcquire, License: l.License, Lease: l.ID}))
}

// other begins a transaction of another instance of the service.
func (w *fixture) other() pgx.Tx {
	w.t.Helper()
	tx, err := w.pool.Begin(w.t.Context())
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	_, err = tx.Exec(w.t.Context(), `SELECT set_config('licensing.tenant', $1, true)`, acme)
	require.NoError(w.t, err)
	return tx
}

// waits does something that has to wait for another transaction, and returns its answer.
func (w *fixture) waits(do func() error) <-chan error {
	w.t.Helper()
	answer := make(chan error, 1)
	go func() { answer <- do() }()
	await.True(w.t, func() bool {
		select {
		case err := <-answer:
			require.FailNow(w.t, "it did not wait", "%v", err)
		default:
		}
		return w.server.Count(w.t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) == 1
	})
	return answer
}

// changes makes a change of the licence ide.
func (w *fixture) changes(change func(*app.License)) {
	w.t.Helper()
	_, err := w.UpdateLicense(w.t.Context(), app.LicenseRef{Tenant: acme, License: "ide"}, func(l *app.License) (app.Event, error) {
		change(l)
		return app.Event{Action: app.ActionUpdate, License: l.ID}, nil
	})
	require.NoError(w.t, err)
}

func TestTheLedgerCountsTheSeatsOfALicenceAsTheServiceDoes(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	const open = 24
	for _, overage := range []float64{1, 1.16, 1.19, 1.5} {
		limited := app.License{Seats: open + 1, Overage: overage}
		w.changes(func(l *app.License) { l.Seats, l.Overage = limited.Seats, limited.Overage })
		w.server.Admin(t, `DELETE FROM licensing.lease`, `INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, granted_at, seated_at, expires_at)
			SELECT 'acme', 'ide', 'ide_' || i, 'floating', 'd', 'u', now(), now(), now() FROM generate_series(1, `+strconv.Itoa(open)+`) i`)
		for range limited.Limit() - open {
			assert.Empty(t, w.asked(lease("ide", "ada")), "%v", overage)
		}
		assert.Equal(t, app.CodeNoSeats, w.asked(lease("ide", "ada")), "%v", overage)
	}
	assert.Empty(t, w.asked(lease("cad", "ada")), "each licence has its own seats")
}

// Redis may have lost all that it knew, and the licence may have been changed meanwhile.
func TestTheLedgerSaysWhyALeaseIsRefused(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	held, released, forced, taken := w.grant(lease("ide", "ada")), w.grant(lease("ide", "bob")), lease("ide", "cid"), lease("ide", "dan")
	w.end(released, app.ReasonReleased)
	w.grant(forced)
	w.end(forced, app.ReasonForced)
	w.grant(taken)
	w.end(taken, app.ReasonTaken)
	w.grant(lease("ide", "eve"))
	ada, fresh := w.read(held), lease("ide", "fay")
	cancelled := w.grant(lease("cad", "ada"))
	w.end(cancelled, app.ReasonCancelled)
	assert.Empty(t, w.asked(cancelled), "a seat that was given back because nobody had it may be had again")
	assert.Equal(t, app.CodeLicenseNotFound, app.CodeOf(w.Grant(t.Context(), lease("none", "ada"), 0, nil, app.Event{})))

	standing := func(status app.Status) func() {
		return func() { w.changes(func(l *app.License) { l.Status = status }) }
	}
	for _, c := range []struct {
		name                               string
		change                             func()
		held, released, forced, taken, new app.Code
	}{
		{"a full licence", func() {}, "", app.CodeLeaseEnded, app.CodeLeaseEnded, app.CodeLeaseTaken, app.CodeNoSeats},
		{"a suspended licence", standing(app.StatusSuspended), app.CodeLicenseSuspended, app.CodeLicenseSuspended, app.CodeLicenseSuspended, app.CodeLicenseSuspended, app.CodeLicenseSuspended},
		{"a revoked licence", standing(app.StatusRevoked), app.CodeLicenseRevoked, app.CodeLicenseRevoked, app.CodeLicenseRevoked, app.CodeLicenseRevoked, app.CodeLicenseRevoked},
		{"a licence past its end", func() {
			w.changes(func(l *app.License) { l.Status, l.ExpiresAt = app.StatusActive, time.Now().Add(-time.Minute) })
		}, app.CodeLicenseExpired, app.CodeLicenseExpired, app.CodeLicenseExpired, app.CodeLicenseExpired, app.CodeLicenseExpired},
		{"a suspended tenant", func() { w.declare(acme, app.StatusSuspended) }, app.CodeTenantSuspended, app.CodeTenantSuspended, app.CodeTenantSuspended, app.CodeTenantSuspended, app.CodeTenantSuspended},
	} {
		c.change()
		for who, one := range map[string]struct {
			lease app.Lease
			code  app.Code
		}{
			"held": {ada, c.held}, "released": {released, c.released}, "forced": {forced, c.forced}, "taken": {taken, c.taken}, "new": {fresh, c.new},
		} {
			assert.Equal(t, one.code, w.asked(one.lease), "%s, a lease that is %s", c.name, who)
		}
	}
	assert.Equal(t, app.CodeTenantSuspended, app.CodeOf(w.Grant(t.Context(), held, -1, nil, app.Event{})), "whatever it was made by")
}

func TestALeaseByTermsThatTheLedgerHasNotIsNotWritten(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	assert.ErrorIs(t, w.Grant(t.Context(), lease("ide", "ada"), 1, nil, app.Event{}), app.ErrChanged, "after a restore from a backup, for example")
}

func TestInTheGraceALeaseThatIsOverDoesNotComeBack(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	held, expired := w.grant(lease("ide", "ada")), w.grant(lease("ide", "bob"))
	w.end(expired, app.ReasonExpired)
	w.changes(func(l *app.License) { l.Grace, l.ExpiresAt = time.Hour, time.Now().Add(-time.Minute) })
	assert.Empty(t, w.asked(held))
	assert.Equal(t, app.CodeLicenseExpired, w.asked(expired))
}

// A lease that has expired takes a seat again, as a new one does; one that is open has its own.
func TestAnExpiredLeaseComesBackOnlyToAFreeSeat(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	expired := w.grant(lease("ide", "ada"))
	w.end(expired, app.ReasonExpired)
	held, last := w.grant(lease("ide", "bob")), w.grant(lease("ide", "cid"))
	assert.Equal(t, app.CodeNoSeats, w.asked(expired))
	assert.Empty(t, w.asked(held))
	w.end(last, app.ReasonReleased)
	assert.Empty(t, w.asked(expired))
	assert.Zero(t, w.read(expired).EndedAt)
	assert.Empty(t, w.read(expired).Reason)
}

// Two instances of the service do not know of each other; the licence's row makes one wait.
func TestTheLastSeatIsNotSoldByTwoInstances(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.grant(lease("ide", "ada"))
	tx, theirs := w.other(), lease("ide", "bob")
	_, err := tx.Exec(t.Context(), `SELECT FROM licensing.license WHERE tenant_id = $1 AND id = $2 FOR SHARE`, acme, "ide")
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, granted_at, seated_at, expires_at)
		VALUES ($1, $2, $3, 'floating', 'd', 'bob', now(), now(), now())`, acme, "ide", theirs.ID)
	require.NoError(t, err)
	answer := w.waits(func() error { return w.Grant(context.Background(), lease("ide", "cid"), 0, nil, app.Event{}) })
	require.NoError(t, tx.Commit(t.Context()))
	assert.Equal(t, app.CodeNoSeats, app.CodeOf(await.Receive(t, answer)))
}

// An erasure, for example, locks leases in the order of their ids.
func TestAGrantLocksWhatItEndsAndItsOwnLeaseInOrder(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	first, second := w.grant(lease("ide", "ada")), w.grant(lease("ide", "bob"))
	if first.ID > second.ID {
		first, second = second, first
	}
	tx := w.other()
	lock := func(l app.Lease, how string) error {
		_, err := tx.Exec(t.Context(), `SELECT FROM licensing.lease WHERE tenant_id = $1 AND id = $2 FOR UPDATE `+how, l.Tenant, l.ID)
		return err
	}
	require.NoError(t, lock(first, ""))
	answer := w.waits(func() error {
		return w.Grant(context.Background(), first, 0, []app.Ending{{Lease: second.ID, At: time.Now(), Reason: app.ReasonReleased}}, app.Event{})
	})
	assert.NoError(t, lock(second, "NOWAIT"), "it waits for the first one, and has not locked the second one yet")
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, await.Receive(t, answer))
	assert.Equal(t, app.ReasonReleased, w.read(second).Reason)
}

func TestALimitInsideALicenceCountsItsOwnOpenLeases(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.changes(func(l *app.License) {
		l.Seats, l.UserSeats, l.Reservations = 6, 2, []app.GroupSeats{{Group: "devs", Seats: 2}}
	})
	reserved := func(license, user, group string) app.Lease {
		l := lease(license, user)
		l.Reservation = group
		return l
	}
	// Those of another licence, and those that are over, take neither the user's seats nor the group's.
	for range 2 {
		w.grant(reserved("cad", "ada", "devs"))
		over := reserved("ide", "ada", "devs")
		require.Empty(t, w.asked(over))
		w.end(over, app.ReasonReleased)
	}
	for range 2 {
		require.Empty(t, w.asked(lease("ide", "ada")))
	}
	assert.Equal(t, app.CodeUserLimit, w.asked(lease("ide", "ada")))
	for _, user := range []string{"bob", "cid"} {
		require.Empty(t, w.asked(lease("ide", user)))
	}
	assert.Equal(t, app.CodeSeatsReserved, w.asked(lease("ide", "dan")))

	require.Empty(t, w.asked(reserved("ide", "dan", "devs")))
	assert.Equal(t, app.CodeSeatsReserved, w.asked(lease("ide", "eve")), "one is still kept")
	w.changes(func(l *app.License) { l.Reservations[0].Seats = 1 })
	require.Empty(t, w.asked(lease("ide", "eve")), "and now none is")

	// A group that has more seats than are kept for it takes none from what is kept for others.
	w.changes(func(l *app.License) {
		l.Seats, l.Reservations = 8, []app.GroupSeats{{Group: "devs", Seats: 1}, {Group: "qa", Seats: 1}}
	})
	require.Empty(t, w.asked(reserved("ide", "fay", "devs")))
	assert.Equal(t, app.CodeSeatsReserved, w.asked(lease("ide", "gus")))
	require.Empty(t, w.asked(reserved("ide", "gus", "qa")))
}

func TestAGrantOfALeaseThatIsThereWritesWhatIsNewAndNoOtherLease(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	before, bystander := w.grant(lease("ide", "ada")), w.read(w.grant(lease("ide", "bob")))
	again := before
	again.GrantedAt, again.ExpiresAt = before.GrantedAt.Add(time.Second), before.ExpiresAt.Add(time.Second)
	again.User, again.Email, again.Address = "cid", "cid@example.com", "192.0.2.7"
	again.Fingerprint, again.Reservation = "cids-device", "devs"
	event := app.Event{Origin: app.Origin{User: "root", Address: "192.0.2.9", RequestID: "r-1"}, Action: app.ActionAcquire, License: "ide", Lease: again.ID, Code: "c", Detail: "d"}
	require.NoError(t, w.Grant(t.Context(), again, 0, nil, event))
	again.SeatedAt = again.GrantedAt
	found := w.read(again)
	found.GrantedAt, found.SeatedAt, found.ExpiresAt = found.GrantedAt.In(time.Local), found.SeatedAt.In(time.Local), found.ExpiresAt.In(time.Local)
	assert.Equal(t, again, found)
	assert.Equal(t, bystander, w.read(bystander))
	events, err := w.Events(t.Context(), acme, 0, 1)
	require.NoError(t, err)
	event.ID, event.At, event.Detail = events[0].ID, events[0].At, app.DetailExtended
	assert.Equal(t, event, events[0])

	// A grant that is written late neither grants nor seats it earlier.
	require.NoError(t, w.Grant(t.Context(), before, 0, nil, app.Event{}))
	assert.True(t, w.read(before).GrantedAt.Equal(again.GrantedAt))
	assert.True(t, w.read(before).SeatedAt.Equal(again.GrantedAt))
}

func TestWhatBecomesOfALeaseThatIsBorrowedOrReturned(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	const floating, borrowed = app.KindFloating, app.KindBorrowed
	start := time.Now().Truncate(time.Microsecond)
	type grant struct {
		kind        app.Kind
		after, till time.Duration
	}
	for name, c := range map[string]struct {
		first, then grant
		over        bool
		kind        app.Kind
		till        time.Duration
	}{
		"a floating one is borrowed for a shorter time":     {first: grant{floating, 0, 2}, then: grant{borrowed, 1, 1}, kind: borrowed, till: 1},
		"a borrow is written after a later floating one":    {first: grant{floating, 1, 2}, then: grant{borrowed, 0, 1}, kind: borrowed, till: 1},
		"of two at the same moment the one written last":    {first: grant{floating, 0, 2}, then: grant{floating, 0, 1}, kind: floating, till: 1},
		"a borrowed one is asked for until the same moment": {first: grant{borrowed, 0, 2}, then: grant{floating, 0, 2}, kind: borrowed, till: 2},
		"a borrow that is over is nobody's":                 {first: grant{borrowed, 0, 2}, then: grant{floating, 0, 1}, over: true, kind: floating, till: 1},
	} {
		write := func(l app.Lease, g grant) app.Lease {
			l.Kind, l.GrantedAt, l.ExpiresAt = g.kind, start.Add(g.after*time.Hour), start.Add(g.till*time.Hour)
			return w.grant(l)
		}
		l := write(lease("ide", "ada"), c.first)
		if c.over {
			w.end(l, app.ReasonExpired)
		}
		write(l, c.then)
		found := w.read(l)
		assert.Equal(t, c.kind, found.Kind, name)
		assert.True(t, found.ExpiresAt.Equal(start.Add(c.till*time.Hour)), name)
		w.end(l, app.ReasonReleased)
	}
}
