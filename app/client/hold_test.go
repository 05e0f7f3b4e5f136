package client_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
	"github.com/coditect-ai/license-platform/app/client"
	"github.com/coditect-ai/license-platform/app/verify"
)

func TestWhatTheServerRefusesAtTheStartIsReturnedAtOnce(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"no free seat": problem(409, "no_seats_available"), "suspended": problem(403, "license_suspended"),
		"no such licence": problem(404, "license_not_found"), "not signed in": problem(401, "missing_auth"),
		"the edge's 403": edge(403), "the edge's 429, which is longer than anyone waits for a start": edge(429),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.answer("acquire", answer)
			config := w.config()
			config.StartTimeout = 500 * time.Millisecond
			_, err := client.Hold(t.Context(), config)
			var refusal *client.Refusal
			require.ErrorAs(t, err, &refusal)
			assert.ErrorContains(t, err, `no seat of licence "demo"`)
			assert.Equal(t, []string{"acquire"}, w.called())
		})
	}
}

func TestAServerThatIsNotThereYetIsWaitedForAtTheStart(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.answer("acquire", edge(502))
	ended := make(chan error, 1)
	go func() {
		seat, err := client.Hold(t.Context(), w.config())
		if err == nil {
			err = seat.Close(t.Context())
		}
		ended <- err
	}()
	for _, wait := range []time.Duration{1, 2, 4} {
		assert.Equal(t, wait*time.Second, w.clock.sleeping(t))
		if wait == 4 {
			w.answer("acquire", nil)
		}
		w.clock.wake(t, wait*time.Second)
	}
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-w.clock.asked:
		// The seat's own goroutine sleeps before it is closed.
		require.NoError(t, await.Receive(t, ended))
	case <-time.After(await.Limit):
		require.FailNow(t, "Hold does not return")
	}
}

func TestHoldGivesUpAfterItsStartTimeout(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.answer("acquire", broken)
	config := w.config()
	config.StartTimeout = 3 * time.Second
	ended := make(chan error, 1)
	go func() { _, err := client.Hold(t.Context(), config); ended <- err }()
	w.clock.wake(t, w.clock.sleeping(t))
	w.clock.wake(t, w.clock.sleeping(t))
	assert.ErrorContains(t, await.Receive(t, ended), "does not answer")
}

func TestAWrongConfigurationIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for want, change := range map[string]func(*client.Config){
		"needs a License":      func(c *client.Config) { c.License = "" },
		"needs a Product":      func(c *client.Config) { c.Product = "" },
		"needs an Identity":    func(c *client.Config) { c.Identity = nil },
		"needs a Fingerprint":  func(c *client.Config) { c.Fingerprint = "my laptop" },
		"1 to 256 visible":     func(c *client.Config) { c.Fingerprint = strings.Repeat("x", 257) },
		"begin with https://":  func(c *client.Config) { c.Server = "http://licenses.example.com" },
		"has to be like":       func(c *client.Config) { c.Server = "https://licenses.example.com/v1" },
		"has to be like https": func(c *client.Config) { c.Server = "licenses.example.com" },
		"com?\", but has":      func(c *client.Config) { c.Server = "https://licenses.example.com?" },
		"com#v1\", but has":    func(c *client.Config) { c.Server = "https://licenses.example.com#v1" },
		"another machine":      func(c *client.Config) { c.Connect = "192.0.2.1:80" },
		"cannot be negative":   func(c *client.Config) { c.Timeout = -1 },
	} {
		config := w.config()
		change(&config)
		_, err := client.Hold(t.Context(), config)
		assert.ErrorContains(t, err, want)
	}
	assert.Empty(t, w.called())
	for _, address := range []string{w.url + "//", strings.Replace(w.url, "http", "HTTP", 1)} {
		config := w.config()
		config.Server, config.Connect = address, strings.TrimPrefix(w.url, "http://")
		_, err := client.Look(t.Context(), config)
		assert.NoError(t, err, address)
	}
}

func TestATokenThatIsNotTheServersOrIsForSomethingElseIsNoSeat(t *testing.T) {
	t.Parallel()
	claims := func(w *fixture) map[string]any {
		now := w.clock.Now()
		return map[string]any{
			"sub": "demo", "aud": "coditect-ide", "lease": "demo_1", "fingerprint": "device-1",
			"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(leaseTime).Unix(),
		}
	}
	for name, test := range map[string]struct {
		change func(map[string]any)
		forge  bool
		want   error
	}{
		"forged":             {func(map[string]any) {}, true, verify.ErrSignature},
		"another device":     {func(c map[string]any) { c["fingerprint"] = "device-2" }, false, verify.ErrOther},
		"another product":    {func(c map[string]any) { c["aud"] = "other" }, false, verify.ErrOther},
		"another licence":    {func(c map[string]any) { c["sub"] = "other" }, false, verify.ErrOther},
		"another lease":      {func(c map[string]any) { c["lease"] = "demo_2" }, false, verify.ErrOther},
		"one that has ended": {func(c map[string]any) { c["exp"] = c["iat"].(int64) - 3600 }, false, verify.ErrExpired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.answer("acquire", func(rw http.ResponseWriter, _ *http.Request) {
				c := claims(w)
				test.change(c)
				token := sign("key.1", c)
				if test.forge {
					token = forged(token)
				}
				writeJSON(rw, map[string]any{"leaseId": "demo_1", "token": token, "heartbeatSeconds": 20})
			})
			config := w.config()
			config.StartTimeout = time.Nanosecond
			_, err := client.Hold(t.Context(), config)
			assert.ErrorIs(t, err, test.want)
		})
	}
}

func TestKeysAreFetchedAnewWhenTheSigningKeyHasChanged(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	seat := w.hold(t, nil)
	w.clock.sleeping(t)
	w.set(func(w *fixture) { w.kid = "key.2" })
	w.answer("heartbeat", problem(410, "lease_expired"))
	w.called()
	w.clock.wake(t, heartbeat)
	w.clock.sleeping(t)
	assert.Equal(t, []string{"heartbeat", "acquire", "jwks.json"}, w.called())
	assert.True(t, seat.Held())
}

func TestKeysThatTheProgramWasBuiltWithAreNotFetched(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.keys = w.published()
	w.hold(t, nil)
	assert.Equal(t, []string{"acquire"}, w.called())
}

func TestCloseMayBeCalledByTheOneWhoIsToldOfTheLoss(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	closed := make(chan error, 1)
	var seat *client.Seat
	seat = w.hold(t, func(c *client.Config) {
		c.Changed = func(client.Change) { closed <- seat.Close(context.Background()) }
	})
	w.clock.sleeping(t)
	w.answer("heartbeat", problem(403, "license_revoked"))
	w.clock.wake(t, heartbeat)
	select {
	case err := <-closed:
		assert.NoError(t, err)
	case <-w.clock.asked:
		assert.NoError(t, await.Receive(t, closed))
	case <-time.After(await.Limit):
		require.FailNow(t, "Close does not return")
	}
}

func TestAReleaseThatFailsIsTriedAgainAFewTimesAndThenReported(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	seat, err := client.Hold(t.Context(), w.config())
	require.NoError(t, err)
	w.clock.sleeping(t)
	w.answer("release", edge(502))
	w.called()
	ended := make(chan error, 1)
	go func() { ended <- seat.Close(t.Context()) }()
	for _, wait := range []time.Duration{1, 2} {
		assert.Equal(t, wait*time.Second, w.clock.sleeping(t))
		w.clock.wake(t, wait*time.Second)
	}
	select {
	case err := <-ended:
		assert.ErrorContains(t, err, "ends by itself")
	case wait := <-w.clock.asked:
		require.FailNow(t, "nothing is tried after another wait", wait)
	}
	assert.Equal(t, []string{"release", "release", "release"}, w.called())
}

func TestTheEndOfTheContextEndsTheHeartbeats(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	seat, err := client.Hold(ctx, w.config())
	require.NoError(t, err)
	w.clock.sleeping(t)
	cancel()
	require.NoError(t, seat.Close(t.Context()))
	assert.Equal(t, []string{"acquire", "jwks.json", "release"}, w.called())
}

func TestABorrowedSeatNeedsNoHeartbeatAndStaysWithTheDevice(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.keys = w.published()
	seat, err := client.Hold(t.Context(), w.config())
	require.NoError(t, err)
	rest := w.clock.sleeping(t)
	borrowed, err := seat.Borrow(t.Context(), time.Hour)
	require.NoError(t, err)
	license, err := verify.File(w.keys, borrowed.File, verify.Expected{Product: "coditect-ide", Fingerprint: "device-1", Now: w.clock.Now()})
	require.NoError(t, err)
	assert.Equal(t, borrowed.License, license)
	w.called()
	w.clock.wake(t, rest)
	assert.Equal(t, time.Hour-2*heartbeat, w.clock.sleeping(t), "the next heartbeat is the last one before the end")
	assert.True(t, seat.Held())
	require.NoError(t, seat.Close(t.Context()))
	assert.Empty(t, w.called(), "a borrowed seat is not released")
	_, err = seat.Borrow(t.Context(), time.Hour)
	assert.ErrorContains(t, err, "closed")
	require.NoError(t, client.Return(t.Context(), w.config(), license.Lease))
	assert.Equal(t, []string{"release"}, w.called())
}

func TestCloseDoesNotWaitForABorrowWhoseAnswerDoesNotCome(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	seat, err := client.Hold(t.Context(), w.config())
	require.NoError(t, err)
	w.clock.sleeping(t)
	begun, answer := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(answer) })
	w.answer("borrow", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(begun)
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	})
	borrowed := make(chan error, 1)
	go func() { _, err := seat.Borrow(context.Background(), time.Hour); borrowed <- err }()
	await.Receive(t, begun)
	w.called()
	require.NoError(t, seat.Close(t.Context()))
	assert.ErrorIs(t, await.Receive(t, borrowed), context.Canceled)
	assert.Equal(t, []string{"release"}, w.called(), "a borrow that came through is given back with the seat")
}

func TestASeatIsBorrowedReturnedAndLookedAtWithoutHoldingIt(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	borrowed, err := client.Borrow(t.Context(), w.config(), time.Hour)
	require.NoError(t, err)
	assert.True(t, borrowed.License.Borrowed)
	_, err = client.Borrow(t.Context(), w.config(), time.Second)
	assert.ErrorContains(t, err, "a minute or longer")
	w.answer("release", problem(410, "lease_ended"))
	require.NoError(t, client.Return(t.Context(), w.config(), borrowed.License.Lease), "it is over already")
	w.answer("release", problem(404, "lease_not_found"))
	require.ErrorContains(t, client.Return(t.Context(), w.config(), "demo_mistyped"), `"demo_mistyped" is not released: lease_not_found`)
	status, err := client.Look(t.Context(), w.config())
	require.NoError(t, err)
	assert.Equal(t, client.Status{ID: "demo", Seats: 5, SeatsInUse: 2, Status: "active"}, status)
	license, token, err := client.Acquire(t.Context(), w.config())
	require.NoError(t, err)
	assert.Equal(t, "demo", license.ID)
	assert.NotEmpty(t, token)
	w.answer("borrow", problem(403, "borrow_not_allowed"))
	_, err = client.Borrow(t.Context(), w.config(), time.Hour)
	assert.ErrorContains(t, err, "borrow_not_allowed (403): words; request r-1")
}
