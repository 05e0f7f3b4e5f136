package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestWhatAnExportReadsDoesNotGrowWithOthers(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	const many, turns = 30_000, 12
	w.server.Admin(t, fmt.Sprintf(`INSERT INTO licensing.audit (tenant_id, user_id, action)
		SELECT CASE WHEN i %% 3 = 0 THEN 'acme' ELSE 'other' END, 'user' || i %% 5, 'lease.acquire' FROM generate_series(1, %d) i`, many))
	w.server.Admin(t, fmt.Sprintf(`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, granted_at, seated_at, expires_at, ended_at, end_reason)
		SELECT CASE WHEN i %% 3 = 0 THEN 'acme' ELSE 'other' END, 'ide', 'ide_' || i, 'floating', 'd', 'user' || i %% 5, now(), now(), now(), now(), 'released' FROM generate_series(1, %d) i`, many))
	w.declare("tiny", app.StatusActive, licence("ide"))
	w.grant(lease("ide", "ada"))
	w.server.Admin(t, `INSERT INTO licensing.audit (tenant_id, user_id, action) VALUES ('tiny', 'ada', 'lease.acquire')`)
	w.server.Admin(t, `ANALYZE licensing.audit, licensing.lease`)
	export := func(tenant, user string, limit, events int) {
		data, err := w.Export(t.Context(), tenant, user, app.Place{}, limit, app.Event{Action: app.ActionExport})
		require.NoError(t, err)
		require.Len(t, data.Events, events)
	}
	read := func(pages func()) int {
		before := w.rowsRead("audit") + w.rowsRead("lease")
		// A large tenant's come first: a plan that is kept would be theirs.
		for range 6 {
			export(acme, "", 5000, 5000)
		}
		pages()
		return w.rowsRead("audit") + w.rowsRead("lease") - before
	}
	large := read(func() {})
	for name, page := range map[string]func(){
		"a user beside others of the tenant": func() { export(acme, "ada", 5000, 1) },
		"a small tenant's users":             func() { export("tiny", "", 5000, 1) },
	} {
		rows := read(func() {
			for range turns {
				page()
			}
		})
		assert.Less(t, (rows-large)/turns, 500, "rows that are read for the data of %s, of %d", name, many)
	}
}

func TestWhatIsAddedOrErasedBetweenTwoPagesOfAnExportHidesNothingElseAndDoublesNothing(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	event := func(user string) {
		require.NoError(t, w.Record(t.Context(), acme, app.Event{Origin: app.Origin{User: user}, Action: app.ActionRelease, Detail: user}))
	}
	of := func(letter, user string) app.Lease {
		l := lease("ide", user)
		l.ID = "ide_" + strings.Repeat(letter, 26)
		w.grant(l)
		w.end(l, app.ReasonReleased)
		return l
	}
	var there []string
	for _, letter := range []string{"b", "d", "f", "h"} {
		there = append(there, of(letter, "ada").ID)
	}
	gone := of("g", "bob")
	event("ada")
	var leases []string
	events := map[int64]int{}
	for after, pages := (app.Place{}), 0; pages < 10; pages++ {
		data, err := w.Export(t.Context(), acme, "", after, 2, app.Event{Action: app.ActionExport})
		require.NoError(t, err)
		for _, l := range data.Leases {
			leases, after.Lease = append(leases, l.ID), l.ID
		}
		for _, e := range data.Events {
			events[e.ID]++
			after.Event = e.ID
		}
		if pages == 0 {
			of("a", "eve")
			of("e", "eve")
			event("eve")
			_, err := w.Erase(t.Context(), acme, "bob", app.Event{Action: app.ActionErase})
			require.NoError(t, err)
		}
		if len(data.Leases) < 2 && len(data.Events) < 2 {
			break
		}
	}
	assert.Subset(t, leases, there)
	assert.NotContains(t, leases, gone.ID, "who is erased meanwhile is not in the pages that follow")
	assert.Len(t, leases, len(there)+1, "a lease behind the place that was reached comes along, each once")
	for id, times := range events {
		assert.Equal(t, 1, times, id)
	}
	assert.Len(t, events, w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE user_id IN ('ada', 'eve')`))
}
