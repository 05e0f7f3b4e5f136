package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

// An instance that dies between the reservation and the grant costs its seat for half a
// minute, or for a lease time if that is shorter, whatever was asked for.
func TestAReservationThatIsNotConfirmedKeepsItsSeatForHalfAMinuteAtMost(t *testing.T) {
	t.Parallel()
	seats, client := housekeeping(t)
	for id, c := range map[string]struct{ leaseTime, kept time.Duration }{
		"long":  {time.Hour, 30 * time.Second},
		"short": {10 * time.Second, 10 * time.Second},
	} {
		l := license("acme", id, 1)
		l.LeaseTTL = c.leaseTime
		load(t, seats, l)
		r, err := seats.Reserve(t.Context(), l, app.Reservation{Lease: app.NewLeaseID(id), Claim: "c", Fingerprint: "laptop", User: "ada", Kind: app.KindBorrowed, For: 24 * time.Hour})
		require.NoError(t, err)
		assert.WithinDuration(t, r.GrantedAt.Add(24*time.Hour), r.ExpiresAt, time.Millisecond, "what it will be when it is confirmed")
		ends := func() time.Time {
			score, err := client.ZScore(t.Context(), "seats:{acme/"+id+"}:leases", r.Lease).Result()
			require.NoError(t, err)
			return time.UnixMicro(int64(score))
		}
		assert.WithinDuration(t, r.GrantedAt.Add(c.kept), ends(), time.Millisecond, id)
		_, err = seats.Confirm(t.Context(), app.Lease{Tenant: "acme", License: id, ID: r.Lease, Kind: app.KindBorrowed, ExpiresAt: r.ExpiresAt}, nil)
		require.NoError(t, err)
		assert.WithinDuration(t, r.ExpiresAt, ends(), time.Millisecond, id)
	}
}
