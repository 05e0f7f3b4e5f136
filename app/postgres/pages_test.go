package postgres_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestWhatAnExportReadsDoesNotGrowWithOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
