package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// rows are what a query returns to the API's role, which has named no tenant.
func rows[T any](w *fixture, query string, arguments ...any) []T {
	w.t.Helper()
	found, err := w.pool.Query(w.t.Context(), query, arguments...)
	require.NoError(w.t, err)
	all, err := pgx.CollectRows(found, pgx.RowToStructByPos[T])
	require.NoError(w.t, err)
	return all
}

// The service asks for hundreds of tenants and leases at a time.
func TestOpenLeasesAreTheSameInPagesOfAnySize(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	// In bytes a lease of cad-2 comes before one of cad, and its licence after it.
	w.declare(acme, app.StatusActive, licence("cad"), licence("cad-2"), licence("ide"))
	w.changes(func(l *app.License) { l.Seats = 9 })
	w.declare("zeta", app.StatusActive, licence("ide"))
	w.server.Admin(t, `UPDATE licensing.tenant SET name = 'Other' WHERE id = 'other'`)
	start := time.Now().UTC().Truncate(time.Microsecond)
	var want []app.OpenLease
	for _, of := range []app.LicenseRef{{Tenant: acme, License: "cad"}, {Tenant: acme, License: "cad-2"}, {Tenant: acme, License: "ide"}, {Tenant: other, License: "ide"}, {Tenant: "zeta", License: "ide"}} {
		revision := w.server.Count(t, `SELECT l.revision + t.revision FROM licensing.license l JOIN licensing.tenant t ON t.id = l.tenant_id WHERE l.tenant_id = $1 AND l.id = $2`, of.Tenant, of.License)
		for _, id := range []string{"_c", "_a", "_over", "_b"} {
			w.server.Admin(t, `INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, granted_at, seated_at, expires_at)
				VALUES ('`+of.Tenant+`', '`+of.License+`', '`+of.License+id+`', 'floating', 'd', 'ada', now(), '`+start.Format(time.RFC3339Nano)+`', now())`)
		}
		seated := start
		switch of.License {
		case "cad-2":
			require.NoError(t, w.Seat(t.Context(), of, start.Add(-time.Hour)))
		case "ide":
			seated = start.Add(time.Hour)
			require.NoError(t, w.Seat(t.Context(), of, seated))
		}
		for _, id := range []string{"_a", "_b", "_c"} {
			want = append(want, app.OpenLease{LicenseRef: of, ID: of.License + id, SeatedAt: seated, Revision: int64(revision)})
		}
	}
	w.server.Admin(t, `UPDATE licensing.lease SET ended_at = now(), end_reason = 'expired' WHERE id LIKE '%_over'`)
	type row struct {
		Tenant, License, Lease string
		Seated                 time.Time
		Revision               int64
	}
	for most := 1; most <= len(want)+1; most++ {
		for visits := 1; visits <= 4; visits++ {
			var got []app.OpenLease
			after := row{}
			for calls := 0; ; calls++ {
				require.Less(t, calls, 2*len(want), "it goes round in circles, %d at a time of %d tenants", most, visits)
				page := rows[row](w, `SELECT tenant, license, lease, seated, revision FROM licensing.open_leases($1, $2, $3, $4, $5)`, after.Tenant, after.License, after.Lease, most, visits)
				require.LessOrEqual(t, len(page), most)
				for _, r := range page {
					after = r
					if r.Lease != "" {
						got = append(got, app.OpenLease{LicenseRef: app.LicenseRef{Tenant: r.Tenant, License: r.License}, ID: r.Lease, SeatedAt: r.Seated.UTC(), Revision: r.Revision})
					}
				}
				if len(page) == 0 || len(page) < most && after.Lease != "" {
					break
				}
			}
			require.Equal(t, want, got, "%d at a time of %d tenants", most, visits)
		}
	}
}

func TestATenantIsVisitedOnceAndForgetsWhatIsOldInLeasesOrInTheTrail(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for _, tenant := range []string{"event", "lease", "none", "open"} {
		w.declare(tenant, app.StatusActive, licence("ide"))
		if tenant == "none" {
			continue
		}
		l := lease("ide", "ada")
		l.Tenant = tenant
		w.grant(l)
		if tenant != "open" {
			w.end(l, app.ReasonReleased)
		}
	}
	w.server.Admin(t, `UPDATE licensing.lease SET erased_at = now() WHERE tenant_id = 'event'`, `UPDATE licensing.audit SET erased_at = now() WHERE tenant_id IN ('lease', 'open')`)
	type visit struct {
		Tenant string
		Old    bool
	}
	want := []visit{{acme, false}, {"event", true}, {"lease", true}, {"none", false}, {"open", false}, {other, false}}
	for visits := 1; visits <= len(want)+1; visits++ {
		var got []visit
		after := ""
		for {
			page := rows[visit](w, `SELECT tenant, old FROM licensing.aged(now() + interval '1 hour', $1, $2)`, after, visits)
			require.LessOrEqual(t, len(page), visits)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1].Tenant
			require.LessOrEqual(t, len(got), len(want), "%d tenants at a time", visits)
		}
		assert.Equal(t, want, got, "%d tenants at a time", visits)
	}
}

// The functions that visit tenants act as each of them in turn.
func TestWhoHasVisitedTenantsSeesNothingOfThem(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.grant(lease("ide", "ada"))
	conn, err := w.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for _, visit := range []string{`SELECT FROM licensing.open_leases('', '', '', 10, 10)`, `SELECT FROM licensing.aged(now(), '', 10)`} {
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), visit)
		require.NoError(t, err)
		var seen int
		require.NoError(t, tx.QueryRow(t.Context(), `SELECT count(*) FROM licensing.tenant`).Scan(&seen))
		assert.Zero(t, seen, visit)
		require.NoError(t, tx.Commit(t.Context()))
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM licensing.tenant`).Scan(&seen))
		assert.Zero(t, seen, visit)
	}
}

func TestWhatChangesAgainIsListedAgainAndItsRevisionOnlyGrows(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.changes(func(l *app.License) { l.Seats = 7 })
	since, err := w.Mark(t.Context())
	require.NoError(t, err)
	w.changes(func(l *app.License) { l.Seats = 8 })
	w.declare(other, app.StatusSuspended)
	ide := app.LicenseRef{Tenant: acme, License: "ide"}
	found, err := w.Changed(t.Context(), since, app.LicenseRef{Tenant: acme, License: "cad"}, 10)
	require.NoError(t, err)
	assert.Contains(t, found, ide, "it is after the licence, and in its tenant")
	assert.Contains(t, found, app.LicenseRef{Tenant: other})

	before, err := w.License(t.Context(), ide)
	require.NoError(t, err)
	w.server.Admin(t, `UPDATE licensing.license SET revision = 0 WHERE tenant_id = 'acme' AND id = 'ide'`)
	after, err := w.License(t.Context(), ide)
	require.NoError(t, err)
	assert.Greater(t, after.Revision, before.Revision)
}
