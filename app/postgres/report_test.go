package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// day is the hours around now.
func day() app.Period {
	now := time.Now().UTC().Truncate(time.Hour)
	return app.Period{From: now.Add(-12 * time.Hour), To: now.Add(12 * time.Hour)}
}

func TestRefusalsAtOnceAreAllCounted(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	const times = 40
	var group sync.WaitGroup
	for i := range times {
		group.Go(func() {
			event := app.Event{Origin: app.Origin{User: "ada", Address: "192.0.2.1"}, License: fmt.Sprintf("none-%d", i), Code: app.CodeLicenseNotFound, Detail: "asked"}
			assert.NoError(t, w.Refuse(t.Context(), acme, event))
		})
	}
	group.Wait()
	found, _, err := w.Denials(t.Context(), acme, "", day(), app.Event{}, 100)
	require.NoError(t, err)
	sum := 0
	for _, d := range found {
		sum += d.Times
		assert.Equal(t, app.ActionRefuse, d.Action)
		assert.Regexp(t, "^none-", d.License, "what was asked for")
	}
	assert.Equal(t, times, sum)
	assert.Less(t, len(found), times/2, "most are counted, and not written")
	others, _, err := w.Denials(t.Context(), other, "", day(), app.Event{}, 100)
	require.NoError(t, err)
	assert.Empty(t, others)
	assert.Zero(t, w.failed.Load())
}

func TestDenialsGoOnAfterTheOneThatIsNamed(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for i := range 5 {
		license := []string{"cad", "ide"}[i%2]
		require.NoError(t, w.Refuse(t.Context(), acme, app.Event{Origin: app.Origin{User: fmt.Sprint(i)}, License: license, Code: app.CodeNoSeats}))
	}
	// Two at the same time.
	w.server.Admin(t, `UPDATE licensing.audit SET at = date_trunc('hour', at) WHERE action = 'request.refuse'`)
	var users []string
	after := app.Event{}
	for {
		page, next, err := w.Denials(t.Context(), acme, "", day(), after, 2)
		require.NoError(t, err)
		for _, d := range page {
			users = append(users, d.User)
		}
		if next == nil {
			break
		}
		after = *next
	}
	assert.Equal(t, []string{"0", "1", "2", "3", "4"}, users)
	of, _, err := w.Denials(t.Context(), acme, "ide", day(), app.Event{}, 100)
	require.NoError(t, err)
	assert.Len(t, of, 2)
}

func TestAnEventSaysWhetherItsLeaseWasOpen(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	l := w.grant(lease("cad", "ada"))
	w.grant(l)
	w.end(l, app.ReasonExpired)
	w.grant(l)
	assert.Equal(t, ",extended,,", w.server.Text(t, `SELECT string_agg(detail, ',' ORDER BY id) || ',' FROM licensing.audit WHERE action = 'lease.acquire'`))
}

func TestTheHoursCountBackFromWhatIsOpenNow(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	one, two := w.grant(lease("cad", "ada")), w.grant(lease("cad", "bob"))
	w.end(one, app.ReasonExpired)
	w.end(one, app.ReasonReleased) // of a lease that had expired
	w.grant(two)
	w.grant(lease("ide", "eve"))
	hours, err := w.Hours(t.Context(), app.LicenseRef{Tenant: acme, License: "cad"}, day())
	require.NoError(t, err)
	require.Len(t, hours, 24)
	granted, peak := 0, 0
	for _, h := range hours {
		granted, peak = granted+h.Granted, max(peak, h.Peak)
		assert.Zero(t, h.Refused)
	}
	assert.Equal(t, []int{2, 2}, []int{granted, peak})
	assert.Zero(t, hours[0].Peak)
	assert.Equal(t, 1, hours[23].Peak, "one is open")
}

func TestADenialThatIsWrittenLateFallsBehindNoCursor(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	refuse := func(user string) {
		require.NoError(t, w.Refuse(t.Context(), acme, app.Event{Origin: app.Origin{User: user}, License: "cad", Code: app.CodeNoSeats}))
	}
	refuse("first")
	late, err := w.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = late.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = late.Exec(t.Context(), `SELECT set_config('licensing.tenant', $1, true)`, acme)
	require.NoError(t, err)
	_, err = late.Exec(t.Context(), `SELECT licensing.refuse($1, 'late', '', '', 'cad', '', 'no_seats_available', '')`, acme)
	require.NoError(t, err)
	refuse("last")
	// The last one's transaction may have begun at the same moment as the late one's.
	var began time.Time
	require.NoError(t, late.QueryRow(t.Context(), `SELECT now()`).Scan(&began))
	w.server.Admin(t, fmt.Sprintf(`UPDATE licensing.audit SET at = '%s' WHERE user_id = 'last'`, began.Format(time.RFC3339Nano)))

	page, next, err := w.Denials(t.Context(), acme, "", day(), app.Event{}, 2)
	require.NoError(t, err)
	require.NotNil(t, next)
	users := []string{page[0].User}
	require.Len(t, page, 1, "the last one may not be the second")
	require.NoError(t, late.Commit(t.Context()))
	rest, next, err := w.Denials(t.Context(), acme, "", day(), *next, 10)
	require.NoError(t, err)
	assert.Nil(t, next)
	for _, d := range rest {
		users = append(users, d.User)
	}
	assert.Equal(t, []string{"first", "late", "last"}, users)
}

func TestAReportThatEndsWithinAnHourLeavesOutWhatCameLater(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	hour := time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)
	early, late := w.grant(lease("cad", "ada")), w.grant(lease("cad", "bob"))
	for id, at := range map[string]time.Time{early.ID: hour.Add(10 * time.Minute), late.ID: hour.Add(40 * time.Minute)} {
		w.server.Admin(t, fmt.Sprintf(`UPDATE licensing.audit SET at = '%s' WHERE lease_id = '%s'`, at.Format(time.RFC3339), id))
	}
	ref := app.LicenseRef{Tenant: acme, License: "cad"}
	for to, want := range map[time.Duration][]int{30 * time.Minute: {1, 1}, time.Hour: {2, 2}, 40*time.Minute + time.Microsecond: {2, 2}, 40 * time.Minute: {1, 1}, 5 * time.Minute: {0, 0}} {
		found, err := w.Hours(t.Context(), ref, app.Period{From: hour, To: hour.Add(to)})
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.Equal(t, want, []int{found[0].Peak, found[0].Granted}, "until %s", to)
	}
}
