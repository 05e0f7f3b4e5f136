package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	goredis "github.com/redis/go-redis/v9"

	"github.com/coditect-ai/license-platform/app"
	"github.com/coditect-ai/license-platform/app/apptest"
	"github.com/coditect-ai/license-platform/app/redis"
)

// limited is a server with a limit of memory, with a licence of which ada holds a seat.
type limited struct {
	*testing.T
	client  *goredis.Client
	seats   *redis.Seats
	answers *redis.Answers
	license app.License
	lease   app.Lease
}

func newLimited(t *testing.T) *limited {
	t.Helper()
	client := apptest.StartRedis(t).Client()
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	observe := func(string, time.Duration, error) {}
	l := &limited{
		T: t, client: client, seats: redis.NewSeats(client, observe), answers: redis.NewAnswers(client, observe),
		license: app.License{Tenant: "demo", ID: "demo", Product: "p", Seats: 9}.Defaulted(),
		lease:   app.Lease{Tenant: "demo", License: "demo", ID: app.NewLeaseID("demo"), Kind: app.KindFloating, Fingerprint: "laptop", User: "ada"},
	}
	load(t, l.seats, l.license, l.lease)
	return l
}

// limit sets the memory that the server may use beside what it uses now.
func (l *limited) limit(more float64) {
	l.Helper()
	require.NoError(l, l.client.ConfigSet(l.Context(), "maxmemory", "1gb").Err())
	share, err := redis.Fill(l.Context(), l.client)
	require.NoError(l, err)
	require.NoError(l, l.client.ConfigSet(l.Context(), "maxmemory", fmt.Sprint(int(share*(1<<30)+more))).Err())
}

// remember keeps n answers of a user, each of size bytes.
func (l *limited) remember(tenant, user string, n, size int) {
	l.Helper()
	who := app.Principal{Tenant: tenant, User: user}
	for i := range n {
		key := fmt.Sprintf("key-%d", i)
		earlier, err := l.answers.Begin(l.Context(), who, key, "request")
		require.NoError(l, err)
		require.Nil(l, earlier)
		answer := app.Answer{Status: 201, Body: []byte(strings.Repeat("x", size))}
		require.NoError(l, l.answers.Finish(l.Context(), who, key, "request", answer, time.Hour))
	}
}

func (l *limited) remembered(tenant, user, key string) bool {
	l.Helper()
	who := app.Principal{Tenant: tenant, User: user}
	earlier, err := l.answers.Begin(l.Context(), who, key, "request")
	require.NoError(l, err)
	if earlier == nil {
		require.NoError(l, l.answers.Finish(l.Context(), who, key, "request", app.Answer{}, 0))
	}
	return earlier != nil
}

func (l *limited) reserve(device string) error {
	l.Helper()
	_, err := l.seats.Reserve(l.Context(), l.license, app.Reservation{
		Lease: app.NewLeaseID("demo"), Claim: "c", Fingerprint: device, User: "ada", Kind: app.KindFloating, For: time.Minute,
	})
	return err
}

func TestRememberedAnswersNeverTakeTheRoomOfSeats(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	l.limit(2 << 20)

	for i := range 20 {
		l.remember(fmt.Sprintf("tenant-%d", i), "eve", 200, 3000)
	}

	share, err := redis.Fill(t.Context(), l.client)
	require.NoError(t, err)
	assert.Less(t, share, 0.85)
	_, err = l.seats.Extend(t.Context(), l.license.Ref(), l.lease.ID, "ada")
	require.NoError(t, err)
	require.NoError(t, l.reserve("desktop"))
}

func TestATenantsNewestAnswersPushOutItsOldest(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	l.remember("other", "bob", 1, 10)
	l.remember("demo", "ada", 510, 10)

	assert.False(t, l.remembered("demo", "ada", "key-0"))
	assert.True(t, l.remembered("demo", "ada", "key-509"))
	assert.True(t, l.remembered("other", "bob", "key-0"), "another tenant's stay")
	names, err := l.client.Keys(t.Context(), "answer:{demo}:*").Result()
	require.NoError(t, err)
	assert.Len(t, names, 500)
	require.NoError(t, l.answers.Forget(t.Context(), "demo", "ada"))
	assert.Zero(t, l.client.Exists(t.Context(), "answers:{demo}:given").Val(), "nothing is counted any more")
}

func TestAnAnswerThatIsKeptForAnHourPushesOutAnOlderOneThatIsKeptForADay(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	answer := func(key string, keep time.Duration) {
		who := app.Principal{Tenant: "demo", User: "ada"}
		_, err := l.answers.Begin(t.Context(), who, key, "request")
		require.NoError(t, err)
		require.NoError(t, l.answers.Finish(t.Context(), who, key, "request", app.Answer{Status: 201}, keep))
	}
	for i := range 500 {
		answer(fmt.Sprintf("change-%d", i), 24*time.Hour)
	}
	answer("acquire", time.Hour)
	assert.True(t, l.remembered("demo", "ada", "acquire"), "it is one of the tenant's 500 latest")
	assert.False(t, l.remembered("demo", "ada", "change-0"))
	assert.True(t, l.remembered("demo", "ada", "change-1"))
}

// fill fills the server up.
func (l *limited) fill() {
	l.Helper()
	l.limit(64 << 10)
	var err error
	for i := 0; err == nil; i++ {
		err = l.client.Set(l.Context(), fmt.Sprintf("ballast-%d", i), strings.Repeat("x", 1<<10), 0).Err()
	}
	require.ErrorContains(l, err, "OOM")
}

func TestInAFullServerSeatsAreKeptAndGivenBack(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	require.NoError(t, l.reserve("desktop"))
	l.remember("demo", "ada", 1, 10)
	l.fill()

	share, err := redis.Fill(t.Context(), l.client)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, share, 0.98)
	_, err = l.seats.Extend(t.Context(), l.license.Ref(), l.lease.ID, "ada")
	require.NoError(t, err)
	assert.Equal(t, app.CodeUnavailable, app.CodeOf(l.reserve("tablet")), "there is no room for a new one")
	assert.False(t, l.remembered("demo", "ada", "key"), "a request goes on, and is not remembered")
	assert.True(t, l.remembered("demo", "ada", "key-0"), "what was remembered before still is")
	ending, err := l.seats.Free(t.Context(), l.license.Ref(), l.lease.ID, "ada", app.ReasonReleased, app.Origin{User: "ada"}, nil)
	require.NoError(t, err)
	endings, err := l.seats.Reclaim(t.Context(), l.license.Ref())
	require.NoError(t, err)
	assert.Contains(t, endings, ending)
	require.NoError(t, l.seats.Settled(t.Context(), l.license.Ref(), endings))
}

// Otherwise a full server stays full: seats that are over are given back by the housekeeping only.
func TestInAFullServerTheHousekeepingGoesOn(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	require.NoError(t, l.client.ZAdd(t.Context(), "seats:{demo/demo}:leases", goredis.Z{Score: 1, Member: l.lease.ID}).Err())
	l.fill()

	work := claim(t, l.seats, "one")
	assert.Equal(t, []app.LicenseRef{l.license.Ref()}, work.Licenses)
	assert.Len(t, work.Jobs, 3)
	mine, err := l.seats.Hold(t.Context(), "one", app.JobSweep, hold)
	require.NoError(t, err)
	assert.True(t, mine)
	require.NoError(t, l.seats.Done(t.Context(), "one", app.JobSweep, "a/b/c", time.Second))
	found, err := l.seats.Look(t.Context(), []app.Look{{Ref: l.license.Ref()}}, hold)
	require.NoError(t, err)
	require.Len(t, found[0].Endings, 1)
	require.NoError(t, l.seats.SettledAll(t.Context(), []app.Settlement{{Ref: l.license.Ref(), Endings: found[0].Endings}}))
	_, err = l.seats.Fullness(t.Context(), 20)
	require.NoError(t, err)
}

// After a failover all that a full server holds is the state of another process.
func TestInAFullServerSeatsAreLoadedInPlaceOfThoseOfBefore(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	require.NoError(t, l.client.HSet(t.Context(), "seats:{demo/demo}:state", "run", "another").Err())
	l.fill()
	_, err := l.seats.Extend(t.Context(), l.license.Ref(), l.lease.ID, "ada")
	require.ErrorIs(t, err, app.ErrCold)

	load(t, l.seats, l.license, l.lease)
	_, err = l.seats.Extend(t.Context(), l.license.Ref(), l.lease.ID, "ada")
	require.NoError(t, err)
}
