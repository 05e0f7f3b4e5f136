package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// happening is an event of a lease, some minutes after a report begins.
type happening struct {
	minute int
	action app.Action
	lease  string
	detail string
}

// happened writes the leases of a licence that are open and the events of its audit trail.
func (w *fixture) happened(license string, begin time.Time, open string, events []happening) {
	w.t.Helper()
	var statements []string
	for _, id := range strings.Fields(open) {
		statements = append(statements, fmt.Sprintf(`INSERT INTO licensing.lease (tenant_id, license_id, id, kind, fingerprint, user_id, granted_at, seated_at, expires_at)
			VALUES ('acme', '%[1]s', '%[1]s_%[2]s', 'floating', 'd', 'ada', now(), now(), now())`, license, id))
	}
	for _, e := range events {
		statements = append(statements, fmt.Sprintf(`INSERT INTO licensing.audit (tenant_id, at, action, license_id, lease_id, detail) VALUES ('acme', '%s', '%s', '%[3]s', '%[3]s_%s', '%s')`,
			begin.Add(time.Duration(e.minute)*time.Minute).Format(time.RFC3339), e.action, license, e.lease, e.detail))
	}
	w.server.Admin(w.t, statements...)
}

// elsewhere sets the database to a time zone that is half an hour from UTC, so that its hours are others.
func (w *fixture) elsewhere() {
	w.t.Helper()
	w.server.Admin(w.t, fmt.Sprintf(`ALTER DATABASE %s SET timezone = 'Asia/Kolkata'`, w.server.Database))
	w.pool.Reset()
}

func TestEachHourHasThePeakOfOpenLeasesAndThoseThatWereGranted(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.elsewhere()
	const acquire, borrow, revive, release, expire = app.ActionAcquire, app.ActionBorrow, app.ActionRevive, app.ActionRelease, app.ActionExpire
	cases := []struct {
		name   string
		open   string
		events []happening
		// want is PEAK/GRANTED of each hour.
		want string
	}{
		{"a borrowed one and a revived one are granted, too", "", []happening{{10, borrow, "a", ""}, {20, expire, "a", ""}, {30, revive, "a", ""}, {40, release, "a", ""}}, "1/2 0/0 0/0 0/0"},
		{"what is open when an hour begins counts in it", "", []happening{{10, acquire, "a", ""}, {190, release, "a", ""}}, "1/1 1/0 1/0 1/0"},
		{"one from before is not granted when it is extended", "a", []happening{{-30, acquire, "a", ""}, {70, acquire, "a", app.DetailExtended}}, "1/0 1/0 1/0 1/0"},
		{"the beginning is part of the report", "a", []happening{{0, acquire, "a", ""}}, "1/1 1/0 1/0 1/0"},
		{"what ended later was open", "", []happening{{30, acquire, "a", ""}, {300, release, "a", ""}}, "1/1 1/0 1/0 1/0"},
		{"a clock that is behind hides no lease", "", []happening{{10, acquire, "a", ""}, {5, release, "a", ""}, {20, acquire, "b", ""}, {15, release, "b", ""}}, "1/2 0/0 0/0 0/0"},
		{"a clock that is ahead hides no revival", "a", []happening{{10, acquire, "a", ""}, {20, expire, "a", ""}, {15, revive, "a", ""}}, "1/2 1/0 1/0 1/0"},
		{"the order of the times counts, not that of the writing", "", []happening{{70, acquire, "a", ""}, {10, acquire, "b", ""}, {80, release, "a", ""}, {90, release, "b", ""}}, "1/1 2/1 0/0 0/0"},
		{"an end that is missing leaves no hour below zero", "", []happening{{70, acquire, "a", ""}}, "0/0 0/1 0/0 0/0"},
	}
	begin := time.Now().UTC().Truncate(time.Hour).Add(-10 * time.Hour)
	licenses := make([]app.License, len(cases))
	for i := range cases {
		licenses[i] = licence(fmt.Sprintf("case-%d", i))
	}
	w.declare(acme, app.StatusActive, licenses...)
	for i, c := range cases {
		w.happened(licenses[i].ID, begin, c.open, c.events)
		found, err := w.Hours(t.Context(), app.LicenseRef{Tenant: acme, License: licenses[i].ID}, app.Period{From: begin, To: begin.Add(4 * time.Hour)})
		require.NoError(t, err, c.name)
		var got []string
		for n, h := range found {
			assert.True(t, h.At.Equal(begin.Add(time.Duration(n)*time.Hour)), c.name)
			got = append(got, fmt.Sprintf("%d/%d", h.Peak, h.Granted))
		}
		assert.Equal(t, c.want, strings.Join(got, " "), c.name)
	}
}

func TestTheHoursCountTheRefusalsOfTheLicenceWithTheirRepetitions(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.elsewhere()
	begin := time.Now().UTC().Truncate(time.Hour).Add(-10 * time.Hour)
	refuse := func(license, asked string, times int, at time.Duration) {
		for range times {
			require.NoError(t, w.Refuse(t.Context(), acme, app.Event{License: license, Code: app.CodeNoSeats, Detail: asked}))
		}
		w.server.Admin(t, fmt.Sprintf(`UPDATE licensing.audit SET at = '%s' WHERE detail = '%s'`, begin.Add(at).Format(time.RFC3339Nano), asked))
	}
	refuse("cad", "at the beginning", 3, 0)
	refuse("cad", "just before", 1, -time.Microsecond)
	refuse("ide", "of another licence", 1, time.Minute)
	refuse("cad", "not counted", 1, 90*time.Minute)
	w.server.Admin(t, `DELETE FROM licensing.refusal r USING licensing.audit a WHERE a.id = r.audit_id AND a.detail = 'not counted'`)
	refuse("cad", "at the end", 1, 110*time.Minute)
	refuse("cad", "in its last hour, but later", 1, 115*time.Minute)
	found, err := w.Hours(t.Context(), app.LicenseRef{Tenant: acme, License: "cad"}, app.Period{From: begin, To: begin.Add(110 * time.Minute)})
	require.NoError(t, err)
	require.Len(t, found, 2)
	assert.Equal(t, []int{3, 1}, []int{found[0].Refused, found[1].Refused})
}

func TestAReportOfTooManyEventsIsRefused(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.grant(lease("cad", "ada"))
	w.grant(lease("cad", "bob"))
	ref := app.LicenseRef{Tenant: acme, License: "cad"}
	_, err := w.HoursWithin(t.Context(), ref, day(), 2)
	require.NoError(t, err)
	_, err = w.HoursWithin(t.Context(), ref, day(), 1)
	assert.Equal(t, app.CodeValidation, app.CodeOf(err))
}

func TestReportsAreMadeForTenantsThatMayWork(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.declare(other, app.StatusSuspended)
	for tenant, code := range map[string]app.Code{"nobody": app.CodeUnknownTenant, other: app.CodeTenantSuspended} {
		_, err := w.Hours(t.Context(), app.LicenseRef{Tenant: tenant, License: "ide"}, day())
		assert.Equal(t, code, app.CodeOf(err), tenant)
		_, _, err = w.Denials(t.Context(), tenant, "", day(), app.Event{}, 10)
		assert.Equal(t, code, app.CodeOf(err), tenant)
	}
}
