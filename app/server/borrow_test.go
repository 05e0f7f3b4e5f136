package server_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
)

// The table of docs/api.md: what each call makes of a lease, by its kind and how much of it
// is left. Lease times are an hour, so that what a call did can be told from what was before.
func TestWhatACallMakesOfALeaseDependsOnItsKindAndWhatIsLeft(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	const lease, longest = time.Hour, 24 * time.Hour
	type state struct {
		kind app.Kind
		left time.Duration
	}
	floating := func(left time.Duration) state { return state{app.KindFloating, left} }
	borrowed := func(left time.Duration) state { return state{app.KindBorrowed, left} }
	refused := func(code app.Code) string { return string(code) }
	for i, c := range []struct {
		is   state
		call string
		// ends is the licence's own end from now, 0 for none.
		ends    time.Duration
		becomes state
		code    string
	}{
		{is: floating(time.Minute), call: "acquire", becomes: floating(lease)},
		{is: floating(time.Minute), call: "heartbeat", becomes: floating(lease)},
		{is: floating(time.Minute), call: "borrow 10m", becomes: borrowed(10 * time.Minute)},
		// A seat by a longer lease time of before.
		{is: floating(2 * lease), call: "acquire", becomes: floating(lease)},
		{is: floating(2 * lease), call: "heartbeat", becomes: floating(lease)},
		{is: floating(lease), call: "borrow 10m", becomes: borrowed(10 * time.Minute)},
		{is: floating(time.Minute), call: "borrow 5h", becomes: borrowed(5 * time.Hour)},
		{is: borrowed(5 * time.Hour), call: "acquire", becomes: borrowed(5 * time.Hour)},
		{is: borrowed(5 * time.Hour), call: "heartbeat", becomes: borrowed(5 * time.Hour)},
		{is: borrowed(5 * time.Hour), call: "borrow 10m", becomes: borrowed(5 * time.Hour)},
		{is: borrowed(5 * time.Hour), call: "borrow 6h", becomes: borrowed(6 * time.Hour)},
		{is: borrowed(10 * time.Minute), call: "acquire", becomes: floating(lease)},
		{is: borrowed(10 * time.Minute), call: "heartbeat", becomes: floating(lease)},
		{is: borrowed(10 * time.Minute), call: "borrow 30m", becomes: borrowed(30 * time.Minute)},
		{is: floating(-time.Second), call: "heartbeat", becomes: floating(lease)},
		{is: borrowed(-time.Second), call: "heartbeat", becomes: floating(lease)},
		{is: floating(-time.Second), call: "acquire", becomes: floating(lease)},
		{is: borrowed(-time.Second), call: "acquire", becomes: floating(lease)},
		{is: borrowed(-time.Second), call: "borrow 10m", becomes: borrowed(10 * time.Minute)},
		{is: floating(time.Minute), call: "acquire", ends: 5 * time.Minute, becomes: floating(5 * time.Minute)},
		{is: floating(time.Minute), call: "heartbeat", ends: 5 * time.Minute, becomes: floating(5 * time.Minute)},
		{is: floating(time.Minute), call: "borrow 10m", ends: 5 * time.Minute, becomes: borrowed(5 * time.Minute)},
		{is: borrowed(10 * time.Minute), call: "acquire", ends: 20 * time.Minute, becomes: floating(20 * time.Minute)},
		{is: borrowed(10 * time.Minute), call: "heartbeat", ends: 20 * time.Minute, becomes: floating(20 * time.Minute)},
		{is: floating(time.Minute), call: "borrow 25h", code: refused(app.CodeBorrowNotAllowed), becomes: floating(time.Minute)},
	} {
		for _, lost := range []bool{false, true} {
			name := fmt.Sprintf("%02d %s %s left, licence ends %s, %s, live state lost before it %t", i, c.is.kind, c.is.left, c.ends, c.call, lost)
			if lost && c.is.left < lease {
				// A rebuild keeps what has less for a lease time: the test beside this one.
				continue
			}
			t.Run(name, func(t *testing.T) {
				license := app.License{ID: fmt.Sprintf("table-%d-%t", i, lost), Product: "p", Seats: 1, LeaseTTL: lease, MaxBorrow: longest}
				if c.ends > 0 {
					license.ExpiresAt = time.Now().Add(c.ends)
				}
				_, err := h.CreateLicense(t.Context(), root(), license)
				require.NoError(t, err)
				g, err := h.Acquire(t.Context(), ada(), license.ID, "laptop")
				require.NoError(t, err)
				prefix := "seats:{" + mine + "/" + license.ID + "}:"
				set := func() {
					at := float64(time.Now().Add(c.is.left).UnixMicro())
					require.NoError(t, h.client.ZAddXX(t.Context(), prefix+"leases", goredis.Z{Score: at, Member: g.Lease.ID}).Err())
				}
				if c.is.kind == app.KindBorrowed {
					_, err := h.Borrow(t.Context(), ada(), license.ID, "laptop", max(time.Minute, c.is.left))
					require.NoError(t, err)
				}
				if lost {
					h.fixture.forgetSeats(t, license.ID)
				} else {
					set()
				}

				var answered time.Time
				kind := c.becomes.kind
				switch c.call {
				case "acquire":
					var g app.Grant
					g, err = h.Acquire(t.Context(), ada(), license.ID, "laptop")
					answered, kind = g.Lease.ExpiresAt, g.Lease.Kind
				case "heartbeat":
					var beat app.Extended
					beat, err = h.Heartbeat(t.Context(), ada(), g.Lease.ID)
					answered = beat.ExpiresAt
				default:
					length, wrong := time.ParseDuration(c.call[len("borrow "):])
					require.NoError(t, wrong)
					var g app.Grant
					g, err = h.Borrow(t.Context(), ada(), license.ID, "laptop", length)
					answered, kind = g.Lease.ExpiresAt, g.Lease.Kind
				}
				assert.Equal(t, c.code, string(app.CodeOf(err)))

				seats, err := h.client.ZRangeWithScores(t.Context(), prefix+"leases", 0, -1).Result()
				require.NoError(t, err)
				require.Len(t, seats, 1)
				until := time.UnixMicro(int64(seats[0].Score))
				assert.WithinDuration(t, time.Now().Add(c.becomes.left), until, 20*time.Second, "the seat")
				holder, err := h.client.HGet(t.Context(), prefix+"holders", seats[0].Member.(string)).Result()
				require.NoError(t, err)
				assert.Equal(t, string(c.becomes.kind[0]), holder[len(holder)-1:], "the seat's kind")
				if c.code != "" {
					return
				}
				assert.WithinDuration(t, until, answered, time.Millisecond, "the answer")
				assert.Equal(t, c.becomes.kind, kind, "the answer's kind")
				if c.call != "heartbeat" {
					assert.Equal(t, 1, h.fixture.postgres.Count(t, `SELECT count(*) FROM licensing.lease WHERE license_id = $1 AND ended_at IS NULL AND kind = $2 AND abs(extract(epoch FROM expires_at - $3)) < 0.001`,
						license.ID, c.becomes.kind, until), "the ledger")
					assert.Equal(t, until.Unix(), h.claims().Expires, "the token")
				}
			})
		}
	}
}

func TestHeartbeatsKeepTheSeatOverTheEndOfABorrow(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "one", Product: "p", Seats: 1, LeaseTTL: time.Hour, MaxBorrow: 24 * time.Hour})
	require.NoError(t, err)
	g, err := h.Borrow(t.Context(), ada(), "one", "laptop", time.Minute)
	require.NoError(t, err)
	_, err = h.Heartbeat(t.Context(), ada(), g.Lease.ID)
	require.NoError(t, err)
	for name, lose := range map[string]func(){"": func() {}, " and a loss": func() { h.fixture.forgetSeats(t, "one") }} {
		h.fixture.postgres.Admin(t, `UPDATE licensing.lease SET expires_at = now() - interval '1 minute' WHERE license_id = 'one'`)
		lose()
		_, err = h.Acquire(t.Context(), ada(), "one", "desktop")
		assert.Equal(t, app.CodeNoSeats, app.CodeOf(err), "the seat is taken after the borrow's end"+name)
		beat, err := h.Heartbeat(t.Context(), ada(), g.Lease.ID)
		require.NoError(t, err)
		assert.False(t, beat.Revived)
		assert.WithinDuration(t, time.Now().Add(time.Hour), beat.ExpiresAt, 20*time.Second)
	}
}

func TestAContentionForDevicesIsNoOutage(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	_, err := h.CreateLicense(t.Context(), root(), app.License{ID: "busy", Product: "p", Seats: 4})
	require.NoError(t, err)
	var refusals sync.Map
	var granted atomic.Int64
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			device := fmt.Sprintf("device-%d", i%4)
			for n := range 20 {
				g, err := h.Acquire(t.Context(), ada(), "busy", device)
				if code := app.CodeOf(err); code != "" {
					refusals.Store(code, err)
					continue
				}
				granted.Add(1)
				if n%2 == 0 {
					err = h.Release(t.Context(), ada(), g.Lease.ID)
				} else {
					err = h.ForceRelease(t.Context(), root(), g.Lease.ID)
				}
				if err != nil {
					refusals.Store(app.CodeOf(err), err)
				}
			}
		})
	}
	group.Wait()
	refusals.Range(func(code, err any) bool {
		assert.True(t, slices.Contains([]any{app.CodeLeaseEnded, app.CodeNoSeats}, code), "%v", err)
		return true
	})
	assert.Greater(t, granted.Load(), int64(400), "nearly every acquire gets its seat")
}
