package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
)

// day is the hours around now.
func day() app.Period {
	now := time.Now().UTC().Truncate(time.Hour)
	return app.Period{From: now.Add(-12 * time.Hour), To: now.Add(12 * time.Hour)}
}

func TestRefusalsAtOnceAreAllCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const times = 40
	var group sync.WaitGroup
	for i := range times {
		group.Go(func() {
			event := app.Event{Origin: app.Origin{User: "ada", Address: "192.0.2.1"}, License: fmt.Sprintf("none-%d", i), Code: app.CodeLicenseNotFound, Detail: "asked"}
			assert.NoError(t, w.Refuse(t.Context(), acme, event))
		})
	}
	group.Wait()
	found, err := w.Denials(t.Context(), acme, "", day(), app.Event{}, 100)
	require.NoError(t, err)
	sum := 0
	for _, d := range found {
		sum += d.Times
		assert.Equal(t, app.ActionRefuse, d.Action)
	}
	assert.Equal(t, times, sum)
	assert.Less(t, len(found), times/2, "most are counted, and not written")
	others, err := w.Denials(t.Context(), other, "", day(), app.Event{}, 100)
	require.NoError(t, err)
	assert.Empty(t, others)
	assert.Zero(t, w.failed.Load())
}

func TestDenialsGoOnAfterTheOneThatIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		license := []string{"cad", "ide"}[i%2]
		require.NoError(t, w.Refuse(t.Context(), acme, app.Event{Origin: app.Origin{User: fmt.Sprint(i)}, License: license, Code: app.CodeNoSeats}))
	}
	// Two at the same time.
	w.server.Admin(t, apptest.Database, `UPDATE licensing.audit SET at = date_trunc('hour', at) WHERE action = 'request.refuse'`)
	var users []string
	after := app.Event{}
	for {
		page, err := w.Denials(t.Context(), acme, "", day(), after, 2)
		require.NoError(t, err)
		for _, d := range page {
			users = append(users, d.User)
		}
		if len(page) < 2 {
			break
		}
		after = page[1].Event
	}
	assert.Equal(t, []string{"0", "1", "2", "3", "4"}, users)
	of, err := w.Denials(t.Context(), acme, "ide", day(), app.Event{}, 100)
	require.NoError(t, err)
	assert.Len(t, of, 2)
}

func TestAnEventSaysWhetherItsLeaseWasOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.grant(lease("cad", "ada"))
	w.grant(l)
	w.end(l, app.ReasonExpired)
	w.grant(l)
	assert.Equal(t, ",extended,,", w.server.Text(t, `SELECT string_agg(detail, ',' ORDER BY id) || ',' FROM licensing.audit WHERE action = 'lease.acquire'`))
}

func TestTheHoursCountBackFromWhatIsOpenNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
