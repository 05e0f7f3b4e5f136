package redis_test

import (
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app"
)

func TestAnAnswerIsForTheSameRequestOfTheSameUserOnly(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	ada, bob := app.Principal{Tenant: "demo", User: "ada"}, app.Principal{Tenant: "demo", User: "bob"}
	begin := func(who app.Principal, request string) (*app.Answer, app.Code) {
		answer, err := l.answers.Begin(t.Context(), who, "key", request)
		return answer, app.CodeOf(err)
	}
	_, code := begin(ada, "take a seat")
	require.Empty(t, code)
	_, code = begin(ada, "take a seat")
	assert.Equal(t, app.CodeIdempotencyBusy, code, "the first one is under way")
	_, code = begin(ada, "give it back")
	assert.Equal(t, app.CodeIdempotencyReused, code)

	want := app.Answer{Status: 201, Body: []byte("seat")}
	require.NoError(t, l.answers.Finish(t.Context(), ada, "key", "take a seat", want, time.Hour))
	answer, code := begin(ada, "take a seat")
	require.Empty(t, code)
	assert.Equal(t, &want, answer)
	_, code = begin(ada, "give it back")
	assert.Equal(t, app.CodeIdempotencyReused, code)
	answer, code = begin(bob, "take a seat")
	assert.Empty(t, code)
	assert.Nil(t, answer, "it is another user's key")

	require.NoError(t, l.answers.Finish(t.Context(), bob, "key", "take a seat", app.Answer{Status: 409}, 0))
	answer, code = begin(bob, "take a seat")
	assert.Empty(t, code)
	assert.Nil(t, answer, "one that is not kept is asked for again")
}

func TestAnswersOfAUserOrOfATenantAreForgotten(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	kept := func(tenant, user string) bool {
		answer, err := l.answers.Begin(t.Context(), app.Principal{Tenant: tenant, User: user}, "key-0", "request")
		require.NoError(t, err)
		return answer != nil
	}
	for _, who := range []app.Principal{{Tenant: "demo", User: "ada"}, {Tenant: "demo", User: "bob"}, {Tenant: "other", User: "ada"}} {
		l.remember(who.Tenant, who.User, 1, 10)
	}
	require.NoError(t, l.answers.Forget(t.Context(), "demo", "ada"))
	assert.False(t, kept("demo", "ada"))
	assert.True(t, kept("demo", "bob"))
	assert.True(t, kept("other", "ada"))
	require.NoError(t, l.answers.Forget(t.Context(), "demo", ""))
	assert.False(t, kept("demo", "bob"))
	assert.True(t, kept("other", "ada"))
	require.NoError(t, l.answers.Forget(t.Context(), "nobody", ""), "nothing to forget is no error")
	assert.Zero(t, l.client.ZCard(t.Context(), "answers:{demo}:given").Val(), "what is forgotten is not counted")
	assert.EqualValues(t, 1, l.client.ZCard(t.Context(), "answers:{other}:given").Val())
}

func TestAnAnswerThatTheReleaseBeforeRememberedIsForgottenToo(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	l.remember("demo", "ada", 1, 10)
	require.NoError(t, l.client.Rename(t.Context(), "answers:{demo}:given", "answers:{demo}").Err())
	require.NoError(t, l.answers.Forget(t.Context(), "demo", "ada"))
	assert.Empty(t, l.client.Keys(t.Context(), "answer*").Val())
}

// An erasure, for example, comes while the user's request is worked on.
func TestNothingIsKeptOfARequestWhoseKeyWasForgottenMeanwhile(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	ada := app.Principal{Tenant: "demo", User: "ada"}
	begin := func(request string) *app.Answer {
		answer, err := l.answers.Begin(t.Context(), ada, "key", request)
		require.NoError(t, err)
		return answer
	}
	finish := func(request, body string) {
		require.NoError(t, l.answers.Finish(t.Context(), ada, "key", request, app.Answer{Status: 201, Body: []byte(body)}, time.Hour))
	}
	begin("take a seat")
	require.NoError(t, l.answers.Forget(t.Context(), "demo", "ada"))
	finish("take a seat", "adas-laptop")
	assert.Empty(t, l.client.Keys(t.Context(), "answer*").Val())
	assert.Nil(t, begin("give it back"))
	finish("take a seat", "adas-laptop")
	finish("give it back", "done")
	assert.Equal(t, "done", string(begin("give it back").Body), "the first one does not take the key of the second")
}

// What is counted of a tenant's requests and answers is found by an erasure, and goes by itself.
func TestNothingIsLeftOfRequestsThatNeverFinishedAndOfAnswersWhoseTimeIsOver(t *testing.T) {
	t.Parallel()
	l := newLimited(t)
	ada := app.Principal{Tenant: "demo", User: "ada"}
	const begun, given = "answers:{demo}:begun", "answers:{demo}:given"
	require.NoError(t, l.client.ZAdd(t.Context(), begun, goredis.Z{Score: float64(time.Now().Add(-time.Minute).UnixMilli()), Member: "given up"}).Err())
	_, err := l.answers.Begin(t.Context(), ada, "key", "request")
	require.NoError(t, err)
	names := l.client.ZRange(t.Context(), begun, 0, -1).Val()
	require.Len(t, names, 1)
	assert.NotEqual(t, "given up", names[0])
	left := l.client.PTTL(t.Context(), begun).Val()
	assert.True(t, left > 0 && left <= 30*time.Second, "%s", left)

	keep := func(key string, keep time.Duration) time.Duration {
		_, err := l.answers.Begin(t.Context(), ada, key, "request")
		require.NoError(t, err)
		require.NoError(t, l.answers.Finish(t.Context(), ada, key, "request", app.Answer{Status: 201}, keep))
		return l.client.PTTL(t.Context(), given).Val().Round(time.Hour)
	}
	assert.Equal(t, time.Hour, keep("acquire", time.Hour))
	assert.Equal(t, 24*time.Hour, keep("update", 24*time.Hour))
	assert.Equal(t, 24*time.Hour, keep("acquire again", time.Hour), "it goes with the last of them")
	assert.Equal(t, names, l.client.ZRange(t.Context(), begun, 0, -1).Val(), "those that finished are not under way")
}
