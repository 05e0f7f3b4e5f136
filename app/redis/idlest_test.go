package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/redis"
)

// many is more leases than one look at the seats reads.
const many = 450

func TestTheIdlestSeatIsFoundBehindHoweverManyThatMayNotBeTaken(t *testing.T) {
	t.Parallel()
	taking := app.Policy{WhenFull: app.WhenFullTake}
	kept := app.Policy{WhenFull: app.WhenFullTake, Reservations: []app.GroupSeats{{Group: "devs", Seats: many}}}
	for name, row := range map[string]struct {
		policy app.Policy
		fill   func(in *oneLicense, i int)
	}{
		"borrowed ones, which end within a lease time": {taking, func(in *oneLicense, i int) {
			in.confirmed(app.Reservation{Fingerprint: fmt.Sprint("borrowed-", i), User: "ada", Kind: app.KindBorrowed, For: time.Hour})
		}},
		"those that are kept for another group": {kept, func(in *oneLicense, i int) {
			got := in.got(fmt.Sprint("kept-", i), "dan", "devs")
			in.silent(got.Lease, 2*time.Hour)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := newOneLicense(t, app.License{Seats: many + 2, LeaseTTL: 24 * time.Hour, MaxBorrow: 24 * time.Hour, Policy: row.policy})
			for i := range many {
				row.fill(in, i)
			}
			newer, idle := in.got("newer", "bob"), in.got("idle", "bob")
			in.silent(idle.Lease, time.Hour)

			got := in.got("desk", "eve")
			require.Len(t, got.Endings, 1)
			assert.Equal(t, idle.Lease, got.Endings[0].Lease)
			assert.Equal(t, app.ReasonTaken, got.Endings[0].Reason)
			_, err := in.seats.Extend(t.Context(), in.license.Ref(), newer.Lease, "bob")
			assert.NoError(t, err)
		})
	}
}

// How long the server looks for a seat to take, where it finds none.
func BenchmarkIdlest(b *testing.B) {
	client := apptest.StartRedis(b).Client()
	b.Cleanup(func() { require.NoError(b, client.Close()) })
	seats := redis.NewSeats(client, func(string, time.Duration, error) {})
	const full = 20_000
	license := app.License{
		Tenant: "demo", ID: "inside", Product: "p", Seats: full, Policy: app.Policy{WhenFull: app.WhenFullTake, Reservations: []app.GroupSeats{{Group: "devs", Seats: full}}},
	}.Defaulted()
	held := make([]app.Lease, full)
	for i := range held {
		held[i] = open(fmt.Sprintf("device-%d", i), "dan", "devs")
	}
	rebuild, err := seats.Begin(b.Context(), license.Ref())
	require.NoError(b, err)
	require.NoError(b, seats.Stage(b.Context(), rebuild, license, held))
	require.NoError(b, seats.Load(b.Context(), rebuild, license))
	for b.Loop() {
		_, err := seats.Reserve(b.Context(), license, app.Reservation{Lease: app.NewLeaseID("inside"), Claim: "c", Fingerprint: "new", User: "eve", Kind: app.KindFloating, For: time.Minute})
		require.Error(b, err)
	}
}
