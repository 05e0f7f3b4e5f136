package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestALeaseIsReadAsItWasGrantedAndEnded(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	granted := w.grant(lease("ide", "ada"))
	found := w.read(granted)
	assert.True(t, found.GrantedAt.Equal(granted.GrantedAt))
	assert.True(t, found.SeatedAt.Equal(granted.GrantedAt), "it is seated when it is granted")
	assert.True(t, found.ExpiresAt.Equal(granted.ExpiresAt))
	found.GrantedAt, found.SeatedAt, found.ExpiresAt = granted.GrantedAt, time.Time{}, granted.ExpiresAt
	assert.Equal(t, granted, found)

	open, err := w.Leases(t.Context(), granted.Ref(), "", 10)
	require.NoError(t, err)
	require.Len(t, open, 1)
	assert.Equal(t, granted.ID, open[0].ID)
	w.end(granted, app.ReasonExpired)
	ended := w.read(granted)
	assert.Equal(t, app.ReasonExpired, ended.Reason)
	assert.WithinDuration(t, time.Now(), ended.EndedAt, time.Minute)
	open, err = w.Leases(t.Context(), granted.Ref(), "", 10)
	require.NoError(t, err)
	assert.Empty(t, open)

	_, err = w.Lease(t.Context(), other, granted.ID)
	assert.Equal(t, app.CodeLeaseNotFound, app.CodeOf(err), "another tenant has no such lease")
	_, err = w.Lease(t.Context(), "nobody", granted.ID)
	assert.Equal(t, app.CodeUnknownTenant, app.CodeOf(err))
	assert.Zero(t, w.failed.Load(), "an answer is no fault")
}

func TestOpenLeasesOfALicenceAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	first, second, over := w.grant(lease("ide", "ada")), w.grant(lease("ide", "bob")), lease("cad", "ada")
	w.grant(over)
	w.end(over, app.ReasonReleased)
	if first.ID > second.ID {
		first, second = second, first
	}
	page := func(after string, limit int) (ids []string) {
		found, err := w.Leases(t.Context(), first.Ref(), after, limit)
		require.NoError(t, err)
		for _, l := range found {
			ids = append(ids, l.ID)
		}
		return ids
	}
	assert.Equal(t, []string{first.ID, second.ID}, page("", 10))
	assert.Equal(t, []string{first.ID}, page("", 1))
	assert.Equal(t, []string{second.ID}, page(first.ID, 10), "the page after a lease is without it")
	assert.Empty(t, page(second.ID, 10))
}

func TestOpenLeasesOfAUserAreListedInPagesWhateverTheirLicence(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	var want []string
	for _, license := range []string{"cad", "ide"} {
		want = append(want, w.grant(lease(license, "ada")).ID)
		over := w.grant(lease(license, "ada"))
		w.end(over, app.ReasonExpired)
	}
	bobs := w.grant(lease("cad", "bob"))
	page := func(tenant, user, after string, limit int) []string {
		found, err := w.OpenOf(t.Context(), tenant, user, after, limit)
		require.NoError(t, err)
		return found
	}
	assert.Equal(t, want, page(acme, "ada", "", 10))
	assert.Equal(t, want[:1], page(acme, "ada", "", 1))
	assert.Equal(t, want[1:], page(acme, "ada", want[0], 1))
	assert.Empty(t, page(acme, "ada", want[1], 1))
	assert.ElementsMatch(t, append(want, bobs.ID), page(acme, "", "", 10))
	assert.Empty(t, page(other, "", "", 10))
}

// An erasure meets a heartbeat that has read the lease before: what the revival writes is
// personal data again.
func TestALeaseThatIsRevivedAfterItWasErasedCanBeExportedAndErasedAgain(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	l := w.grant(lease("ide", "ada"))
	w.end(l, app.ReasonExpired)
	changed, err := w.Erase(t.Context(), acme, "ada", app.Event{Action: app.ActionErase})
	require.NoError(t, err)
	assert.EqualValues(t, 2, changed, "the lease and its event")
	assert.Regexp(t, "^erased-", w.read(l).User)

	w.grant(l)
	assert.Equal(t, "ada", w.read(l).User)
	data, err := w.Export(t.Context(), acme, "ada", app.Place{}, 10, app.Event{Action: app.ActionExport})
	require.NoError(t, err)
	assert.Len(t, data.Leases, 1)
	changed, err = w.Erase(t.Context(), acme, "ada", app.Event{Action: app.ActionErase})
	require.NoError(t, err)
	assert.EqualValues(t, 2, changed)
	erased := w.read(l)
	assert.Regexp(t, "^erased-", erased.User)
	assert.Regexp(t, "^erased-", erased.Fingerprint)
	assert.Empty(t, erased.Email+erased.Address)
}

func TestTheLongerOfTwoGrantsOfAnOpenLeaseStays(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	borrowed := lease("ide", "ada")
	borrowed.Kind, borrowed.ExpiresAt = app.KindBorrowed, borrowed.GrantedAt.Add(24*time.Hour)
	w.grant(borrowed)
	floating := borrowed
	floating.Kind, floating.ExpiresAt = app.KindFloating, borrowed.GrantedAt.Add(time.Hour)
	w.grant(floating)
	found := w.read(borrowed)
	assert.Equal(t, app.KindBorrowed, found.Kind)
	assert.True(t, found.ExpiresAt.Equal(borrowed.ExpiresAt), "a heartbeat does not shorten a borrow")

	floating.ExpiresAt = borrowed.GrantedAt.Add(48 * time.Hour)
	w.grant(floating)
	found = w.read(borrowed)
	assert.Equal(t, app.KindFloating, found.Kind, "who has it for longer is back")
	assert.True(t, found.ExpiresAt.Equal(floating.ExpiresAt))

	w.end(floating, app.ReasonExpired)
	floating.ExpiresAt = borrowed.GrantedAt.Add(time.Hour)
	w.grant(floating)
	assert.True(t, w.read(borrowed).ExpiresAt.Equal(floating.ExpiresAt), "what is over does not lengthen what follows it")
}

// After the lease time was shortened, for example. Two grants may be written in another order.
func TestTheLaterOfTwoFloatingGrantsOfAnOpenLeaseCounts(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	before := w.grant(lease("ide", "ada"))
	now := before
	now.GrantedAt, now.ExpiresAt = before.GrantedAt.Add(time.Microsecond), before.GrantedAt.Add(time.Minute)
	for _, one := range []app.Lease{now, before, now} {
		w.grant(one)
		found := w.read(before)
		assert.True(t, found.ExpiresAt.Equal(now.ExpiresAt), found.ExpiresAt)
		assert.True(t, found.GrantedAt.Equal(now.GrantedAt))
	}
	w.end(before, app.ReasonExpired)
	w.grant(before)
	assert.True(t, w.read(before).ExpiresAt.Equal(before.ExpiresAt), "one that is over begins anew")
}

func TestAnEndingSparesALeaseThatWasSeatedLaterAndIsWrittenOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	l := w.grant(lease("ide", "ada"))
	expiries := func() int {
		return w.server.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'lease.expire' AND lease_id = $1`, l.ID)
	}
	expire := func(at time.Time) {
		require.NoError(t, w.EndAll(t.Context(), []app.Settlement{{Ref: l.Ref(), Endings: []app.Ending{{Lease: l.ID, At: at, Reason: app.ReasonExpired}}}}))
	}
	expire(l.GrantedAt.Add(-time.Microsecond))
	assert.Zero(t, w.read(l).EndedAt, "it was seated after that")
	rebuilt := l.GrantedAt.Add(time.Minute)
	require.NoError(t, w.Seat(t.Context(), l.Ref(), rebuilt))
	require.NoError(t, w.Seat(t.Context(), l.Ref(), l.GrantedAt), "an older rebuild changes nothing")
	expire(rebuilt.Add(-time.Microsecond))
	assert.Zero(t, w.read(l).EndedAt, "all of the licence's were seated after that")
	assert.Zero(t, expiries())

	expire(rebuilt)
	assert.True(t, w.read(l).EndedAt.Equal(rebuilt))
	expire(rebuilt.Add(time.Second))
	assert.True(t, w.read(l).EndedAt.Equal(rebuilt), "it is over already")
	assert.Equal(t, 1, expiries())
	w.end(l, app.ReasonReleased)
	assert.Equal(t, app.ReasonReleased, w.read(l).Reason, "its holder can still give it back for good")
	refused := w.Grant(t.Context(), l, 0, nil, app.Event{})
	assert.Equal(t, app.CodeLeaseEnded, app.CodeOf(refused))
}
