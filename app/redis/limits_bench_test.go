package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/redis"
)

// What limits inside a licence cost, with 20,000 seats of which all but some are taken: the
// time of a trip that takes a seat and of the one that gives it back, and the memory of the
// server for each lease.
func BenchmarkReserveWithin(b *testing.B) {
	for name, policy := range map[string]app.Policy{
		"nothing": {},
		"limits":  {UserSeats: 50, Reservations: []app.GroupSeats{{Group: "devs", Seats: 500}, {Group: "qa", Seats: 100}}},
	} {
		b.Run(name, func(b *testing.B) {
			client := apptest.StartRedis(b).Client()
			b.Cleanup(func() { require.NoError(b, client.Close()) })
			seats := redis.NewSeats(client, func(string, time.Duration, error) {})
			license := app.License{Tenant: "demo", ID: "inside", Product: "p", Seats: 20_000, Policy: policy}.Defaulted()
			held := make([]app.Lease, 19_000)
			for i := range held {
				held[i] = open(fmt.Sprintf("device-%d", i), fmt.Sprintf("user-%d", i/20), "")
			}
			rebuild, err := seats.Begin(b.Context(), license.Ref())
			require.NoError(b, err)
			require.NoError(b, seats.Stage(b.Context(), rebuild, license, held))
			require.NoError(b, seats.Load(b.Context(), rebuild, license))
			index, err := client.MemoryUsage(b.Context(), oneLicenseKeys+"index", 0).Result()
			if err != nil {
				index = 0 // there is none
			}
			for b.Loop() {
				wanted := app.Reservation{Lease: app.NewLeaseID("inside"), Claim: "c", Fingerprint: "new", User: "user-7", Kind: app.KindFloating, For: time.Minute, Groups: []string{"devs"}}
				got, err := seats.Reserve(b.Context(), license, wanted)
				require.NoError(b, err)
				require.NoError(b, seats.Cancel(b.Context(), license.Ref(), got.Lease, "c", app.ReasonCancelled))
				require.NoError(b, seats.Settled(b.Context(), license.Ref(), []app.Ending{{Lease: got.Lease, Reason: app.ReasonCancelled, At: time.Now().Add(time.Hour)}}))
			}
			b.ReportMetric(float64(index)/float64(len(held)), "index-B/lease")
		})
	}
}
