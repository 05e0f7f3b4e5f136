package server_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/verify"
)

// of mints the token of a user of groups.
func (w *fixture) of(t testing.TB, user string, groups ...string) string {
	t.Helper()
	claims := apptest.Claims(mine, user)
	claims["groups"] = groups
	return w.google.Mint(t, claims)
}

func TestALicenceIsUsedAsItsPolicySays(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	api := w.serve(t, nil)
	admin, ada, bob, dan := w.admin(t), w.of(t, "ada"), w.of(t, "bob"), w.of(t, "dan", "staff", "devs")
	create := func(t *testing.T, id, terms string) {
		t.Helper()
		r := api.call(t, "POST", "/v1/licenses", admin, `{"id":"`+id+`","product":"coditect-ide",`+terms+`}`)
		require.Equal(t, 201, r.status, string(r.raw))
	}
	update := func(t *testing.T, id, terms string) {
		t.Helper()
		r := api.call(t, "POST", "/v1/licenses/"+id+"/update", admin, terms)
		require.Equal(t, 200, r.status, string(r.raw))
	}

	t.Run("one user cannot empty it", func(t *testing.T) {
		t.Parallel()
		create(t, "each", `"seats":3,"userSeats":1`)
		first := api.acquire(t, "each", ada, "laptop")
		require.Equal(t, 201, first.status)
		refused := api.acquire(t, "each", ada, "desk")
		assert.Equal(t, 409, refused.status)
		assert.Equal(t, "user_limit_reached", refused.text("code"))
		assert.Equal(t, []any{1.0, 1.0}, []any{refused.body["seats"], refused.body["seatsInUse"]})
		assert.Equal(t, 201, api.acquire(t, "each", bob, "desk").status)
		update(t, "each", `{"userSeats":2}`)
		assert.Equal(t, 201, api.acquire(t, "each", ada, "desk-2").status)
		update(t, "each", `{"userSeats":1}`)
		assert.Equal(t, 200, api.heartbeat(t, ada, first.text("leaseId")).status, "what is held stays")
		assert.EqualValues(t, 1, api.call(t, "GET", "/v1/licenses/each", ada, "").body["userSeats"])
	})

	t.Run("seats are kept for a group", func(t *testing.T) {
		t.Parallel()
		create(t, "kept", `"seats":2,"reservations":[{"group":"devs","seats":1}]`)
		assert.Equal(t, 201, api.acquire(t, "kept", ada, "laptop").status)
		refused := api.acquire(t, "kept", bob, "desk")
		assert.Equal(t, 409, refused.status)
		assert.Equal(t, "seats_reserved", refused.text("code"))
		assert.EqualValues(t, 1, refused.body["seatsReserved"])
		w.forgetSeats(t, "kept")
		assert.Equal(t, "seats_reserved", api.acquire(t, "kept", bob, "desk").text("code"), "and so after the live state was lost")
		held := api.acquire(t, "kept", dan, "dev-box")
		require.Equal(t, 201, held.status, string(held.raw))
		assert.Equal(t, "devs", held.text("reservation"))
		w.forgetSeats(t, "kept")
		seen := api.call(t, "GET", "/v1/licenses/kept", admin, "")
		assert.Equal(t, []any{map[string]any{"group": "devs", "seats": 1.0, "seatsInUse": 1.0}}, seen.body["reserved"])
		assert.NotContains(t, string(api.call(t, "GET", "/v1/licenses/kept", ada, "").raw), "devs", "groups are for administrators to see")
		assert.Contains(t, string(api.call(t, "GET", "/v1/licenses/kept/leases", admin, "").raw), `"reservation":"devs"`)
		update(t, "kept", `{"reservations":[]}`)
		assert.NotContains(t, string(api.call(t, "GET", "/v1/licenses/kept", admin, "").raw), "devs")
	})

	t.Run("its features are in the token", func(t *testing.T) {
		t.Parallel()
		create(t, "able", `"seats":2,"features":["export","sso"]`)
		keys := api.call(t, "GET", "/.well-known/jwks.json", "", "")
		r := api.acquire(t, "able", ada, "laptop")
		assert.Equal(t, []any{"export", "sso"}, r.body["features"])
		found, err := verify.Token(keys.raw, r.text("token"), verify.Expected{Product: "coditect-ide", Fingerprint: "laptop", Features: []string{"sso"}})
		require.NoError(t, err)
		assert.True(t, found.Has("export"))
		assert.False(t, found.Has("audit"))
		update(t, "able", `{"features":[]}`)
		found, err = verify.Token(keys.raw, api.acquire(t, "able", ada, "laptop").text("token"), verify.Expected{Product: "coditect-ide", Fingerprint: "laptop"})
		require.NoError(t, err)
		assert.Empty(t, found.Features)
	})

	t.Run("after its end what is held is renewed for its grace", func(t *testing.T) {
		t.Parallel()
		create(t, "late", `"seats":2,"graceSeconds":3600,"maxBorrowSeconds":3600`)
		keys := api.call(t, "GET", "/.well-known/jwks.json", "", "")
		lease := api.acquire(t, "late", ada, "laptop").text("leaseId")
		update(t, "late", `{"expiresAt":"`+time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)+`"}`)
		for range 2 { // by what is live, and by the ledger
			for _, body := range []string{"", "{}"} { // the quick way of a heartbeat, and that of all others
				beat := api.call(t, "POST", "/v1/leases/"+lease+"/heartbeat", ada, body)
				require.Equal(t, 200, beat.status, string(beat.raw))
				assert.Equal(t, true, beat.body["inGrace"])
			}
			again := api.acquire(t, "late", ada, "laptop")
			require.Equal(t, 200, again.status, string(again.raw))
			assert.Equal(t, true, again.body["inGrace"])
			found, err := verify.Token(keys.raw, again.text("token"), verify.Expected{Product: "coditect-ide", Fingerprint: "laptop"})
			require.NoError(t, err)
			assert.True(t, found.InGrace)
			assert.Equal(t, "license_expired", api.acquire(t, "late", bob, "desk").text("code"))
			borrow := api.call(t, "POST", "/v1/licenses/late/borrow", ada, `{"fingerprint":"laptop","durationSeconds":60}`)
			assert.Equal(t, "license_expired", borrow.text("code"))
			w.forgetSeats(t, "late")
		}
		update(t, "late", `{"graceSeconds":30}`)
		assert.Equal(t, "license_expired", api.heartbeat(t, ada, lease).text("code"))
	})

	t.Run("when it is full it takes from the idlest, who is told", func(t *testing.T) {
		t.Parallel()
		create(t, "busy", `"seats":1,"whenFull":"take"`)
		lost := api.acquire(t, "busy", ada, "laptop").text("leaseId")
		taker := api.call(t, "POST", "/v1/licenses/busy/acquire", bob, `{"fingerprint":"desk"}`, "X-Request-Id", "take-1")
		require.Equal(t, 201, taker.status, string(taker.raw))
		for range 2 {
			beat := api.heartbeat(t, ada, lost)
			assert.Equal(t, 410, beat.status)
			assert.Equal(t, "lease_taken", beat.text("code"))
			w.forgetSeats(t, "busy")
		}
		assert.Equal(t, 204, api.release(t, ada, lost).status, "it is over already")
		assert.Equal(t, "bob|lease.take|busy|"+lost+"||\nbob|lease.acquire|busy|"+taker.text("leaseId")+"||", w.trail(t, "take-1"))
		update(t, "busy", `{"takeIdleSeconds":60}`)
		assert.Equal(t, "no_seats_available", api.acquire(t, "busy", ada, "laptop").text("code"), "nobody is idle for so long")
	})

	t.Run("what cannot be is refused", func(t *testing.T) {
		t.Parallel()
		for field, terms := range map[string]string{
			"body.reservations": `"reservations":[{"group":"a","seats":2},{"group":"b","seats":2}]`,
			"body.features":     `"features":["Export"]`,
			"body.userSeats":    `"userSeats":-1`,
			"body.graceSeconds": `"graceSeconds":7776001`,
			"body.whenFull":     `"whenFull":"panic"`,
			"body.expiresAt":    `"expiresAt":"0000-01-01T00:00:00+23:59"`,
		} {
			r := api.call(t, "POST", "/v1/licenses", admin, `{"id":"never","product":"p","seats":3,`+terms+`}`)
			assert.Equal(t, 422, r.status, field)
			assert.Contains(t, string(r.raw), field)
		}
	})
}

func TestNobodyLosesASeatToAGrantThatIsNotSigned(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "busy", Product: "p", Seats: 1, Policy: app.Policy{WhenFull: app.WhenFullTake}})
	require.NoError(t, err)
	first, err := h.Acquire(t.Context(), ada(), "busy", "laptop")
	require.NoError(t, err)

	h.sign = func(context.Context) error {
		_, beat := h.Heartbeat(t.Context(), ada(), first.Lease.ID)
		return errors.Join(beat, unavailableKey())
	}
	_, err = h.Acquire(t.Context(), bob(), "busy", "desk")
	require.Equal(t, app.CodeUnavailable, app.CodeOf(err))
	_, err = h.Heartbeat(t.Context(), ada(), first.Lease.ID)
	require.NoError(t, err, "its seat was not taken")

	h.sign = nil
	taker, err := h.Acquire(t.Context(), bob(), "busy", "desk")
	require.NoError(t, err)
	assert.True(t, taker.New)
	assert.Equal(t, taker.Lease.ExpiresAt.Unix(), h.claims().Expires)
	assert.Equal(t, taker.Lease.GrantedAt.Unix(), h.claims().IssuedAt)
	assert.Equal(t, taker.Lease.ID, h.claims().Lease)
	_, err = h.Heartbeat(t.Context(), ada(), first.Lease.ID)
	assert.Equal(t, app.CodeLeaseTaken, app.CodeOf(err))

	// The seat is given back by its holder while the next grant is signed: nobody loses one.
	h.sign = func(context.Context) error {
		h.sign = nil
		return h.Release(t.Context(), bob(), taker.Lease.ID)
	}
	last, err := h.Acquire(t.Context(), ada(), "busy", "laptop")
	require.NoError(t, err)
	assert.Equal(t, last.Lease.ID, h.claims().Lease)
	assert.Equal(t, 1, h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.audit WHERE action = 'lease.take'`))
	assert.Equal(t, 1, h.inUse(t, "busy"))
}

func TestManyWhoAskAtOnceGetNoMoreThanTheirShare(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "crowd", Product: "p", Seats: 20, Policy: app.Policy{
		UserSeats: 3, Reservations: []app.GroupSeats{{Group: "devs", Seats: 6}},
	}})
	require.NoError(t, err)
	var others, devs atomic.Int64
	var group sync.WaitGroup
	for i := range 80 {
		who := app.Principal{Tenant: mine, User: fmt.Sprintf("user-%d", i%8)}
		count := &others
		if i%8 < 3 {
			who.Groups, count = []string{"devs"}, &devs
		}
		group.Go(func() {
			if _, err := h.Acquire(t.Context(), who, "crowd", fmt.Sprintf("device-%d", i)); err == nil {
				count.Add(1)
			}
		})
	}
	group.Wait()
	assert.LessOrEqual(t, others.Load(), int64(14), "six are kept")
	assert.GreaterOrEqual(t, devs.Load(), int64(6))
	assert.Zero(t, h.fixture.postgres.Count(t, `SELECT count(*) FROM (SELECT user_id FROM licensing.lease WHERE license_id = 'crowd' AND ended_at IS NULL GROUP BY user_id HAVING count(*) > 3) more`))
}
