package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// locked holds the row of the licence ide until the returned function is called.
func (w *fixture) locked() (unlock func()) {
	w.t.Helper()
	tx, err := w.pool.Begin(w.t.Context())
	require.NoError(w.t, err)
	_, err = tx.Exec(w.t.Context(), `SELECT set_config('licensing.tenant', $1, true)`, acme)
	require.NoError(w.t, err)
	_, err = tx.Exec(w.t.Context(), `SELECT FROM licensing.license WHERE tenant_id = $1 AND id = 'ide' FOR UPDATE`, acme)
	require.NoError(w.t, err)
	return func() { require.NoError(w.t, tx.Rollback(context.Background())) }
}

// stuck waits until transactions wait for a row.
func (w *fixture) stuck(n int) {
	w.t.Helper()
	await.True(w.t, func() bool {
		return w.server.Count(w.t, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`) == n
	}, "nobody waits for the licence")
}

func TestWhatIsWrittenTogetherHasItsOwnAnswerEach(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	unlock := w.locked()
	answers := make([]error, 8)
	var group sync.WaitGroup
	write := func(i int, change func(*app.Lease)) {
		l := lease("ide", fmt.Sprintf("user-%d", i))
		change(&l)
		group.Go(func() { answers[i] = w.Grant(context.Background(), l, 0, nil, app.Event{Lease: l.ID}) })
	}
	// The first is on its way, and the others come together.
	write(0, func(*app.Lease) {})
	w.stuck(1)
	write(1, func(l *app.Lease) { l.Email = "\x00" })
	for i := 2; i < len(answers); i++ {
		write(i, func(*app.Lease) {})
	}
	await.True(t, func() bool { return w.Waiting(lease("ide", "").Ref()) == len(answers)-1 }, "the others wait for their turn")
	w.stuck(1)
	unlock()
	group.Wait()

	granted := 0
	for i, err := range answers {
		switch {
		case i == 1:
			assert.Equal(t, app.CodeValidation, app.CodeOf(err), "its own value cannot be stored")
		case err == nil:
			granted++
		default:
			assert.Equal(t, app.CodeNoSeats, app.CodeOf(err))
		}
	}
	assert.NoError(t, answers[0])
	assert.Equal(t, 2, granted, "the licence has two seats")
	assert.Equal(t, 2, w.server.Count(t, `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`))
	assert.Equal(t, 2, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE lease_id <> ''`))
}

func TestWhoGivesUpBeforeItsTurnWritesNothing(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	unlock := w.locked()
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- w.Grant(context.Background(), lease("ide", "ada"), 0, nil, app.Event{}) }()
	w.stuck(1)
	ctx, giveUp := context.WithCancel(t.Context())
	go func() { second <- w.Grant(ctx, lease("ide", "bob"), 0, nil, app.Event{}) }()
	await.True(t, func() bool { return w.Waiting(lease("ide", "").Ref()) == 1 }, "the second one waits for its turn")
	giveUp()
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(await.Receive(t, second)))
	unlock()
	require.NoError(t, await.Receive(t, first))
	assert.Zero(t, w.server.Count(t, `SELECT count(*) FROM licensing.lease WHERE user_id = 'bob'`))
}

func TestTheFirstOfSeveralThatGivesUpTakesNobodysWriteAlong(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	unlock := w.locked()
	first, second := make(chan error, 1), make(chan error, 1)
	ctx, giveUp := context.WithCancel(t.Context())
	go func() { first <- w.Grant(ctx, lease("ide", "ada"), 0, nil, app.Event{}) }()
	w.stuck(1)
	go func() { second <- w.Grant(context.Background(), lease("ide", "bob"), 0, nil, app.Event{}) }()
	await.True(t, func() bool { return w.Waiting(lease("ide", "").Ref()) == 1 }, "the second one waits for its turn")
	giveUp()
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(await.Receive(t, first)))
	unlock()
	require.NoError(t, await.Receive(t, second))
	assert.Equal(t, 2, w.server.Count(t, `SELECT count(*) FROM licensing.lease WHERE ended_at IS NULL`), "what has begun goes on")
}

func TestOfTwoThatAreWrittenTogetherOneMayBeRefusedForItsValues(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*app.Lease){
		"a value that cannot be stored":  func(l *app.Lease) { l.Email = "\x00" },
		"a value that is against a rule": func(l *app.Lease) { l.Kind = "odd" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			unlock := w.locked()
			answers := make([]chan error, 3)
			for i := range answers {
				answers[i] = make(chan error, 1)
				l := lease("ide", fmt.Sprintf("user-%d", i))
				if i == 1 {
					spoil(&l)
				}
				go func() { answers[i] <- w.Grant(context.Background(), l, 0, nil, app.Event{}) }()
				if i == 0 {
					w.stuck(1)
				}
			}
			await.True(t, func() bool { return w.Waiting(lease("ide", "").Ref()) == 2 }, "the others come together")
			unlock()
			assert.NoError(t, await.Receive(t, answers[0]))
			assert.Error(t, await.Receive(t, answers[1]))
			assert.NoError(t, await.Receive(t, answers[2]))
		})
	}
}

func TestAFaultOfATransactionIsTheAnswerOfAllInIt(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	unlock := w.locked()
	answers := make(chan error, 3)
	grant := func(user string) {
		l := lease("ide", user)
		go func() { answers <- w.Grant(context.Background(), l, 0, nil, app.Event{}) }()
	}
	cancel := func() {
		w.stuck(1)
		w.server.Admin(t, `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)
		assert.Equal(t, app.CodeUnavailable, app.CodeOf(await.Receive(t, answers)))
	}
	grant("ada")
	w.stuck(1)
	grant("bob")
	grant("eve")
	await.True(t, func() bool { return w.Waiting(lease("ide", "").Ref()) == 2 }, "the others come together")
	cancel()
	cancel()
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(await.Receive(t, answers)), "none of them is tried again alone")
	unlock()
	assert.EqualValues(t, 2, w.failed.Load())
	assert.Zero(t, w.server.Count(t, `SELECT count(*) FROM licensing.lease`))
}

func TestALeaseByTheTermsOfAnEarlierRevisionIsNotWritten(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	l := lease("ide", "ada")
	require.NoError(t, w.Grant(t.Context(), l, 0, nil, app.Event{}))
	revision := func() int64 {
		found, err := w.License(t.Context(), l.Ref())
		require.NoError(t, err)
		return found.Revision
	}
	for _, change := range []string{
		`UPDATE licensing.license SET features = '{reports}' WHERE id = 'ide' AND tenant_id = 'acme'`,
		`UPDATE licensing.tenant SET name = 'Acme' WHERE id = 'acme'`,
	} {
		before := revision()
		w.server.Admin(t, change)
		assert.ErrorIs(t, w.Grant(t.Context(), l, before, nil, app.Event{}), app.ErrChanged, change)
		assert.NoError(t, w.Grant(t.Context(), l, revision(), nil, app.Event{}), change)
	}
	assert.Zero(t, w.failed.Load(), "an answer is no fault")
}

// A plan that was made while the table was empty serves on while it grows, and the tenant's
// leases are nearly all over.
func TestWhatAGrantAndAnEndingReadDoesNotGrowWithTheLeasesOfTheTenant(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	turn := func() {
		l := w.grant(lease("ide", "ada"))
		w.end(l, app.ReasonReleased)
	}
	for range 10 {
		turn()
	}
	const many, turns = 3000, 20
	w.server.Admin(t, fmt.Sprintf(`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, granted_at, seated_at, expires_at, ended_at, end_reason)
		SELECT 'acme', 'ide', 'ide_' || i, 'floating', 'd', 'ada', now(), now(), now(), now(), 'released' FROM generate_series(1, %d) i`, many))
	for range turns {
		turn()
	}
	rows := w.rowsRead("lease")
	assert.Less(t, rows/(10+turns), 100, "rows that a turn reads, of %d", many)
	assert.Positive(t, rows)
}

// rowsRead ends the connections, and returns how many rows of a table were read: a server process
// tells it when it ends, at the latest.
func (w *fixture) rowsRead(table string) int {
	w.t.Helper()
	w.pool.Reset()
	await.True(w.t, func() bool {
		return w.server.Count(w.t, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'license-api' AND datname = current_database()`) == 0
	}, "the server's processes do not end")
	return w.server.Count(w.t, fmt.Sprintf(`SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = '%[1]s') + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = '%[1]s')::bigint`, table))
}

func TestWhatAnErasureLooksAtDoesNotGrowWithTheLeasesThatAreOver(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	const many, open, turns = 40_000, 8_000, 10
	w.server.Admin(t, fmt.Sprintf(`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, granted_at, seated_at, expires_at, ended_at, end_reason, erased_at)
		SELECT 'acme', 'ide', 'ide_' || i, 'floating', 'd', 'user' || i, now(), now(), now(),
			CASE WHEN i %% 5 > 0 THEN now() END, CASE WHEN i %% 5 > 0 THEN 'released' END, CASE WHEN i %% 5 > 0 THEN now() END FROM generate_series(1, %d) i`, many))
	w.server.Admin(t, `ANALYZE licensing.lease`)
	before := w.rowsRead("lease")
	for range turns {
		found, err := w.OpenErased(t.Context(), acme)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	assert.LessOrEqual(t, (w.rowsRead("lease")-before)/turns, open, "rows that are looked at for open leases of erased users, of %d", many)
}
