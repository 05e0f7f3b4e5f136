package postgres_test

import (
	"crypto/rand"
	"crypto/sha256"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// list is one that is read in pages, and to which others add.
type list struct {
	// add makes one more, and returns what it is called.
	add func() string
	// page is what follows a cursor, "" for the beginning.
	page func(after string, limit int) []string
}

func names[T any](t *testing.T, name func(T) string) func(found []T, err error) []string {
	t.Helper()
	return func(found []T, err error) (all []string) {
		require.NoError(t, err)
		for _, one := range found {
			all = append(all, name(one))
		}
		return all
	}
}

func (w *fixture) lists() map[string]list {
	ctx, many := w.t.Context(), licence("many")
	many.Tenant, many.Seats = acme, 1000
	_, err := w.CreateLicense(ctx, many, app.Event{})
	require.NoError(w.t, err)
	licenses := names(w.t, func(l app.License) string { return l.ID })
	leases := names(w.t, func(l app.Lease) string { return l.ID })
	credentials := names(w.t, func(c app.Credential) string { return c.ID })
	events := names(w.t, func(e app.Event) string { return strconv.FormatInt(e.ID, 10) })
	grant := func() string { return w.grant(lease("many", "ada")).ID }
	return map[string]list{
		"licences": {func() string {
			one := licence(strings.ToLower(rand.Text()))
			one.Tenant = acme
			_, err := w.CreateLicense(ctx, one, app.Event{})
			require.NoError(w.t, err)
			return one.ID
		}, func(after string, limit int) []string { return licenses(w.Licenses(ctx, acme, after, limit)) }},
		"leases of a licence": {grant, func(after string, limit int) []string { return leases(w.Leases(ctx, many.Ref(), after, limit)) }},
		"leases of a user": {grant, func(after string, limit int) []string {
			return names(w.t, strings.Clone)(w.OpenOf(ctx, acme, "ada", after, limit))
		}},
		"credentials": {func() string {
			one := app.Credential{Tenant: acme, ID: strings.ToLower(rand.Text()), Licenses: []string{"cad"}}
			one.Name, one.Digest = one.ID, sha256.Sum256([]byte(one.ID))
			_, err := w.CreateCredential(ctx, one, app.Event{})
			require.NoError(w.t, err)
			return one.ID
		}, func(after string, limit int) []string { return credentials(w.ListCredentials(ctx, acme, after, limit)) }},
		"the audit trail": {func() string {
			require.NoError(w.t, w.Record(ctx, acme, app.Event{Action: app.ActionAcquire}))
			latest := events(w.Events(ctx, acme, 0, 1))
			return latest[0]
		}, func(after string, limit int) []string {
			before, _ := strconv.ParseInt(after, 10, 64)
			return events(w.Events(ctx, acme, before, limit))
		}},
	}
}

func TestWhoReadsAListWhileItGrowsMissesNothingAndSeesNothingTwice(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for name, l := range w.lists() {
		var there []string
		for range 12 {
			there = append(there, l.add())
		}
		seen, after := map[string]bool{}, ""
		for added := 0; ; added++ {
			page := l.page(after, 3)
			for _, one := range page {
				assert.False(t, seen[one], "%s: %s twice", name, one)
				seen[one] = true
			}
			if len(page) < 3 {
				break
			}
			after = page[2]
			if added < 30 {
				l.add()
			}
		}
		for _, one := range there {
			assert.True(t, seen[one], "%s: %s was there from the beginning", name, one)
		}
	}
}
