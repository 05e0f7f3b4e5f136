package redis_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/apptest/port"
	"github.com/coditect-ai/license-platform/app/redis"
)

// pair is a primary and what may be its replica, which talk to each other without TLS.
type pair struct {
	*testing.T
	ports   [2]string
	clients [2]*goredis.Client
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{T: t}
	for i := range p.clients {
		client := apptest.StartRedis(t).Client()
		t.Cleanup(func() { require.NoError(t, client.Close()) })
		p.clients[i], p.ports[i] = client, strconv.Itoa(port.Free(t))
		for _, setting := range [][2]string{{"port", p.ports[i]}, {"masterauth", apptest.Password}, {"repl-diskless-sync-delay", "0"}} {
			require.NoError(t, client.ConfigSet(t.Context(), setting[0], setting[1]).Err(), setting[0])
		}
	}
	return p
}

// follow makes one the replica of the other, and waits until it has the other's data.
func (p *pair) follow(replica, primary int) {
	p.Helper()
	require.NoError(p, p.clients[replica].ReplicaOf(p.Context(), "127.0.0.1", p.ports[primary]).Err())
	await.True(p, func() bool {
		said, err := p.clients[replica].Info(p.Context(), "replication").Result()
		return err == nil && strings.Contains(said, "master_link_status:up")
	}, "the replica has the primary's data")
}

func (p *pair) promote(i int) {
	p.Helper()
	require.NoError(p, p.clients[i].ReplicaOf(p.Context(), "NO", "ONE").Err())
}

// The process goes on all the time, and so its own id stays: what it was told as a replica, or was
// not told, is known by the history of its data only.
func TestAServerThatWasAReplicaMeanwhileHasLostItsState(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(p *pair){
		"with the data of the other": func(p *pair) { p.follow(0, 1) },
		"with its own data of before": func(p *pair) {
			require.NoError(p, p.clients[0].ReplicaOf(p.Context(), "127.0.0.1", "1").Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.follow(1, 0)
			seats := redis.NewSeats(p.clients[0], func(string, time.Duration, error) {})
			l := license("acme", "one", 2)
			l.MaxBorrow = 24 * time.Hour
			load(t, seats, l)
			borrow := func(device string) (app.Reserved, error) {
				got, err := seats.Reserve(t.Context(), l, app.Reservation{Lease: app.NewLeaseID("one"), Claim: "c", Fingerprint: device, User: "ada", Kind: app.KindBorrowed, For: time.Hour})
				if err == nil {
					_, err = seats.Confirm(t.Context(), app.Lease{Tenant: "acme", License: "one", ID: got.Lease, Kind: got.Kind, ExpiresAt: got.ExpiresAt}, nil)
				}
				return got, err
			}
			kept, err := borrow("kept")
			require.NoError(t, err)
			_, err = seats.Usage(t.Context(), l.Ref())
			require.NoError(t, err, "what is replicated is warm")

			p.promote(1)
			_, err = borrow("lost")
			require.NoError(t, err, "nobody but this server has it")
			away(p)
			p.promote(0)

			_, err = seats.Usage(t.Context(), l.Ref())
			assert.ErrorIs(t, err, app.ErrCold)
			_, err = borrow("third")
			assert.ErrorIs(t, err, app.ErrCold, "a seat of the two that are sold")
			_, err = seats.Extend(t.Context(), l.Ref(), kept.Lease, "ada")
			assert.ErrorIs(t, err, app.ErrCold)
			found, err := seats.Look(t.Context(), []app.Look{{Ref: l.Ref(), Leases: []string{kept.Lease}}}, hold)
			require.NoError(t, err)
			assert.True(t, found[0].Cold)
			load(t, seats, l)
			_, err = borrow("third")
			assert.NoError(t, err, "it is warm again")
		})
	}
}
