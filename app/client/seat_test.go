package client_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/client"
)

func TestASeatIsKeptAtTheLicencesPaceAndReleasedAtTheEnd(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	seat := w.hold(t, nil)
	assert.Equal(t, []string{"acquire", "jwks.json"}, w.called())
	assert.Equal(t, "demo", seat.License().ID)
	for range 10 {
		assert.Equal(t, heartbeat, w.clock.sleeping(t))
		assert.True(t, seat.Held())
		w.clock.wake(t, heartbeat)
	}
	w.clock.sleeping(t)
	assert.Len(t, w.called(), 10)
	require.NoError(t, seat.Close(t.Context()))
	assert.Equal(t, []string{"release"}, w.called())
	assert.False(t, seat.Held())
	require.NoError(t, seat.Close(t.Context()), "again")
	assert.Empty(t, w.called(), "a seat is released once")
	w.quiet(t)
}

// TestWhatTheClientMakesOfEachAnswer answers the second heartbeat, 20 seconds after the first
// request, and says when the client sends the next request and whether it still holds the seat.
func TestWhatTheClientMakesOfEachAnswer(t *testing.T) {
	t.Parallel()
	const lost, held = false, true
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		held   bool
		wait   time.Duration
		then   string
	}{
		"a heartbeat that is taken":                 {nil, held, heartbeat, "heartbeat"},
		"an identity token that has ended":          {problem(401, "invalid_token"), held, time.Second, "heartbeat"},
		"a suspended licence":                       {problem(403, "license_suspended"), lost, time.Minute, "acquire"},
		"a seat that was given to another device":   {problem(410, "lease_taken"), lost, time.Minute, "acquire"},
		"a lease of somebody else":                  {problem(403, "not_lease_holder"), lost, time.Minute, "acquire"},
		"the edge's 403":                            {edge(403), held, (leaseTime - heartbeat) / 2, "heartbeat"},
		"no such licence":                           {problem(404, "license_not_found"), lost, time.Minute, "acquire"},
		"the tenant's limit, with a time":           {problem(429, "too_many_requests", "Retry-After", "7"), held, 7 * time.Second, "heartbeat"},
		"a 429 of the API without a time":           {problem(429, "too_many_requests"), held, (leaseTime - heartbeat) / 2, "heartbeat"},
		"the edge's 429":                            {edge(429), held, (leaseTime - heartbeat) / 2, "heartbeat"},
		"a mistake of the service":                  {problem(500, "internal_error"), held, time.Second, "heartbeat"},
		"the edge's 502":                            {edge(502), held, time.Second, "heartbeat"},
		"a store that does not answer, with a time": {problem(503, "dependency_unavailable", "Retry-After", "3"), held, 3 * time.Second, "heartbeat"},
		"a time of a day, which is cut":             {problem(503, "dependency_unavailable", "Retry-After", "86400"), held, leaseTime - heartbeat, ""},
		"a time that no number holds":               {problem(503, "dependency_unavailable", "Retry-After", "99999999999999999999"), held, leaseTime - heartbeat, ""},
		"a time that is a date":                     {problem(503, "dependency_unavailable", "Retry-After", "Mon, 23 Nov 2026 12:00:26 GMT"), held, 6 * time.Second, "heartbeat"},
		"a time that is none":                       {problem(503, "dependency_unavailable", "Retry-After", "soon"), held, time.Second, "heartbeat"},
		"a broken connection":                       {broken, held, time.Second, "heartbeat"},
		"a redirect, which is not followed": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, held, time.Second, "heartbeat"},
		"a success that is no JSON": {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("<html>")) }, held, time.Second, "heartbeat"},
		"a success of somebody else's": {func(rw http.ResponseWriter, _ *http.Request) {
			writeJSON(rw, map[string]any{"status": "ok"})
		}, held, time.Second, "heartbeat"},
		"an answer without end": {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(make([]byte, 300<<10)) }, held, time.Second, "heartbeat"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			seat := w.hold(t, nil)
			w.clock.sleeping(t)
			w.answer("heartbeat", test.answer)
			w.clock.wake(t, heartbeat)
			assert.Equal(t, test.wait, w.clock.sleeping(t))
			assert.Equal(t, test.held, seat.Held())
			assert.Equal(t, test.answer == nil, seat.Failure() == nil)
			if !test.held {
				change := w.change(t)
				assert.False(t, change.Held)
				var refusal *client.Refusal
				require.ErrorAs(t, change.Reason, &refusal)
				assert.NotEmpty(t, refusal.Code)
			}
			w.quiet(t)
			w.called()
			w.answer("heartbeat", nil)
			w.clock.wake(t, test.wait)
			w.clock.sleeping(t)
			if test.then == "" {
				assert.Empty(t, w.called(), "the wait is longer than the lease: the seat's end is told first")
				assert.False(t, w.change(t).Held)
				return
			}
			assert.Equal(t, []string{test.then}, w.called())
			assert.True(t, seat.Held())
			if !test.held {
				assert.True(t, w.change(t).Held, "the seat is back")
			}
		})
	}
}

func TestALeaseThatIsOverIsAcquiredAnewAtOnce(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]http.HandlerFunc{
		"expired": problem(410, "lease_expired"), "ended": problem(410, "lease_ended"), "unknown": problem(404, "lease_not_found"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			seat := w.hold(t, nil)
			before := seat.License().Lease
			w.clock.sleeping(t)
			w.answer("heartbeat", over)
			w.called()
			w.clock.wake(t, heartbeat)
			assert.Equal(t, heartbeat, w.clock.sleeping(t))
			assert.Equal(t, []string{"heartbeat", "acquire"}, w.called())
			assert.NotEqual(t, before, seat.License().Lease)
			assert.True(t, seat.Held())
			w.quiet(t)
		})
	}
}

func TestASeatThatSomebodyElseTookIsToldAndComesBackWhenOneIsFree(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	seat := w.hold(t, nil)
	w.clock.sleeping(t)
	w.answer("heartbeat", problem(410, "lease_expired"))
	w.answer("acquire", problem(409, "no_seats_available"))
	w.clock.wake(t, heartbeat)
	assert.Equal(t, 5*time.Second, w.clock.sleeping(t))
	change := w.change(t)
	var refusal *client.Refusal
	require.ErrorAs(t, change.Reason, &refusal)
	assert.Equal(t, "no_seats_available", refusal.Code)
	assert.False(t, seat.Held())
	wait := 5 * time.Second
	for _, next := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
		w.clock.wake(t, wait)
		wait = w.clock.sleeping(t)
		assert.Equal(t, next, wait)
	}
	w.quiet(t)
	w.answer("acquire", nil)
	w.clock.wake(t, wait)
	w.clock.sleeping(t)
	assert.True(t, w.change(t).Held)
	assert.True(t, seat.Held())
}

func TestASeatIsLostAtOnceWhenItsLeaseIsOverAndNoOtherCanBeHad(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	seat := w.hold(t, nil)
	w.clock.sleeping(t)
	w.answer("heartbeat", problem(410, "lease_ended"))
	w.answer("acquire", edge(502))
	w.clock.wake(t, heartbeat)
	w.clock.sleeping(t)
	assert.False(t, seat.Held())
	var refusal *client.Refusal
	require.ErrorAs(t, w.change(t).Reason, &refusal)
	assert.Equal(t, "lease_ended", refusal.Code, "the reason is the end of the lease, not the failure after it")
}

func TestWithoutNetworkTheSeatIsHeldUntilTheServersPromiseEndsAndNotLonger(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	seat := w.hold(t, nil)
	until := seat.Until()
	w.answer("heartbeat", broken)
	w.answer("acquire", broken)
	requests := 0
	for seat.Held() {
		w.quiet(t)
		w.clock.wake(t, w.clock.sleeping(t))
		requests++
		require.Less(t, requests, 20, "retries are few")
	}
	w.clock.sleeping(t)
	change := w.change(t)
	assert.Equal(t, until, change.At, "the loss is told to the second")
	assert.Error(t, change.Reason)
	w.answer("acquire", nil)
	w.clock.wake(t, time.Minute)
	w.clock.sleeping(t)
	assert.True(t, w.change(t).Held)
}

func TestWithoutNetworkEachWaitIsTwiceTheOneBeforeUpToAMinute(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.hold(t, nil)
	w.answer("heartbeat", broken)
	w.answer("acquire", broken)
	wait, seconds := w.clock.sleeping(t), []int(nil)
	for range 9 {
		w.clock.wake(t, wait)
		wait = w.clock.sleeping(t)
		seconds = append(seconds, int(wait.Seconds()))
	}
	// The seat ends 60 seconds after it was acquired. Of the 9 seconds that are left when the client would wait
	// for 32, it waits for half, and is told of the loss in the wait of a minute that follows.
	assert.Equal(t, []int{1, 2, 4, 8, 16, 4, 4, 55, 60}, seconds)
}

func TestASlowAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	const timeout = 7 * time.Second
	var left time.Duration
	seat := w.hold(t, func(c *client.Config) {
		c.Timeout, c.HTTP = timeout, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/heartbeat") {
				return http.DefaultTransport.RoundTrip(r)
			}
			// The test does not wait for as long as the client would.
			deadline, _ := r.Context().Deadline()
			left = time.Until(deadline)
			return nil, context.DeadlineExceeded
		})}
	})
	w.clock.sleeping(t)
	w.clock.wake(t, heartbeat)
	assert.Equal(t, time.Second, w.clock.sleeping(t))
	assert.ErrorIs(t, seat.Failure(), context.DeadlineExceeded)
	assert.True(t, seat.Held())
	assert.LessOrEqual(t, left, timeout)
}

// transport is a function as the way that requests go.
type transport func(*http.Request) (*http.Response, error)

func (do transport) RoundTrip(r *http.Request) (*http.Response, error) { return do(r) }

func TestRequestsAreSpread(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.random = 0.5
	w.hold(t, nil)
	assert.Equal(t, 18*time.Second, w.clock.sleeping(t), "a heartbeat comes up to a fifth early")
	w.answer("heartbeat", problem(503, "dependency_unavailable", "Retry-After", "10"))
	w.clock.wake(t, 18*time.Second)
	assert.Equal(t, 11*time.Second, w.clock.sleeping(t), "and a retry up to a fifth later than the server asks for")
}

func TestAThrottledSeatIsAskedForOnceMoreBeforeItsEnd(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	seat := w.hold(t, nil)
	w.clock.sleeping(t)
	w.answer("heartbeat", edge(429))
	w.called()
	w.clock.wake(t, heartbeat)
	assert.Equal(t, 20*time.Second, w.clock.sleeping(t), "half of what is left of the seat")
	w.clock.wake(t, 20*time.Second)
	assert.Equal(t, 20*time.Second, w.clock.sleeping(t), "and then until its end")
	assert.Equal(t, []string{"heartbeat", "heartbeat"}, w.called())
	w.clock.wake(t, 20*time.Second)
	w.clock.sleeping(t)
	assert.False(t, seat.Held())
	assert.Empty(t, w.called(), "a throttled client asks once more, and not again and again")
}
