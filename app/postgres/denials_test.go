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
	"github.com/coditect-ai/license-platform/app/postgres"
)

// refused is a refusal of ada.
func refused() app.Event {
	return app.Event{
		Origin: app.Origin{User: "ada", Address: "192.0.2.1", RequestID: "request"}, Action: app.ActionRefuse,
		License: "cad", Lease: "cad_lease", Code: app.CodeNoSeats, Detail: "asked",
	}
}

func TestADenialIsReadAsItWasRefusedWithItsRepetitions(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	require.NoError(t, w.Refuse(t.Context(), acme, refused()))
	w.server.Admin(t, `UPDATE licensing.refusal SET last_at = last_at - interval '5 minutes'`)
	require.NoError(t, w.Refuse(t.Context(), acme, refused()))
	denials := func() []app.Denial {
		found, _, err := w.Denials(t.Context(), acme, "", day(), app.Event{}, 10)
		require.NoError(t, err)
		return found
	}
	found := denials()
	// When an hour begins between the two they are not one.
	if len(found) == 1 {
		assert.Equal(t, 2, found[0].Times)
		assert.True(t, found[0].LastAt.After(found[0].At))
	}
	w.server.Admin(t, `UPDATE licensing.refusal SET last_at = last_at + interval '10 minutes'`)
	found = denials()
	assert.GreaterOrEqual(t, found[0].LastAt.Sub(found[0].At), 5*time.Minute)
	want := refused()
	want.ID, want.At = found[0].ID, found[0].At
	assert.Equal(t, want, found[0].Event)

	// When two were the first at the same moment, only one of them is counted.
	w.server.Admin(t, `DELETE FROM licensing.refusal`)
	found = denials()
	assert.Equal(t, 1, found[0].Times)
	assert.Equal(t, found[0].At, found[0].LastAt)
}

func TestARefusalIsCountedWithOthersOfTheSameUserForTheSameReason(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for name, c := range map[string]struct {
		first, second func(*app.Event)
		want          []int
	}{
		"another user":                 {second: func(e *app.Event) { e.User = "bob" }, want: []int{1, 1}},
		"another licence":              {second: func(e *app.Event) { e.License = "ide" }, want: []int{1, 1}},
		"a licence that there is not":  {second: func(e *app.Event) { e.License = "none" }, want: []int{1, 1}},
		"another, and one that is not": {func(e *app.Event) { e.License = "ide" }, func(e *app.Event) { e.License = "none" }, []int{1, 1}},
		"two licences that are not":    {func(e *app.Event) { e.License = "none" }, func(e *app.Event) { e.License = "no-such" }, []int{2}},
		"another reason":               {second: func(e *app.Event) { e.Code = app.CodeUserLimit }, want: []int{1, 1}},
		"another call":                 {second: func(e *app.Event) { e.Detail = "asked something else" }, want: []int{1, 1}},
		"the same from elsewhere":      {second: func(e *app.Event) { e.Address = "198.51.100.1" }, want: []int{2}},
		"the same with another id":     {second: func(e *app.Event) { e.RequestID = "another" }, want: []int{2}},
		"the same with another lease":  {second: func(e *app.Event) { e.Lease = "cad_other" }, want: []int{2}},
	} {
		w.server.Admin(t, `DELETE FROM licensing.refusal`, `DELETE FROM licensing.audit WHERE action = 'request.refuse'`)
		// Both at one time, so that no hour begins between them.
		tx, err := w.pool.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `SELECT set_config('licensing.tenant', $1, true)`, acme)
		require.NoError(t, err)
		for _, change := range []func(*app.Event){c.first, c.second} {
			e := refused()
			if change != nil {
				change(&e)
			}
			_, err = tx.Exec(t.Context(), `SELECT licensing.refuse($1, $2, $3, $4, $5, $6, $7, $8)`, acme, e.User, e.Address, e.RequestID, e.License, e.Lease, e.Code, e.Detail)
			require.NoError(t, err, name)
		}
		require.NoError(t, tx.Commit(t.Context()))
		found, _, err := w.Denials(t.Context(), acme, "", day(), app.Event{}, 10)
		require.NoError(t, err)
		var times []int
		for _, d := range found {
			times = append(times, d.Times)
		}
		assert.Equal(t, c.want, times, name)
	}
}

func TestDenialsAreOfThePeriodInTheOrderOfTheirTimes(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	period := day()
	period.To = period.From.Add(2 * time.Hour)
	at := []time.Time{period.To, period.From.Add(-time.Microsecond), period.To.Add(-time.Microsecond), period.From, period.From}
	for i := range at {
		require.NoError(t, w.Refuse(t.Context(), acme, app.Event{License: "cad", Code: app.CodeNoSeats, Detail: fmt.Sprint(i)}))
	}
	// The last one is written over first, so that it lies before the one that it comes after.
	for i := len(at) - 1; i >= 0; i-- {
		w.server.Admin(t, fmt.Sprintf(`UPDATE licensing.audit SET at = '%s' WHERE detail = '%d'`, at[i].Format(time.RFC3339Nano), i))
	}
	var got []string
	for after := (app.Event{}); ; {
		page, next, err := w.Denials(t.Context(), acme, "", period, after, 1)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), 1)
		for _, d := range page {
			got = append(got, d.Detail)
		}
		require.LessOrEqual(t, len(got), len(at))
		if next == nil {
			break
		}
		after = *next
	}
	assert.Equal(t, []string{"3", "4", "2"}, got)
}

func TestDenialsThatAreStillBeingWrittenAreWaitedFor(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	late, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = late.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = late.Exec(t.Context(), `SELECT`)
	require.NoError(t, err)
	require.NoError(t, w.Refuse(t.Context(), acme, refused()))
	asked := make(chan struct{}, 100)
	ledger := postgres.NewLedger(w.pool, func(string, time.Duration, error) { asked <- struct{}{} })
	type answer struct {
		found []app.Denial
		next  *app.Event
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		found, next, err := ledger.Denials(context.WithoutCancel(t.Context()), acme, "", day(), app.Event{}, 1)
		answers <- answer{found, next, err}
	}()
	await.Receive(t, asked)
	require.NoError(t, late.Rollback(t.Context()))
	got := await.Receive(t, answers)
	require.NoError(t, got.err)
	require.Len(t, got.found, 1)
	require.NotNil(t, got.next)
	assert.Equal(t, got.found[0].ID, got.next.ID)
}
