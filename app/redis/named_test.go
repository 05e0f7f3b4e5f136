package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/redis"
)

// Whatever others have in the server, it is not looked at.
func TestWhatAnErasureAsksDoesNotGrowWithOtherTenants(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 4})
	l := &limited{T: t, client: in.client, answers: redis.NewAnswers(in.client, func(string, time.Duration, error) {}), license: in.license}
	ada := app.Principal{Tenant: "demo", User: "ada"}
	l.remember("demo", "ada", 2, 10)
	l.remember("other", "ada", 2, 10)
	_, err := l.answers.Begin(t.Context(), ada, "under way", "request")
	require.NoError(t, err)
	held := in.got("laptop", "ada")
	_, err = in.seats.Free(t.Context(), in.license.Ref(), held.Lease, "ada", app.ReasonReleased, app.Origin{User: "ada"}, nil)
	require.NoError(t, err)
	// Names next to the tenant's in the index.
	for _, tenant := range []string{"dem", "demo-2", "demo0", "demoa"} {
		other := license(tenant, "theirs", 2)
		load(t, in.seats, other, app.Lease{ID: "theirs_" + tenant, Kind: app.KindFloating, Fingerprint: "d", User: "u"})
		_, err := in.seats.Free(t.Context(), other.Ref(), "theirs_"+tenant, "", app.ReasonForced, app.Origin{User: "root"}, nil)
		require.NoError(t, err)
	}

	require.NoError(t, in.client.ConfigResetStat(t.Context()).Err())
	named, err := in.seats.Named(t.Context(), "demo")
	require.NoError(t, err)
	assert.Equal(t, []string{"inside"}, named)
	require.NoError(t, l.answers.Forget(t.Context(), "demo", "ada"))
	asked := commands(t, in.client)
	assert.Contains(t, asked, "zrange")
	assert.NotContains(t, asked, "scan")
	assert.NotContains(t, asked, "keys")
	kept, err := in.client.Keys(t.Context(), "answer*").Result()
	require.NoError(t, err)
	for _, name := range kept {
		assert.Contains(t, name, "{other}", "neither an answer nor a request under way is left")
	}
	assert.Len(t, kept, 3)

	// Once the ledger has the endings nobody is named any more.
	endings, err := in.seats.Reclaim(t.Context(), in.license.Ref())
	require.NoError(t, err)
	require.Len(t, endings, 1)
	require.NoError(t, in.seats.Settled(t.Context(), in.license.Ref(), endings))
	named, err = in.seats.Named(t.Context(), "demo")
	require.NoError(t, err)
	assert.Empty(t, named)
}

func TestMoreNamedLicencesThanOneCommandReturnsAreAllFound(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1})
	const all = 2500
	members := make([]goredis.Z, all)
	for i := range members {
		members[i].Member = fmt.Sprintf("demo/l-%04d", i)
	}
	require.NoError(t, in.client.ZAdd(t.Context(), "housekeeping:named", members...).Err())
	named, err := in.seats.Named(t.Context(), "demo")
	require.NoError(t, err)
	require.Len(t, named, all)
	assert.Equal(t, "l-0000", named[0])
	assert.Equal(t, "l-2499", named[all-1])
}

func TestWhoWasNamedByTheProgramOfBeforeIsFoundWhenTheHousekeepingHasLooked(t *testing.T) {
	t.Parallel()
	in := newOneLicense(t, app.License{Seats: 1})
	held := in.got("laptop", "ada")
	_, err := in.seats.Free(t.Context(), in.license.Ref(), held.Lease, "ada", app.ReasonReleased, app.Origin{User: "ada"}, nil)
	require.NoError(t, err)
	require.NoError(t, in.client.Del(t.Context(), "housekeeping:named").Err())
	_, err = in.seats.Look(t.Context(), []app.Look{{Ref: in.license.Ref()}}, time.Second)
	require.NoError(t, err)
	named, err := in.seats.Named(t.Context(), "demo")
	require.NoError(t, err)
	assert.Equal(t, []string{"inside"}, named)
}
